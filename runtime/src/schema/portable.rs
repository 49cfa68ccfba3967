//! The check of a schema against common clients, for schemas written by hand; [`normalize`](super::normalize())
//! makes derived ones pass it.

use serde_json::{Map, Value};

use super::{follow, properties, types};

/// The formats that JSON Schema has (draft 2020-12, validation §7.3); [`definite_problems`] reports
/// any other.
pub(super) const FORMATS: [&str; 19] = [
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

/// Returns problems for every client: unknown [`FORMATS`], and references that lead nowhere.
#[must_use]
pub(crate) fn definite_problems(schema: &Map<String, Value>) -> Vec<String> {
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
        // Only paths within the schema are followed: a bare `#` is the root, and an `$anchor` or
        // another document may well be there.
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

/// Returns problems for some common client, in the schema of a tool's arguments or of its answer;
/// [`normalize`](super::normalize()) leaves none.
///
/// ```
/// use mcp_lambda::schema::portability_problems;
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"size": {"const": "small"}}});
/// let problems = portability_problems(schema.as_object().unwrap(), true);
/// assert_eq!(problems, ["/size has `const`; use `enum`"]);
/// ```
#[must_use]
pub fn portability_problems(schema: &Map<String, Value>, are_arguments: bool) -> Vec<String> {
    let mut problems = definite_problems(schema);
    // These are refused at the root of a tool's arguments alone. Below it they are fine, and so they
    // are in the schemas of answers, which models' APIs are not given.
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

/// Returns problems of a schema's own keywords, to follow the path that [`walk`] gives.
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
    // A reference that leads nowhere is reported as such, and is not to be written out: so it counts
    // as recursive.
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
    // The keys of these keywords are names, which belong to the path; the values of others are
    // schemas, lists of them, or data that only looks like schemas.
    see(keywords, if path.is_empty() { "its root" } else { path });
    for (word, value) in keywords {
        match (word.as_str(), value) {
            (
                "properties" | "patternProperties" | "dependentSchemas" | "$defs",
                Value::Object(schemas),
            ) => {
                for (name, schema) in schemas {
                    walk_value(schema, &format!("{path}/{name}"), see);
                }
            }
            ("default" | "const" | "enum" | "examples", _) => {}
            (_, Value::Array(schemas)) => schemas
                .iter()
                .for_each(|schema| walk_value(schema, path, see)),
            (_, schema) => walk_value(schema, path, see),
        }
    }
}

/// Visits a schema that may be a boolean, which has nothing to [`walk`] through.
fn walk_value(schema: &Value, path: &str, see: &mut impl FnMut(&Map<String, Value>, &str)) {
    if let Some(keywords) = schema.as_object() {
        walk(keywords, path, see);
    }
}
