//! The coercion of a value that a client sends to the types of its [schema](super).
//!
//! What fits a schema keeps its meaning: only the way it is written changes, `30.0` to `30`. What does not fit may after
//! this; text is never made where it was not, and what can't be read stays as it is, to be refused by whoever reads it.

use serde_json::{Map, Number, Value};

use super::{MAX_DEPTH, choices, constants_of, is_of, keywords, names_required, properties, types};

/// The most values that JSON texts within one value may hold together: each takes far more memory than its text.
const MAX_TEXT_VALUES: usize = 10_000;

/// From here on a number with a point or an exponent may be another than was written (RFC 8259 §6).
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Coerces a value to the types of its [schema](super).
///
/// Where it is due, a number without a fraction is an integer, a number or boolean may be its text, and an array or object
/// its JSON text; a field that need not be there and is `null`, where that is not allowed, is left out.
pub fn coerce(value: &mut Value, schema: &Map<String, Value>) {
    Reader {
        root: schema,
        left: MAX_TEXT_VALUES,
    }
    .value(value, schema, 0);
}

/// Returns the fields that the [schema](super) of an object does not know, if it says nothing about others.
pub fn unknown<'a>(
    fields: &'a Map<String, Value>,
    schema: &'a Map<String, Value>,
) -> impl Iterator<Item = &'a str> {
    let known = schema
        .get("properties")
        .and_then(Value::as_object)
        .filter(|_| !is_open(schema));
    let is_unknown = move |name: &&String| known.is_some_and(|known| !known.contains_key(*name));
    fields.keys().filter(is_unknown).map(String::as_str)
}

fn is_open(schema: &Map<String, Value>) -> bool {
    let others = |word: &str| schema.get(word).is_some_and(|others| *others != false);
    others("additionalProperties") || others("patternProperties")
}

/// Returns an unknown field, and the missing one that it was likely meant to be.
#[must_use]
pub fn near_miss<'a>(
    fields: &'a Map<String, Value>,
    schema: &'a Map<String, Value>,
) -> Option<(&'a str, &'a str)> {
    let missing = || {
        properties(schema)
            .map(|(name, _)| name.as_str())
            .filter(|name| !fields.contains_key(*name))
    };
    unknown(fields, schema)
        .find_map(|given| Some((given, missing().find(|name| is_near(given, name))?)))
}

/// Returns `true` for names that differ in case and separators, or by at most one letter in four.
fn is_near(given: &str, name: &str) -> bool {
    let plain = |text: &str| text.replace(['_', '-'], "").to_lowercase();
    let distance = if name.len() < 3 {
        0
    } else {
        (name.len() / 4).max(1)
    };
    plain(given) == plain(name)
        || (given.len().abs_diff(name.len()) <= distance
            && strsim::osa_distance(given, name) <= distance)
}

struct Reader<'s> {
    root: &'s Map<String, Value>,
    /// The number of values that JSON texts may still hold.
    left: usize,
}

