//! JSON Schema (draft 2020-12) for common clients, and the values that clients send.
//!
//! A schema is rewritten so that common clients accept it, and a value is adapted to its schema or its first
//! [`Violation`] found. Nothing here knows a schema's use beyond its [`Purpose`], and nothing fails.

mod coerce;
mod constraints;
mod enumerate;
mod normalize;
mod portable;
mod violation;

use serde_json::{Map, Value};

pub(crate) use coerce::unknown_names;
#[doc(hidden)]
// For our tests, like what follows: authors meet schemas as types and `Constraints`.
pub use coerce::{coerce, near_miss};
pub use constraints::{Bound, Constraints};
#[doc(hidden)]
pub use normalize::{Purpose, normalize};
use portable::FORMATS;
pub(crate) use portable::definite_problems;
#[doc(hidden)]
pub use portable::portability_problems;
pub(crate) use violation::to_json_terms;
#[doc(hidden)]
pub use violation::{Violation, violation};

/// The most references and nested schemas that are followed: more is a schema without an end.
const MAX_DEPTH: usize = 128;

/// Returns the keywords of a schema, behind its references; `None` if it allows anything, or nothing.
fn keywords<'s>(schema: &'s Value, root: &'s Map<String, Value>) -> Option<&'s Map<String, Value>> {
    // Keywords beside a `$ref` apply too (JSON Schema, core §8.2.3.1) and are not looked at here:
    // `normalize` has merged them into the target, and of schemas written by hand this module
    // promises only that what it reports is a violation, never that it reports all.
    let mut keywords = schema.as_object()?;
    for _ in 0..MAX_DEPTH {
        let Some(reference) = keywords.get("$ref").and_then(Value::as_str) else {
            return Some(keywords);
        };
        keywords = follow(reference, root)?;
    }
    None
}

/// Returns the target of a reference within the schema (JSON Schema, core §8.2.3).
fn follow<'s>(reference: &str, root: &'s Map<String, Value>) -> Option<&'s Map<String, Value>> {
    // Escapes of JSON Pointer (`~0`, `~1`, RFC 6901 §3) are not undone: schemars names definitions
    // without them. A reference that needs one leads nowhere, and `definite_problems` reports it.
    let mut keywords = root;
    for step in reference.strip_prefix('#')?.split('/').skip(1) {
        keywords = keywords.get(step)?.as_object()?;
    }
    Some(keywords)
}

/// Returns the types that a schema names.
fn types(keywords: &Map<String, Value>) -> Vec<&str> {
    match keywords.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns `true` if a value is of a type (JSON Schema, validation §6.1.1): every number without a
/// fraction is an integer.
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

/// Returns the schemas of a choice, if there is one.
fn choices(keywords: &Map<String, Value>) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"]
        .into_iter()
        .find_map(|word| keywords.get(word)?.as_array())
}

/// Returns the values that a schema names, if it names them all.
fn constants_of(keywords: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    keywords
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .chain(keywords.get("const"))
}

/// Returns the required fields.
fn names_required(keywords: &Map<String, Value>) -> impl Iterator<Item = &str> {
    keywords
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Returns the fields that a schema describes.
fn properties(keywords: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    keywords
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}
