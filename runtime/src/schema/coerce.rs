//! The coercion of a value that a client sends to the types of its [schema](super).
//!
//! A value that fits keeps its meaning: only the way it is written changes, `30.0` to `30`. One that
//! does not fit may fit afterwards. Nothing becomes text that was none, and a value that can't be
//! coerced stays unchanged, for `Deserialize` to refuse.

use serde_json::{Map, Number, Value};

use super::{MAX_DEPTH, choices, constants_of, is_of, keywords, names_required, properties, types};

/// The most values that JSON texts within one value may hold together ([`coerce`]): each takes far more memory than its
/// text.
const MAX_TEXT_VALUES: usize = 10_000;

/// The bound below which a double holds every integer exactly, 2^53 (RFC 8259 §6).
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Coerces a value to the types of its [schema](super).
///
/// A number without a fraction becomes an integer; a text becomes the number, boolean, array or
/// object that it spells, where the schema wants one; an optional field that is `null`, where that
/// is not allowed, is removed. Models write all of these.
///
/// ```
/// use mcp_lambda::schema::coerce;
/// use serde_json::json;
///
/// let schema = json!({"properties": {"nights": {"type": "integer"}, "tags": {"type": "array"}}});
/// let mut value = json!({"nights": "3", "tags": "[\"sea\"]"});
/// coerce(&mut value, schema.as_object().unwrap());
/// assert_eq!(value, json!({"nights": 3, "tags": ["sea"]}));
/// ```
pub fn coerce(value: &mut Value, schema: &Map<String, Value>) {
    Coercion {
        root: schema,
        left: MAX_TEXT_VALUES,
    }
    .coerce_value(value, schema, 0);
}

/// Returns the fields that the [schema](super) of an object does not know, if it says nothing about others.
pub(crate) fn unknown_names<'a>(
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

/// Returns a field that the schema does not know, and the missing one that it was likely meant to be.
///
/// ```
/// use mcp_lambda::schema::near_miss;
/// use serde_json::json;
///
/// let schema = json!({"properties": {"city": {}, "max_price": {}}});
/// let fields = json!({"city": "Oslo", "maxPrice": 100});
/// let pair = near_miss(fields.as_object().unwrap(), schema.as_object().unwrap());
/// assert_eq!(pair, Some(("maxPrice", "max_price")));
/// ```
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
    unknown_names(fields, schema)
        .find_map(|given| Some((given, missing().find(|name| is_near(given, name))?)))
}

/// Returns `true` for names that differ in case and separators, or by at most one letter in four.
fn is_near(given: &str, name: &str) -> bool {
    // Models write `maxPrice` for `max_price`, and mistype long names more than short ones. Names of
    // one or two letters differ by too little to guess between them.
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

/// The state of one [`coerce`]: the root to which references of the schema lead, and what is left of its bounds.
struct Coercion<'s> {
    root: &'s Map<String, Value>,
    /// The number of values that JSON texts may still hold.
    left: usize,
}

