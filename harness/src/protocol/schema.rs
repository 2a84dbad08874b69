//! The JSON Schema of the protocol's lines, generated from their types.

use super::message::{FromHost, ToHost};

/// A line of the conversation.
#[derive(schemars::JsonSchema)]
#[schemars(rename = "Line")]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum Line {
    /// From the harness, on the host's stdin.
    ToHost(ToHost),
    /// From the host, on its stdout.
    FromHost(FromHost),
}

/// The schema, as it stands in `harness/protocol/schema.json`.
#[must_use]
pub fn text() -> String {
    let schema = schemars::schema_for!(Line);
    // A schema is made of strings, lists and maps, which always serialise.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}
