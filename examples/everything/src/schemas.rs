//! Tools made by hand ([`Tool::raw`]): JSON schemas that no Rust type gives, passed on unchanged.

use mcp_lambda::call::Call;
use mcp_lambda::prelude::*;
use serde_json::{Value, json};

/// Makes the tools. Their arguments are not checked for them.
#[must_use]
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::raw("json_schema_2020_12_tool", contact(), repeat)
            .description("Repeats what it was called with; its schema uses what JSON Schema 2020-12 has."),
        Tool::raw("test_custom_header", routed(), repeat).description(
            "Repeats what it was called with; a client tells `value` in the header `Mcp-Param-Value` too.",
        ),
    ]
}

async fn repeat(call: Call) -> Result<Outcome> {
    Ok(Outcome::text(json!(call.arguments()).to_string()))
}

fn contact() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

/// Returns the schema of an argument that clients also send in a header, so that a gateway may
/// route by it without reading the body.
fn routed() -> Value {
    json!({
        "type": "object",
        "properties": { "value": { "type": "string", "description": "Anything.", "x-mcp-header": "Value" } },
    })
}
