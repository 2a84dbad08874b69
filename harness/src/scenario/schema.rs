//! The JSON Schema of scenario files, for editors.
//!
//! The human form reads many shapes in one place (text, a map, a matrix value), which is said here in words of JSON
//! Schema; the test beside it holds the schema against every scenario file and against the fields of the types.

use serde_json::{Value, json};

use crate::contract::ClauseId;

/// The schema, as it stands in `scenarios/schema.json`.
#[must_use]
pub fn text() -> String {
    // A value made of strings, lists and maps always serialises.
    let text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    format!("{text}\n")
}

fn schema() -> Value {
    let clause = json!({ "enum": ClauseId::all().map(ClauseId::as_str).collect::<Vec<_>>() });
    let times = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
    let executor =
        json!({ "anyOf": [{ "enum": ["thread", "tokio-current-thread", "tokio-multi-thread"] }, reference("axis")] });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A storecheck scenario",
        "description": "scenarios/README.md explains every field.",
        "type": "object",
        "additionalProperties": false,
        "required": ["scenario", "title", "clauses", "steps"],
        "properties": {
            "scenario": { "type": "string", "pattern": "^[a-z0-9_/-]+$" },
            "title": { "type": "string" },
            "clauses": { "type": "array", "minItems": 1, "items": clause },
            "why": { "type": "string" },
            "needs": { "type": "array", "items": { "enum": ["batch_log", "durable", "fresh"] } },
            "profile": { "enum": ["quick", "standard", "soak"] },
            "executor": executor,
            "matrix": { "type": "object", "additionalProperties": { "type": "array", "minItems": 1 } },
            "steps": { "type": "array", "minItems": 1, "items": step(&clause, &times) }
        },
        "$defs": definitions()
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn step(clause: &Value, times: &Value) -> Value {
    let nothing = json!({ "type": "object", "additionalProperties": false });
    let limit = reference("number");
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "put_batch": reference("pairs"),
            "delete_batch": reference("keys"),
            "get": reference("octets"),
            "get_many": reference("keys"),
            "range_scan": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "start": reference("octets"),
                    "end": reference("octets"),
                    "limit": limit,
                    "direction": { "anyOf": [{ "enum": ["forward", "reverse"] }, reference("axis")] }
                }
            },
            "current_sequence": nothing,
            "get_batch": reference("number"),
            "oldest_retained_batch": nothing,
            "prune_batch_log": reference("number"),
            "reopen": nothing,
            "open_again": nothing,
            "audit": nothing,
            "expect": reference("expect"),
            "as": { "type": "string" },
            "clause": { "anyOf": [clause, { "type": "array", "items": clause }] },
            "times": times,
            "why": { "type": "string" }
        }
    })
}

fn definitions() -> Value {
    let generate = |what: &str, more: Value| {
        let mut properties =
            json!({ what: { "type": "integer" }, "prefix": reference("octets"), "from": { "type": "integer" } });
        if let (Some(properties), Some(more)) = (properties.as_object_mut(), more.as_object()) {
            properties.extend(more.clone());
        }
        json!({
            "type": "object", "additionalProperties": false, "required": ["generate"],
            "properties": { "generate": { "type": "object", "additionalProperties": false, "required": [what], "properties": properties } }
        })
    };
    let only = |field: &str, value: Value| json!({ "type": "object", "additionalProperties": false, "required": [field], "properties": { field: value } });
    let pair = |value: Value| json!({ "type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [reference("octets"), value] });
    let nullable = |name: &str| json!({ "anyOf": [reference(name), { "type": "null" }] });
    json!({
        "axis": { "type": "string", "pattern": "^\\$\\{.+\\}$" },
        "octets": { "anyOf": [
            { "type": "string" },
            only("text", json!({ "type": "string" })),
            only("hex", json!({ "type": "string" })),
            only("base64", json!({ "type": "string" })),
            only("repeat", json!({ "type": "string" })),
            only("concat", json!({ "type": "array", "items": reference("octets") })),
            only("random", json!({ "type": "object", "additionalProperties": false, "required": ["octets"],
                "properties": { "octets": { "type": "integer" }, "seed": { "type": "integer" } } }))
        ] },
        "number": { "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }] },
        "pairs": { "anyOf": [
            { "type": "array", "items": pair(reference("octets")) },
            generate("pairs", json!({ "octets": { "type": "integer" }, "seed": { "type": "integer" } })),
            reference("axis")
        ] },
        "keys": { "anyOf": [{ "type": "array", "items": reference("octets") }, generate("keys", json!({})), reference("axis")] },
        "expect": { "anyOf": [
            { "enum": ["model", "ok", "error", "done"] },
            only("sequence", reference("number")),
            only("value", nullable("octets")),
            only("values", json!({ "anyOf": [{ "type": "array", "items": pair(nullable("octets")) }, reference("axis")] })),
            only("rows", reference("pairs")),
            only("batch", nullable("pairs")),
            only("oldest", nullable("number")),
            only("removed", reference("number")),
            only("any_of", json!({ "type": "array", "items": reference("expect") })),
            reference("axis")
        ] }
    })
}
