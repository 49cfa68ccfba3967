//! The [violations](Violation) of a schema by a value, as messages that speak of JSON and not of Rust.
//!
//! It checks the keywords that Rust's types and forms produce (JSON Schema, validation §6). A value
//! without a violation here need not fit.

use std::fmt;

use serde_json::{Map, Value};

use super::{MAX_DEPTH, choices, constants_of, is_of, keywords, names_required, properties, types};

/// A violation of a schema, and its place in the value: what [`violation`] returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path to it, such as `.city` or `[2]`; empty for the value itself.
    pub path: String,
    /// The violation, such as `must be a whole number`.
    pub message: String,
}

impl Violation {
    fn at_root(message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
        }
    }

    /// Puts a step before the path, as the violation is handed up to the schema around it.
    fn prefix(mut self, step: impl fmt::Display) -> Self {
        self.path.insert_str(0, &step.to_string());
        self
    }
}

/// Returns the first [violation](Violation) of a schema by a value.
///
/// ```
/// use mcp_lambda::schema::violation;
/// use serde_json::json;
///
/// let schema = json!({"properties": {"nights": {"type": "integer", "minimum": 1}}});
/// let found = violation(&json!({"nights": 0}), schema.as_object().unwrap()).unwrap();
/// assert_eq!((found.path.as_str(), found.message.as_str()), (".nights", "must be 1 or more"));
/// ```
#[must_use]
pub fn violation(value: &Value, schema: &Map<String, Value>) -> Option<Violation> {
    Validator { root: schema }.check_value(value, schema, 0)
}

/// The state of one [`violation`]: the root to which references of the schema lead.
struct Validator<'s> {
    root: &'s Map<String, Value>,
}

impl Validator<'_> {
    fn check_schema(&self, value: &Value, schema: &Value, depth: usize) -> Option<Violation> {
        self.check_value(value, keywords(schema, self.root)?, depth)
    }

    fn check_value(
        &self,
        value: &Value,
        keywords: &Map<String, Value>,
        depth: usize,
    ) -> Option<Violation> {
        if depth > MAX_DEPTH {
            return None;
        }
        // The order is that of a person's interest: of a wrong type nothing else need be said, and a
        // value's own violation is of more use than one inside of it.
        let here = type_violation(value, keywords)
            .or_else(|| constant_violation(value, keywords))
            .or_else(|| match value {
                Value::String(text) => text_violation(text, keywords),
                Value::Number(number) => number_violation(number.as_f64()?, keywords),
                Value::Array(items) => count_violation(items.len(), keywords),
                _ => None,
            });
        here.map(Violation::at_root)
            .or_else(|| self.check_choice(value, keywords, depth))
            .or_else(|| match value {
                Value::Object(fields) => self.check_fields(fields, keywords, depth),
                Value::Array(items) => self.check_items(items, keywords, depth),
                _ => None,
            })
    }

    /// Returns the violation of a choice, if the value fits none of its schemas: the constants that
    /// it may be, or the violation of the only schema that is not `null`.
    fn check_choice(
        &self,
        value: &Value,
        keywords: &Map<String, Value>,
        depth: usize,
    ) -> Option<Violation> {
        let choices = choices(keywords)?;
        // One choice without a violation is enough: `collect` ends with `None` at the first.
        let violations: Option<Vec<_>> = choices
            .iter()
            .map(|choice| self.check_schema(value, choice, depth + 1))
            .collect();
        let violations = violations?;
        let constants: Vec<_> = choices
            .iter()
            .filter_map(Value::as_object)
            .flat_map(constants_of)
            .collect();
        if !constants.is_empty() {
            return Some(Violation::at_root(one_of(&constants)));
        }
        // `Option` makes a choice between a schema and `null`: whoever sent a value meant the schema.
        // Between several, the violation of any one would mislead.
        let is_meant = |(choice, _): &(&Value, Violation)| choice["type"] != "null";
        let mut meant = choices.iter().zip(violations).filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some((_, violation)), None) => Some(violation),
            _ => Some(Violation::at_root("is none of what it may be")),
        }
    }

    fn check_fields(
        &self,
        fields: &Map<String, Value>,
        keywords: &Map<String, Value>,
        depth: usize,
    ) -> Option<Violation> {
        let missing = names_required(keywords).find(|name| !fields.contains_key(*name));
        if let Some(name) = missing {
            return Some(Violation::at_root("is missing").prefix(format_args!(".{name}")));
        }
        properties(keywords).find_map(|(name, property)| {
            let violation = self.check_schema(fields.get(name)?, property, depth + 1)?;
            Some(violation.prefix(format_args!(".{name}")))
        })
    }

    fn check_items(
        &self,
        items: &[Value],
        keywords: &Map<String, Value>,
        depth: usize,
    ) -> Option<Violation> {
        let schema = keywords.get("items")?;
        items.iter().enumerate().find_map(|(place, item)| {
            Some(
                self.check_schema(item, schema, depth + 1)?
                    .prefix(format_args!("[{place}]")),
            )
        })
    }
}

