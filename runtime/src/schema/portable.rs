//! The check of a schema against common clients: what [`normalize`](super::normalize()) sees to, for schemas written by hand.

use serde_json::{Map, Value};

use super::{follow, properties, types};

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

/// Returns problems for every client: formats that JSON Schema does not have, and references that lead nowhere.
#[must_use]
pub fn definite_problems(schema: &Map<String, Value>) -> Vec<String> {
    let mut problems = Vec::new();
    walk(schema, "", &mut |keywords, path| {
        if let Some(format) = keywords
            .get("format")
            .and_then(Value::as_str)
            .filter(|format| !FORMATS.contains(format))
        {
            problems.push(format!(
                "{path} has the format `{format}`, which JSON Schema does not have"
            ));
        }
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str)
            && reference.starts_with('#')
            && reference.split_once('/').is_some()
            && follow(reference, schema).is_none()
        {
            problems.push(format!(
                "{path} refers to `{reference}`, which is not there"
            ));
        }
    });
    problems
}

/// Returns problems for some common client, in the [schema](super::normalize()) of a tool's arguments or of its answer.
#[must_use]
pub fn portability_problems(schema: &Map<String, Value>, are_arguments: bool) -> Vec<String> {
    let mut problems = definite_problems(schema);
    for word in ["allOf", "anyOf", "oneOf", "not", "if"] {
        if are_arguments && schema.contains_key(word) {
            problems.push(format!(
                "its root has `{word}`, which some models' APIs refuse"
            ));
        }
    }
    walk(schema, "", &mut |keywords, path| {
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str)
            && !is_recursive(keywords, schema)
        {
            problems.push(format!("{path} refers to `{reference}`; write it out"));
        }
        let found = keyword_problems(keywords, are_arguments).into_iter();
        problems.extend(found.map(|problem| format!("{path} {problem}")));
        let properties = properties(keywords).filter(|(_, property)| property.is_boolean());
        problems.extend(
            properties
                .map(|(name, _)| format!("{path}/{name} is a boolean as a schema; write `{{}}`")),
        );
    });
    problems
}

/// Returns problems of a schema's own keywords, to follow its path.
fn keyword_problems(keywords: &Map<String, Value>, are_arguments: bool) -> Vec<&'static str> {
    let is_boolean = |keyword: &str| keywords.get(keyword).is_some_and(Value::is_boolean);
    let has_null_default = keywords.get("default").is_some_and(Value::is_null);
    let problems = [
        (
            types(keywords).len() > 1,
            "has several types; use `anyOf`, or one type for what may be left out",
        ),
        (keywords.contains_key("const"), "has `const`; use `enum`"),
        (
            are_arguments && is_boolean("additionalProperties"),
            "has `additionalProperties` as a boolean; leave it out",
        ),
        (has_null_default, "has `null` as its default; leave it out"),
    ];
    let problems = problems.into_iter().filter(|(is_there, _)| *is_there);
    problems.map(|(_, problem)| problem).collect()
}

/// Returns `true` if a reference leads to a schema that contains it.
fn is_recursive(keywords: &Map<String, Value>, root: &Map<String, Value>) -> bool {
    let Some(reference) = keywords.get("$ref").and_then(Value::as_str) else {
        return false;
    };
    let Some(target) = follow(reference, root) else {
        return true;
    };
    let mut is_within = false;
    walk(target, "", &mut |keywords, _| {
        is_within |= keywords.get("$ref").and_then(Value::as_str) == Some(reference)
    });
    is_within
}

/// Visits every schema in a schema, with the path that leads to it.
fn walk(
    keywords: &Map<String, Value>,
    path: &str,
    see: &mut impl FnMut(&Map<String, Value>, &str),
) {
    see(keywords, if path.is_empty() { "its root" } else { path });
    for (word, value) in keywords {
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
    if let Some(keywords) = schema.as_object() {
        walk(keywords, path, see);
    }
}