impl Reader<'_> {
    fn schema(&mut self, value: &mut Value, schema: &Value, depth: usize) {
        if let Some(keywords) = keywords(schema, self.root) {
            self.value(value, keywords, depth);
        }
    }

    fn value(&mut self, value: &mut Value, keywords: &Map<String, Value>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Some(choices) = choices(keywords) {
            self.choice(value, choices, depth);
        }
        self.plain(value, &types(keywords));
        match value {
            Value::Object(fields) => self.fields(fields, keywords, depth),
            Value::Array(items) => self.items(items, keywords, depth),
            _ => {}
        }
        for schema in keywords
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.schema(value, schema, depth + 1);
        }
    }

    /// Coerces by the one schema that the value can be of; if there are several, it stays as it is.
    fn choice(&mut self, value: &mut Value, choices: &[Value], depth: usize) {
        let mut fitting = choices
            .iter()
            .filter(|choice| self.may_be(value, choice, depth));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => self.schema(value, one, depth + 1),
            (Some(_), Some(_)) => {}
            (None, _) => {
                let read = choices.iter().find_map(|choice| {
                    let read = self.read(value, &types(keywords(choice, self.root)?))?;
                    Some((read, choice))
                });
                if let Some((read, choice)) = read {
                    *value = read;
                    self.schema(value, choice, depth + 1);
                }
            }
        }
    }

    /// Returns `true` if a value can be of a schema, by its outermost keywords.
    fn may_be(&self, value: &Value, schema: &Value, depth: usize) -> bool {
        let Some(keywords) = keywords(schema, self.root).filter(|_| depth <= MAX_DEPTH) else {
            return *schema != false;
        };
        let types = types(keywords);
        let has_type = types.is_empty() || types.iter().any(|name| is_of(value, name));
        let is_named = constants_of(keywords).next().is_none()
            || constants_of(keywords).any(|one| one == value);
        let chosen = choices(keywords)
            .is_none_or(|choices| choices.iter().any(|one| self.may_be(value, one, depth + 1)));
        has_type && is_named && chosen && self.has_shape(value, keywords)
    }

    /// Returns `true` if an object has the required fields, with the constants that tell it from others.
    fn has_shape(&self, value: &Value, keywords: &Map<String, Value>) -> bool {
        let Some(fields) = value.as_object() else {
            return true;
        };
        let is_told = |name: &str, field: &Value| {
            let property = keywords
                .get("properties")
                .and_then(|properties| properties.get(name));
            let property = property.and_then(|property| super::keywords(property, self.root));
            property.is_none_or(|property| {
                constants_of(property).next().is_none()
                    || constants_of(property).any(|one| one == field)
            })
        };
        names_required(keywords)
            .all(|name| fields.get(name).is_some_and(|field| is_told(name, field)))
    }

    /// Coerces a value that is of none of the types, or is written as of another.
    fn plain(&mut self, value: &mut Value, types: &[&str]) {
        if types.contains(&"integer")
            && !types.contains(&"number")
            && let Value::Number(number) = value
            && let Some(whole) = whole(number)
        {
            *number = whole;
        } else if !types.iter().any(|name| is_of(value, name))
            && let Some(read) = self.read(value, types)
        {
            *value = read;
        }
    }

    /// Parses a text that is a value of one of these types.
    fn read(&mut self, value: &Value, types: &[&str]) -> Option<Value> {
        let text = value.as_str()?;
        let first = text.bytes().next()?;
        let last = text.bytes().next_back()?;
        let wanted = match (first, last) {
            (b'-' | b'0'..=b'9', b'0'..=b'9') if types.contains(&"number") => "number",
            (b'-' | b'0'..=b'9', b'0'..=b'9') => "integer",
            (b't' | b'f', b'e') => "boolean",
            _ if text.trim_start().starts_with('[') => "array",
            _ => "object",
        };
        if !types.contains(&wanted) {
            return None;
        }
        // A text of `[[[[…` is small and its value is not: each bracket or comma may become a value of many times its size. The
        // texts of one call share a budget, so that a request's memory is bounded by its values and not by its bytes.
        let count = 1 + text.bytes().filter(|byte| b",[{".contains(byte)).count();
        self.left = self.left.checked_sub(count)?;
        let mut read: Value = serde_json::from_str(text).ok()?;
        if wanted == "integer"
            && let Value::Number(number) = &mut read
            && let Some(whole) = whole(number)
        {
            *number = whole;
        }
        is_of(&read, wanted).then_some(read)
    }

    fn fields(
        &mut self,
        fields: &mut Map<String, Value>,
        keywords: &Map<String, Value>,
        depth: usize,
    ) {
        for (name, property) in properties(keywords) {
            let Some(field) = fields.get_mut(name) else {
                continue;
            };
            // Clients send `null` for what they leave out. Where the field may be `null` it keeps that; where it is required, the
            // error about it must name it, so it stays.
            if field.is_null()
                && !names_required(keywords).any(|needed| needed == name)
                && !self.may_be(field, property, depth)
            {
                fields.remove(name);
            } else {
                self.schema(field, property, depth + 1);
            }
        }
        let Some(others) = keywords
            .get("additionalProperties")
            .filter(|others| others.is_object())
        else {
            return;
        };
        let known = keywords.get("properties").and_then(Value::as_object);
        for (_, field) in fields
            .iter_mut()
            .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)))
        {
            self.schema(field, others, depth + 1);
        }
    }

    fn items(&mut self, items: &mut [Value], keywords: &Map<String, Value>, depth: usize) {
        let first: &[Value] = keywords
            .get("prefixItems")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice);
        for (place, item) in items.iter_mut().enumerate() {
            if let Some(schema) = first.get(place).or_else(|| keywords.get("items")) {
                self.schema(item, schema, depth + 1);
            }
        }
    }
}

/// Returns a number with a point or an exponent and no fraction as the integer that it is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it has no fraction, and fits"
)]
fn whole(number: &Number) -> Option<Number> {
    let float = number
        .as_f64()
        .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < MAX_EXACT)?;
    Some(Number::from(float as i64))
}
