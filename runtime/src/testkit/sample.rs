//! A generator of values that fit a JSON Schema, for tools and profiles without values of their
//! author's.
//!
//! The same [schema](crate::schema) gives the same value. `not` and assertions within a pattern are
//! not followed: an author gives such values by [`Suite::arguments`](super::Suite::arguments).

use serde_json::{Map, Value, json};

use super::pattern::find_match;
use crate::profile::follow_reference;

/// The depth to which optional fields are filled, in a schema that contains itself.
const OPTIONAL_DEPTH: usize = 4;

/// The depth to which required fields are filled; a schema that requires itself has no sample.
const DEPTH: usize = 32;

/// The fields of an object that [`sample`] fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The required fields.
    Needed,
    /// Every field.
    All,
}

/// Returns a value that fits a [schema](crate::schema).
///
/// ```
/// use mcp_lambda::testkit::{Fill, sample};
/// use serde_json::json;
///
/// let schema = json!({
///     "properties": {"nights": {"type": "integer", "minimum": 2}, "note": {"type": "string"}},
///     "required": ["nights"],
/// });
/// assert_eq!(sample(&schema, Fill::Needed), json!({"nights": 2}));
/// assert_eq!(sample(&schema, Fill::All), json!({"nights": 2, "note": "text"}));
/// ```
#[must_use]
pub fn sample(schema: &Value, fill: Fill) -> Value {
    Sampler { root: schema, fill }.sample_value(schema, 0)
}

/// A value in the making, with the root to which references of the schema lead.
struct Sampler<'s> {
    root: &'s Value,
    fill: Fill,
}

impl Sampler<'_> {
    fn sample_value(&self, schema: &Value, depth: usize) -> Value {
        if depth > DEPTH {
            return Value::Null;
        }
        let schema = follow_reference(schema, self.root);
        // A value that the schema names is better than any that is made up: it is valid, and an author's
        // example may mean something to the tool.
        let given = [
            &schema["const"],
            &schema["enum"][0],
            &schema["examples"][0],
            &schema["default"],
        ];
        if let Some(given) = given.into_iter().find(|value| !value.is_null()) {
            return given.clone();
        }
        if let Some(one) = find_alternative(schema) {
            return self.sample_value(one, depth + 1);
        }
        match type_of(schema) {
            "string" => sample_text(schema).into(),
            "integer" => to_integer(sample_number(schema).ceil()),
            "number" => json!(sample_number(schema)),
            "boolean" => Value::Bool(true),
            "array" => self.sample_list(schema, depth),
            "object" => self.sample_object(schema, depth),
            _ => Value::Null,
        }
    }

    const fn is_generous(&self, depth: usize) -> bool {
        matches!(self.fill, Fill::All) && depth < OPTIONAL_DEPTH
    }

    fn sample_list(&self, schema: &Value, depth: usize) -> Value {
        let least =
            usize::try_from(schema["minItems"].as_u64().unwrap_or_default()).unwrap_or_default();
        let many = if self.is_generous(depth) {
            least.max(1)
        } else {
            least
        };
        (0..many)
            .map(|_| self.sample_value(&schema["items"], depth + 1))
            .collect()
    }

    fn sample_object(&self, schema: &Value, depth: usize) -> Value {
        // Optional fields end at their depth, so that a comment with replies, themselves comments, has
        // a finite sample. Required ones must go on.
        let needed: Vec<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let is_wanted = |name: &str| needed.contains(&name) || self.is_generous(depth);
        let fields = schema["properties"].as_object().into_iter().flatten();
        let fields = fields.filter(|(name, _)| is_wanted(name));
        Value::Object(
            fields
                .map(|(name, field)| (name.clone(), self.sample_value(field, depth + 1)))
                .collect::<Map<_, _>>(),
        )
    }
}

/// Returns the first schema of a choice that is not `null`; of `allOf`, the first.
fn find_alternative(schema: &Value) -> Option<&Value> {
    let choices = ["anyOf", "oneOf", "allOf"]
        .into_iter()
        .find_map(|word| schema[word].as_array())?;
    choices.iter().find(|choice| choice["type"] != "null")
}

fn type_of(schema: &Value) -> &str {
    let named = match &schema["type"] {
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        kind => kind.as_str(),
    };
    named.unwrap_or(if schema["properties"].is_object() {
        "object"
    } else {
        "string"
    })
}

fn sample_text(schema: &Value) -> String {
    let text = match schema["format"].as_str() {
        Some("email") => "someone@example.com",
        Some("uri" | "url") => "https://example.com/",
        Some("date-time") => "2026-07-28T12:00:00Z",
        Some("date") => "2026-07-28",
        Some("uuid") => "0190d7b8-0000-7000-8000-000000000000",
        _ => "text",
    };
    let bound = |word: &str| {
        schema[word]
            .as_u64()
            .and_then(|bound| usize::try_from(bound).ok())
    };
    let least = bound("minLength").unwrap_or_default();
    if let Some(text) = schema["pattern"]
        .as_str()
        .and_then(|pattern| find_match(pattern, least))
    {
        return text;
    }
    // A bound on the length goes over the format: a text that is cut or filled up is then refused by
    // name, and its author gives one.
    let text = text
        .chars()
        .chain(std::iter::repeat_n('x', least.saturating_sub(text.len())));
    text.take(bound("maxLength").unwrap_or(usize::MAX))
        .collect()
}

fn sample_number(schema: &Value) -> f64 {
    let bound = |word: &str| schema[word].as_f64();
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 1.0));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 1.0));
    let step = bound("multipleOf").unwrap_or(1.0);
    // The least multiple that is in range, for the steps that tools have: 1, 5, 100. A least value that
    // is no multiple is taken as it is, and refused by name.
    step.max(least.unwrap_or(step))
        .min(most.unwrap_or(f64::INFINITY))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the bounds of a schema's integer; the cast saturates"
)]
fn to_integer(number: f64) -> Value {
    Value::from(number as i64)
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Tree {
        name: String,
        count: u8,
        ratio: f64,
        kind: Primitive,
        other: Option<i64>,
        leaves: Vec<Self>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Primitive {
        Oak,
        /// Not in fashion.
        Elm,
    }

    #[test]
    fn samples_are_read_by_the_type_whose_schema_they_fit() {
        let schema = schemars::schema_for!(Tree).to_value();
        let check = jsonschema::validator_for(&schema).expect("a schema");
        for fill in [Fill::Needed, Fill::All] {
            let value = sample(&schema, fill);
            assert!(check.is_valid(&value), "{value}");
            serde_json::from_value::<Tree>(value).expect("readable");
        }
    }

    #[test]
    fn patterns_are_followed() {
        let schema = json!({"type": "string", "pattern": "^[0-9]{7}$"});
        assert_eq!(sample(&schema, Fill::Needed), "0000000");
    }

    #[test]
    fn bounds_are_kept() {
        let schema = json!({"type": "object", "required": ["word", "number", "list"], "properties": {
            "word": {"type": "string", "minLength": 6, "maxLength": 7}, "number": {"type": "integer", "minimum": 10},
            "list": {"type": "array", "minItems": 2, "items": {"enum": ["a"]}}, "more": {"type": ["null", "boolean"]},
        }});
        assert_eq!(
            sample(&schema, Fill::Needed),
            json!({"word": "textxx", "number": 10, "list": ["a", "a"]})
        );
        assert_eq!(sample(&schema, Fill::All)["more"], true);
    }
}