impl Coercion<'_> {
    fn coerce_schema(&mut self, value: &mut Value, schema: &Value, depth: usize) {
        if let Some(keywords) = keywords(schema, self.root) {
            self.coerce_value(value, keywords, depth);
        }
    }

    fn coerce_value(&mut self, value: &mut Value, keywords: &Map<String, Value>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        // A choice goes first: it may settle what the value is, and the types beside it, if there are
        // any, then find it settled.
        if let Some(choices) = choices(keywords) {
            self.coerce_choice(value, choices, depth);
        }
        self.coerce_type(value, &types(keywords));
        match value {
            Value::Object(fields) => self.coerce_fields(fields, keywords, depth),
            Value::Array(items) => self.coerce_items(items, keywords, depth),
            _ => {}
        }
        for schema in keywords
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.coerce_schema(value, schema, depth + 1);
        }
    }

    /// Coerces by the one schema that the value can be of; if there are several, it stays as it is.
    fn coerce_choice(&mut self, value: &mut Value, choices: &[Value], depth: usize) {
        let mut fitting = choices
            .iter()
            .filter(|choice| self.may_be(value, choice, depth));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => self.coerce_schema(value, one, depth + 1),
            // Two that fit can't be told apart by their outermost keywords, and coercing by the wrong
            // one would change a value that was fine. It stays, for `Deserialize` to choose.
            (Some(_), Some(_)) => {}
            // Nothing fits as it is written, so the value may be a text that spells one of them: the
            // first whose type the text parses to is taken, in the order of the schema.
            (None, _) => {
                let read = choices.iter().find_map(|choice| {
                    let read = self.read(value, &types(keywords(choice, self.root)?))?;
                    Some((read, choice))
                });
                if let Some((read, choice)) = read {
                    *value = read;
                    self.coerce_schema(value, choice, depth + 1);
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
        // Serde's tagged enums are a choice between objects whose tag is a `const`: an object is of
        // the variant that its tag names, whatever else is wrong with it.
        let has_constant = |name: &str, field: &Value| {
            let property = keywords
                .get("properties")
                .and_then(|properties| properties.get(name));
            let property = property.and_then(|property| super::keywords(property, self.root));
            property.is_none_or(|property| {
                constants_of(property).next().is_none()
                    || constants_of(property).any(|one| one == field)
            })
        };
        names_required(keywords).all(|name| {
            fields
                .get(name)
                .is_some_and(|field| has_constant(name, field))
        })
    }

    /// Coerces a value that is of none of the types, or is written as of another.
    fn coerce_type(&mut self, value: &mut Value, types: &[&str]) {
        // serde reads no `30.0` as an integer, though JSON Schema calls it one, and clients whose
        // numbers are doubles write it so.
        if types.contains(&"integer")
            && !types.contains(&"number")
            && let Value::Number(number) = value
            && let Some(whole) = to_integer(number)
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
        // The outermost bytes tell the only type that a text can spell, so a text that spells none of
        // the wanted types is never parsed, whatever its size.
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
        // A text of `[[[[…` is small and its value is not: each bracket or comma may become a value of
        // many times its size. The texts of one call share a budget, so that a request's memory is
        // bounded by its values and not by its bytes.
        let count = 1 + text.bytes().filter(|byte| b",[{".contains(byte)).count();
        self.left = self.left.checked_sub(count)?;
        let mut read: Value = serde_json::from_str(text).ok()?;
        if wanted == "integer"
            && let Value::Number(number) = &mut read
            && let Some(whole) = to_integer(number)
        {
            *number = whole;
        }
        is_of(&read, wanted).then_some(read)
    }

    fn coerce_fields(
        &mut self,
        fields: &mut Map<String, Value>,
        keywords: &Map<String, Value>,
        depth: usize,
    ) {
        for (name, property) in properties(keywords) {
            let Some(field) = fields.get_mut(name) else {
                continue;
            };
            // Clients send `null` for what they leave out. Where the field may be `null` it keeps
            // that; where it is required, the error about it must name it, so it stays.
            if field.is_null()
                && !names_required(keywords).any(|needed| needed == name)
                && !self.may_be(field, property, depth)
            {
                fields.remove(name);
            } else {
                self.coerce_schema(field, property, depth + 1);
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
            self.coerce_schema(field, others, depth + 1);
        }
    }

    fn coerce_items(&mut self, items: &mut [Value], keywords: &Map<String, Value>, depth: usize) {
        let first: &[Value] = keywords
            .get("prefixItems")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice);
        for (place, item) in items.iter_mut().enumerate() {
            if let Some(schema) = first.get(place).or_else(|| keywords.get("items")) {
                self.coerce_schema(item, schema, depth + 1);
            }
        }
    }
}

/// Returns a number with a point or an exponent and no fraction as the integer that it is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it has no fraction, and fits"
)]
fn to_integer(number: &Number) -> Option<Number> {
    let float = number
        .as_f64()
        .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < MAX_EXACT)?;
    Some(Number::from(float as i64))
}
