//! The JSON Schema of reports, generated from the document's types.

/// The schema, as it stands in `harness/report.schema.json`.
#[must_use]
pub fn text() -> String {
    let schema = schemars::schema_for!(super::Report);
    // A schema is made of strings, lists and maps, which always serialise.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}
