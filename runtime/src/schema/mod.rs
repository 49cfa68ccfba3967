//! JSON Schema (draft 2020-12) as clients take it, and values as clients send them.
//!
//! [`normalize`] writes a schema so that common clients take it, [`coerce`] reads a value as they mean it, [`fault`] says
//! what is wrong with one. Nothing here knows what a schema is for beyond its [`Purpose`], and nothing fails.

mod coerce;
mod constraints;
mod fault;
mod normalize;
mod portable;

use serde_json::{Map, Value};

pub use coerce::{coerce, near_miss, unknown};
pub use constraints::{Bound, Constraints};
pub use fault::{Fault, fault, in_json_words};
pub use normalize::{Purpose, normalize};
pub use portable::{FORMATS, certain_faults, portability_faults};

/// How many schemas may lie between a schema and what it means: more is a schema without an end.
const MAX_DEPTH: usize = 128;

/// The words of a schema, behind its references; `None` if it allows anything, or nothing.
fn words<'s>(schema: &'s Value, root: &'s Map<String, Value>) -> Option<&'s Map<String, Value>> {
    let mut words = schema.as_object()?;
    for _ in 0..MAX_DEPTH {
        let Some(reference) = words.get("$ref").and_then(Value::as_str) else {
            return Some(words);
        };
        words = referred(reference, root)?;
    }
    None
}

/// What a reference within the schema leads to.
fn referred<'s>(reference: &str, root: &'s Map<String, Value>) -> Option<&'s Map<String, Value>> {
    let mut words = root;
    for step in reference.strip_prefix('#')?.split('/').skip(1) {
        words = words.get(step)?.as_object()?;
    }
    Some(words)
}

/// The types that a schema names.
fn types(words: &Map<String, Value>) -> Vec<&str> {
    match words.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is of a type, as JSON Schema has it: every number without a fraction is an integer.
fn is_of(value: &Value, name: &str) -> bool {
    match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => name == "number" || (name == "integer" && is_whole(number)),
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// The schemas of a choice, if there is one.
fn choices(words: &Map<String, Value>) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"]
        .into_iter()
        .find_map(|word| words.get(word)?.as_array())
}

/// The values that a schema names, if it names them all.
fn named(words: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    words
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .chain(words.get("const"))
}

/// The fields that must be there.
fn required(words: &Map<String, Value>) -> impl Iterator<Item = &str> {
    words
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The fields that a schema describes.
fn properties(words: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    words
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}
