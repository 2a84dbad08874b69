//! The JSON Schema of a history's lines, generated from their types.

use super::{Head, Recorded};

/// A line of a history.
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum Line {
    /// The first.
    Head(Head),
    /// Every other.
    Recorded(Recorded),
}

/// The schema, as it stands in `harness/history.schema.json`.
#[must_use]
pub fn text() -> String {
    let schema = schemars::schema_for!(Line);
    // A schema is made of strings, lists and maps, which always serialise.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}
