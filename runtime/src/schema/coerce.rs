//! A value as clients send it, read as its schema means it.
//!
//! What fits a schema keeps its meaning: only the way it is written changes, `30.0` to `30`. What does not fit may after
//! this; text is never made where it was not, and what can't be read stays as it is, to be refused by whoever reads it.

use serde_json::{Map, Number, Value};

use super::{MAX_DEPTH, choices, is_of, named, properties, required, types, words};

/// How many values JSON texts within one value may hold together: each takes far more room than the text of it.
const MAX_TEXT_VALUES: usize = 10_000;

/// From here on a number with a point or an exponent may be another than was written (RFC 8259 §6).
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a value as its schema means it.
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

/// Fields that the schema of an object does not know, where it does not say what others may be.
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

/// A field that the schema does not know, and one that is not there which it was likely meant to be.
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

/// The same in other letters, or one letter in four away.
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
    /// How many more values JSON texts may hold.
    left: usize,
}

impl Reader<'_> {
    fn schema(&mut self, value: &mut Value, schema: &Value, depth: usize) {
        if let Some(words) = words(schema, self.root) {
            self.value(value, words, depth);
        }
    }

    fn value(&mut self, value: &mut Value, words: &Map<String, Value>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Some(choices) = choices(words) {
            self.choice(value, choices, depth);
        }
        self.plain(value, &types(words));
        match value {
            Value::Object(fields) => self.fields(fields, words, depth),
            Value::Array(items) => self.items(items, words, depth),
            _ => {}
        }
        for schema in words
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.schema(value, schema, depth + 1);
        }
    }

    /// Reads along the one schema that the value can be of; of several, it is left as it is.
    fn choice(&mut self, value: &mut Value, choices: &[Value], depth: usize) {
        let mut fitting = choices
            .iter()
            .filter(|choice| self.may_be(value, choice, depth));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => self.schema(value, one, depth + 1),
            (Some(_), Some(_)) => {}
            (None, _) => {
                let read = choices.iter().find_map(|choice| {
                    let read = self.read(value, &types(words(choice, self.root)?))?;
                    Some((read, choice))
                });
                if let Some((read, choice)) = read {
                    *value = read;
                    self.schema(value, choice, depth + 1);
                }
            }
        }
    }

    /// Whether a value can be of a schema, as far as its outermost shows.
    fn may_be(&self, value: &Value, schema: &Value, depth: usize) -> bool {
        let Some(words) = words(schema, self.root).filter(|_| depth <= MAX_DEPTH) else {
            return *schema != false;
        };
        let types = types(words);
        let has_type = types.is_empty() || types.iter().any(|name| is_of(value, name));
        let is_named = named(words).next().is_none() || named(words).any(|one| one == value);
        let chosen = choices(words)
            .is_none_or(|choices| choices.iter().any(|one| self.may_be(value, one, depth + 1)));
        has_type && is_named && chosen && self.has_shape(value, words)
    }

    /// Whether an object has the fields that it must have, with the values that tell it from others.
    fn has_shape(&self, value: &Value, words: &Map<String, Value>) -> bool {
        let Some(fields) = value.as_object() else {
            return true;
        };
        let is_told = |name: &str, field: &Value| {
            let property = words
                .get("properties")
                .and_then(|properties| properties.get(name));
            let property = property.and_then(|property| super::words(property, self.root));
            property.is_none_or(|property| {
                named(property).next().is_none() || named(property).any(|one| one == field)
            })
        };
        required(words).all(|name| fields.get(name).is_some_and(|field| is_told(name, field)))
    }

    /// Reads a value that is of none of the types, or is written as of another.
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

    /// The value that a text is, if it is one of these types.
    fn read(&mut self, value: &Value, types: &[&str]) -> Option<Value> {
        let text = value.as_str()?;
        let (first, last) = (text.bytes().next()?, text.bytes().next_back()?);
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
        words: &Map<String, Value>,
        depth: usize,
    ) {
        for (name, property) in properties(words) {
            let Some(field) = fields.get_mut(name) else {
                continue;
            };
            if field.is_null()
                && !required(words).any(|needed| needed == name)
                && !self.may_be(field, property, depth)
            {
                fields.remove(name);
            } else {
                self.schema(field, property, depth + 1);
            }
        }
        let Some(others) = words
            .get("additionalProperties")
            .filter(|others| others.is_object())
        else {
            return;
        };
        let known = words.get("properties").and_then(Value::as_object);
        for (_, field) in fields
            .iter_mut()
            .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)))
        {
            self.schema(field, others, depth + 1);
        }
    }

    fn items(&mut self, items: &mut [Value], words: &Map<String, Value>, depth: usize) {
        let first: &[Value] = words
            .get("prefixItems")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice);
        for (place, item) in items.iter_mut().enumerate() {
            if let Some(schema) = first.get(place).or_else(|| words.get("items")) {
                self.schema(item, schema, depth + 1);
            }
        }
    }
}

/// A number that has a point or an exponent and no fraction, as the integer that it is.
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