fn type_violation(value: &Value, keywords: &Map<String, Value>) -> Option<String> {
    let types = types(keywords);
    if types.is_empty() || types.iter().any(|name| is_of(value, name)) {
        return None;
    }
    let names: Vec<_> = types.into_iter().map(type_name).collect();
    Some(format!("must be {}", names.join(" or ")))
}

/// Returns the name of a type for people.
fn type_name(name: &str) -> &'static str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        _ => "null",
    }
}

fn constant_violation(value: &Value, keywords: &Map<String, Value>) -> Option<String> {
    let named: Vec<_> = constants_of(keywords).collect();
    (!named.is_empty() && !named.contains(&value)).then(|| one_of(&named))
}

fn one_of(values: &[&Value]) -> String {
    let each = |value: &&Value| {
        format!(
            "`{}`",
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        )
    };
    match values.iter().map(each).collect::<Vec<_>>().as_slice() {
        [one] => format!("must be {one}"),
        several => format!("must be one of {}", several.join(", ")),
    }
}

fn text_violation(text: &str, keywords: &Map<String, Value>) -> Option<String> {
    if let Some(format) = keywords
        .get("format")
        .and_then(Value::as_str)
        .filter(|format| !has_format(format, text))
    {
        return Some(format!("is no {format}"));
    }
    // JSON Schema counts characters and not bytes (validation §6.3), as people do.
    let length = text.chars().count() as u64;
    let bound = |word: &str| keywords.get(word).and_then(Value::as_u64);
    let too_short = bound("minLength").filter(|least| length < *least);
    let too_long = bound("maxLength").filter(|most| length > *most);
    too_short
        .map(|least| format!("must have {least} characters or more"))
        .or_else(|| too_long.map(|most| format!("must have {most} characters or fewer")))
}

fn number_violation(number: f64, keywords: &Map<String, Value>) -> Option<String> {
    let bound = |word: &str| keywords.get(word).filter(|bound| bound.is_number());
    let too_small =
        bound("minimum").filter(|least| least.as_f64().is_some_and(|least| number < least));
    let too_large = bound("maximum").filter(|most| most.as_f64().is_some_and(|most| number > most));
    too_small
        .map(|least| format!("must be {least} or more"))
        .or_else(|| too_large.map(|most| format!("must be {most} or less")))
}

fn count_violation(count: usize, keywords: &Map<String, Value>) -> Option<String> {
    let bound = |word: &str| keywords.get(word).and_then(Value::as_u64);
    let is_outside = bound("minItems").is_some_and(|least| (count as u64) < least)
        || bound("maxItems").is_some_and(|most| count as u64 > most);
    is_outside.then(|| "has too few or too many entries".to_owned())
}

/// Returns `true` if a text has the format that it must have; one that MCP's forms don't have is not checked.
fn has_format(format: &str, text: &str) -> bool {
    // These four are all that a form may have (MCP 2026-07-28, elicitation, `StringSchema`). Each is
    // checked for plain mistakes only: the app's own type decides in the end.
    match format {
        "email" => text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !text.contains(char::is_whitespace)
        }),
        "uri" => {
            text.split_once(':')
                .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
                && !text.contains(char::is_whitespace)
        }
        "date" => crate::clock::is_date(text),
        "date-time" => crate::clock::is_date_time(text),
        _ => true,
    }
}

/// Rewrites serde's complaint about a value that does not fit: without the value, and without words of Rust.
#[must_use]
pub(crate) fn to_json_terms(complaint: &str) -> String {
    if let Some(field) = complaint.strip_prefix("missing field ") {
        return format!("needs {field}");
    }
    // Serde writes `invalid type: string "s3cret", expected u8`: the value may be a secret. Only
    // what was expected goes on, after the last such comma. The complaint about an unknown field
    // lists the known ones there; it quotes names alone, and stays whole.
    let expected = complaint
        .rsplit_once(", expected ")
        .filter(|_| !complaint.starts_with("unknown field"));
    let Some((_, expected)) = expected else {
        return format!("does not fit: {complaint}");
    };
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    match expected {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
        | "isize" => {
            // A number of the right kind may be out of the type's range; a `null` is no number.
            let size = if complaint.starts_with("invalid type: null") {
                ""
            } else {
                ", and not too large or too small"
            };
            format!("must be a whole number{size}")
        }
        "f32" | "f64" => "must be a number".to_owned(),
        "a string" | "a borrowed string" => "must be text".to_owned(),
        "a character" => "must be one character".to_owned(),
        "a boolean" => "must be true or false".to_owned(),
        "a sequence" => "must be a list".to_owned(),
        "a map" => "must be an object".to_owned(),
        _ if expected.starts_with("struct ") => "must be an object".to_owned(),
        _ => format!("must be {expected}"),
    }
}
