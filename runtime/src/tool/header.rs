//! Arguments that a client repeats in a header, for gateways to route and limit by (MCP 2026-07-28, `x-mcp-header`).
//!
//! Clients drop a tool whose annotations break the rules, so an app that has one does not start.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Tools;
use crate::provider::Definition;

/// The annotation of a property that a client repeats in a header.
pub(crate) const HEADER: &str = "x-mcp-header";

/// Returns every violation of the rules (MCP 2026-07-28, streamable HTTP, custom headers).
pub(super) fn problems(tool: &Definition<Tools>) -> Vec<String> {
    let (_, stray) = places_in(&tool.input_schema, true);
    let mut problems = Vec::new();
    if stray > 0 {
        problems.push("stands where only a property of the arguments may have it".to_owned());
    }
    property_problems(&tool.input_schema, &mut BTreeSet::new(), &mut problems);
    problems
        .into_iter()
        .map(|problem| format!("tool `{}`: `{HEADER}` {problem}", tool.name))
        .collect()
}

/// Counts the annotations on properties, and those elsewhere.
fn places(schema: &Value, is_on_chain: bool) -> (usize, usize) {
    match schema {
        Value::Object(keywords) => places_in(keywords, is_on_chain),
        Value::Array(items) => sum(items.iter().map(|item| places(item, false))),
        _ => (0, 0),
    }
}

fn places_in(keywords: &Map<String, Value>, is_on_chain: bool) -> (usize, usize) {
    sum(keywords
        .iter()
        .map(|(word, value)| match (word.as_str(), value) {
            // A property may have that name; an annotation is no schema.
            (HEADER, Value::Object(_)) => places(value, false),
            (HEADER, _) if is_on_chain => (1, 0),
            (HEADER, _) => (0, 1),
            ("properties", Value::Object(properties)) => sum(properties
                .values()
                .map(|property| places(property, is_on_chain))),
            ("default" | "const" | "enum" | "examples", _) => (0, 0),
            _ => places(value, false),
        }))
}

fn sum(counts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    counts.fold((0, 0), |(left, right), (more, others)| {
        (left + more, right + others)
    })
}

fn property_problems(
    schema: &Map<String, Value>,
    seen: &mut BTreeSet<String>,
    problems: &mut Vec<String>,
) {
    for (name, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(header) = property.get(HEADER) {
            problems.extend(
                problem_of(property, header, seen).map(|problem| format!("of `{name}` {problem}")),
            );
        }
        if let Some(property) = property.as_object() {
            property_problems(property, seen, problems);
        }
    }
}

fn problem_of(
    property: &Value,
    header: &Value,
    seen: &mut BTreeSet<String>,
) -> Option<&'static str> {
    let Some(header) = header
        .as_str()
        .filter(|text| !text.is_empty() && text.bytes().all(is_token))
    else {
        return Some("must be the end of a header's name: letters, digits and `-`");
    };
    if !matches!(
        property["type"].as_str(),
        Some("string" | "integer" | "boolean")
    ) {
        return Some("stands on what is no text, whole number or boolean");
    }
    (!seen.insert(header.to_ascii_lowercase())).then_some("is there twice")
}

/// RFC 9110 §5.6.2, `tchar`.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::{Outcome, Tool};

    fn problems_of(properties: &Value) -> Vec<String> {
        let schema = json!({ "type": "object", "properties": properties });
        let tool =
            Tool::raw("route", schema, |_| async { Ok(Outcome::default()) }).description("Routes.");
        tool.definition().problems()
    }

    #[test]
    fn valid_annotations_pass() {
        let nested = json!({"to": {"type": "object", "properties": {"zone": {"type": "integer", "x-mcp-header": "Zone"}}}});
        for annotations in [
            json!({"region": {"type": "string", "x-mcp-header": "Region"}}),
            nested,
            json!({"x-mcp-header": {"type": "string"}}),
        ] {
            assert_eq!(
                problems_of(&annotations),
                Vec::<String>::new(),
                "{annotations}"
            );
        }
    }

    #[test]
    fn every_broken_rule_is_told() {
        for (properties, word) in [
            (
                json!({"a": {"type": "string", "x-mcp-header": ""}}),
                "must be the end",
            ),
            (
                json!({"a": {"type": "string", "x-mcp-header": "a b"}}),
                "must be the end",
            ),
            (
                json!({"a": {"type": "string", "x-mcp-header": 7}}),
                "must be the end",
            ),
            (
                json!({"a": {"type": "number", "x-mcp-header": "A"}}),
                "stands on what is no text",
            ),
            (
                json!({"a": {"type": "string", "x-mcp-header": "A"}, "b": {"type": "string", "x-mcp-header": "a"}}),
                "is there twice",
            ),
            (
                json!({"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}}),
                "stands where only",
            ),
        ] {
            let problems = problems_of(&properties);
            assert!(
                problems.iter().any(|problem| problem.contains(word)),
                "{properties}: {problems:?}"
            );
        }
    }

    #[test]
    fn a_tool_with_scopes_may_have_headers() {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "A"}}});
        let tool = Tool::raw("route", schema, |_| async { Ok(Outcome::default()) })
            .description("Routes.")
            .scopes(["x"]);
        assert_eq!(tool.definition().problems(), Vec::<String>::new());
    }
}
