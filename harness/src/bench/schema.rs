//! The JSON Schema of benchmark documents, generated from the document's types.

/// The schema, as it stands in `harness/bench.schema.json`.
#[must_use]
pub fn text() -> String {
    let schema = schemars::schema_for!(super::BenchReport);
    // A schema is made of strings, lists and maps, which always serialise.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}
