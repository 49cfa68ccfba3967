//! Whether common clients take a schema: what [`normalize`](super::normalize()) sees to, told of schemas written by hand.

use serde_json::{Map, Value};

use super::{properties, referred, types};

/// The formats that JSON Schema has (draft 2020-12, validation §7.3).
pub const FORMATS: [&str; 19] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// What no client can make sense of: formats that JSON Schema does not have, and references that lead nowhere.
#[must_use]
pub fn certain_faults(schema: &Map<String, Value>) -> Vec<String> {
    let mut faults = Vec::new();
    walk(schema, "", &mut |words, path| {
        if let Some(format) = words
            .get("format")
            .and_then(Value::as_str)
            .filter(|format| !FORMATS.contains(format))
        {
            faults.push(format!(
                "{path} has the format `{format}`, which JSON Schema does not have"
            ));
        }
        if let Some(reference) = words.get("$ref").and_then(Value::as_str)
            && reference.starts_with('#')
            && reference.split_once('/').is_some()
            && referred(reference, schema).is_none()
        {
            faults.push(format!(
                "{path} refers to `{reference}`, which is not there"
            ));
        }
    });
    faults
}

/// What some common client stumbles over, in the schema of a tool's arguments or of its answer.
#[must_use]
pub fn portability_faults(schema: &Map<String, Value>, are_arguments: bool) -> Vec<String> {
    let mut faults = certain_faults(schema);
    for word in ["allOf", "anyOf", "oneOf", "not", "if"] {
        if are_arguments && schema.contains_key(word) {
            faults.push(format!(
                "its root has `{word}`, which some models' APIs refuse"
            ));
        }
    }
    walk(schema, "", &mut |words, path| {
        if let Some(reference) = words
            .get("$ref")
            .and_then(Value::as_str)
            .filter(|_| !is_recursive(words, schema))
        {
            faults.push(format!("{path} refers to `{reference}`; write it out"));
        }
        if types(words).len() > 1 {
            faults.push(format!(
                "{path} has several types; use `anyOf`, or one type for what may be left out"
            ));
        }
        if words.contains_key("const") {
            faults.push(format!("{path} has `const`; use `enum`"));
        }
        if are_arguments
            && words
                .get("additionalProperties")
                .is_some_and(Value::is_boolean)
        {
            faults.push(format!(
                "{path} has `additionalProperties` as a boolean; leave it out"
            ));
        }
        if words.get("default").is_some_and(Value::is_null) {
            faults.push(format!("{path} has `null` as its default; leave it out"));
        }
        faults.extend(
            properties(words)
                .filter(|(_, property)| property.is_boolean())
                .map(|(name, _)| format!("{path}/{name} is a boolean as a schema; write `{{}}`")),
        );
    });
    faults
}

/// Whether a reference leads to what holds it.
fn is_recursive(words: &Map<String, Value>, root: &Map<String, Value>) -> bool {
    let Some(reference) = words.get("$ref").and_then(Value::as_str) else {
        return false;
    };
    let Some(target) = referred(reference, root) else {
        return true;
    };
    let mut is_within = false;
    walk(target, "", &mut |words, _| {
        is_within |= words.get("$ref").and_then(Value::as_str) == Some(reference)
    });
    is_within
}

/// Every schema in a schema, with the fields that lead to it.
fn walk(words: &Map<String, Value>, path: &str, see: &mut impl FnMut(&Map<String, Value>, &str)) {
    see(words, if path.is_empty() { "its root" } else { path });
    for (word, value) in words {
        match (word.as_str(), value) {
            (
                "properties" | "patternProperties" | "dependentSchemas" | "$defs",
                Value::Object(schemas),
            ) => {
                for (name, schema) in schemas {
                    into(schema, &format!("{path}/{name}"), see);
                }
            }
            ("default" | "const" | "enum" | "examples", _) => {}
            (_, Value::Array(schemas)) => schemas.iter().for_each(|schema| into(schema, path, see)),
            (_, schema) => into(schema, path, see),
        }
    }
}

fn into(schema: &Value, path: &str, see: &mut impl FnMut(&Map<String, Value>, &str)) {
    if let Some(words) = schema.as_object() {
        walk(words, path, see);
    }
}
