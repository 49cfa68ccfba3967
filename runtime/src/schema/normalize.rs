//! The normal form of a schema, which common clients accept: no reference where none is needed,
//! choices as `enum`, one type each, no format that JSON Schema does not have.
//!
//! The normal form allows the same values, except that optional arguments are not `null` and
//! unknown ones are not forbidden: [`coerce`](super::coerce()) takes those as left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::enumerate::name_choices;
use super::{FORMATS, choices, names_required, types};

/// The most schemas that [`normalize`] puts in place of references before it leaves the rest as references.
const MAX_INLINED: usize = 4_096;

/// The keywords that restrict nothing (JSON Schema, validation §9, and MCP's `x-mcp-header`).
const ANNOTATIONS: [&str; 9] = [
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "x-mcp-header",
];

/// The use of a [schema](normalize()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The arguments of a [`Tool`](crate::Tool): optional ones are never `null`, and unknown ones are not forbidden.
    Arguments,
    /// A tool's answer: `null` stays where it may be answered.
    Answer,
    /// A form (MCP 2026-07-28, elicitation): as arguments, with titles for choices.
    Form,
}

/// Rewrites a schema so that common clients accept it;
/// [`portability_problems`](super::portability_problems) finds none in it.
///
/// ```
/// use mcp_lambda::schema::{Purpose, normalize};
/// use serde_json::json;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {"size": {"$ref": "#/$defs/Size"}, "count": {"type": ["integer", "null"]}},
///     "$defs": {"Size": {"enum": ["small", "large"]}},
/// });
/// let normal = normalize(schema, Purpose::Arguments);
/// assert_eq!(normal["properties"]["size"], json!({"enum": ["small", "large"]}));
/// assert_eq!(normal["properties"]["count"], json!({"type": "integer"}));
/// ```
#[must_use]
pub fn normalize(schema: Value, purpose: Purpose) -> Value {
    let Value::Object(mut root) = schema else {
        return schema;
    };
    let definitions = match root.remove("$defs") {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    root.remove("$schema");
    let mut work = Normalizer {
        definitions,
        purpose,
        open: Vec::new(),
        remaining: BTreeSet::new(),
        left: MAX_INLINED,
    };
    let mut normal = work.normalize_schema(Value::Object(root), false);
    let remaining = work.take_definitions();
    if let Some(keywords) = normal.as_object_mut().filter(|_| !remaining.is_empty()) {
        keywords.insert("$defs".to_owned(), Value::Object(remaining));
    }
    normal
}

/// The state of one [`normalize`]: the definitions that references lead to, and what is left of its bounds.
struct Normalizer {
    definitions: Map<String, Value>,
    purpose: Purpose,
    /// The references that are being replaced: one of them within itself has no end, and stays.
    open: Vec<String>,
    /// The targets of the references that stay.
    remaining: BTreeSet<String>,
    /// The number of references that may still be replaced.
    left: usize,
}

impl Normalizer {
    /// Normalizes the definitions that references still lead to.
    fn take_definitions(&mut self) -> Map<String, Value> {
        // Normalizing a definition may leave further references, so this goes on until every target
        // of one is there. Each is begun with itself open, so that it refers to itself and ends.
        let mut remaining = Map::new();
        while let Some(name) = self
            .remaining
            .iter()
            .find(|name| !remaining.contains_key(*name))
            .cloned()
        {
            let definition = self.definitions.get(&name).cloned().unwrap_or_default();
            self.open = vec![name.clone()];
            let normal = self.normalize_schema(definition, false);
            remaining.insert(name, normal);
        }
        remaining
    }

    fn normalize_schema(&mut self, schema: Value, is_optional: bool) -> Value {
        let keywords = match schema {
            Value::Object(keywords) => keywords,
            Value::Bool(false) => return json!({ "not": {} }),
            _ => return json!({}),
        };
        // References are open for the whole of what they were replaced by, and no longer: two fields
        // of one type are both written out.
        let depth = self.open.len();
        let mut keywords = self.expand(keywords, is_optional || self.purpose == Purpose::Form);
        self.normalize_children(&mut keywords);
        self.open.truncate(depth);
        self.tidy(keywords)
    }

    /// Merges the target of a reference, and a choice of one, into the keywords beside it.
    fn expand(
        &mut self,
        mut keywords: Map<String, Value>,
        is_optional: bool,
    ) -> Map<String, Value> {
        // A reference may lead to a choice of one, and that to a reference: `Option<Newtype>` does. So
        // this goes on until neither is left, and `null` is taken out at each step.
        loop {
            if is_optional {
                take_null(&mut keywords);
            }
            match self
                .resolve(&keywords)
                .or_else(|| find_sole_choice(&keywords))
            {
                Some((word, inner)) => {
                    keywords.remove(word);
                    keywords = merge(inner, keywords);
                }
                None => return keywords,
            }
        }
    }

    fn resolve(
        &mut self,
        keywords: &Map<String, Value>,
    ) -> Option<(&'static str, Map<String, Value>)> {
        let name = keywords.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        let definition = self.definitions.get(name)?;
        // A reference within its own target would be replaced for ever, and many references to large
        // targets would multiply; both stay references, and their targets go into `$defs`.
        if self.left == 0 || self.open.iter().any(|open| open == name) {
            self.remaining.insert(name.to_owned());
            return None;
        }
        let definition = definition.as_object().cloned().unwrap_or_default();
        self.open.push(name.to_owned());
        self.left -= 1;
        Some(("$ref", definition))
    }

    fn normalize_children(&mut self, keywords: &mut Map<String, Value>) {
        // Only the values of these keywords are schemas: one that is merely called so, as in a
        // `default` or `enum`, is data and stays.
        let needed: Vec<String> = names_required(keywords).map(str::to_owned).collect();
        for (word, value) in keywords.iter_mut() {
            match (word.as_str(), value) {
                ("properties", Value::Object(fields)) => {
                    for (name, field) in fields {
                        let is_optional = self.purpose != Purpose::Answer && !needed.contains(name);
                        *field = self.normalize_schema(field.take(), is_optional);
                    }
                }
                ("patternProperties" | "dependentSchemas", Value::Object(schemas)) => {
                    schemas
                        .values_mut()
                        .for_each(|schema| *schema = self.normalize_schema(schema.take(), false));
                }
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                    schemas
                        .iter_mut()
                        .for_each(|schema| *schema = self.normalize_schema(schema.take(), false));
                }
                (
                    "items"
                    | "additionalProperties"
                    | "contains"
                    | "propertyNames"
                    | "not"
                    | "if"
                    | "then"
                    | "else",
                    schema @ Value::Object(_),
                ) => *schema = self.normalize_schema(schema.take(), false),
                _ => {}
            }
        }
    }

    fn tidy(&self, mut keywords: Map<String, Value>) -> Value {
        if let Some(format) = keywords.remove("format").as_ref().and_then(Value::as_str) {
            take_format(&mut keywords, format);
        }
        keywords.retain(|word, value| self.says_something(word, value));
        name_choices(&mut keywords, self.purpose == Purpose::Form);
        // Some models' APIs take `anyOf` and no `oneOf` in arguments. Where exactly one of several
        // must fit, `Deserialize` sees to it.
        if self.purpose == Purpose::Arguments
            && !keywords.contains_key("anyOf")
            && let Some(choices) = keywords.remove("oneOf")
        {
            keywords.insert("anyOf".to_owned(), choices);
        }
        Value::Object(split_types(keywords))
    }

    /// Returns `true` if a keyword with this value tells a client anything.
    fn says_something(&self, word: &str, value: &Value) -> bool {
        // A schema of `true` allows everything, as no schema does; a default of `null` repeats that
        // the field is optional; and arguments that are unknown are accepted and reported, so `false`
        // would be untrue of them.
        match word {
            "default" => !value.is_null(),
            "items" => *value != true,
            "additionalProperties" | "unevaluatedProperties" => {
                *value != true && (*value != false || self.purpose == Purpose::Answer)
            }
            _ => true,
        }
    }
}

/// Removes `null` from the types, constants and choices of a schema.
fn take_null(keywords: &mut Map<String, Value>) {
    let is_null = |schema: &Value| {
        schema["type"] == "null" || schema.get("const").is_some_and(Value::is_null)
    };
    // A choice that is `null` in every case keeps it: an empty choice would allow nothing at all.
    for word in ["anyOf", "oneOf"] {
        if let Some(choices) = keywords.get_mut(word).and_then(Value::as_array_mut)
            && !choices.iter().all(is_null)
        {
            choices.retain(|schema| !is_null(schema));
        }
    }
    if let Some(values) = keywords.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
    let Some(names) = keywords.get_mut("type") else {
        return;
    };
    if let Some(several) = names.as_array_mut() {
        several.retain(|name| name != "null");
        if let [one] = several.as_slice() {
            *names = one.clone();
        }
    }
}

/// Returns the schema of a choice that has only this one, with the keyword of the choice.
fn find_sole_choice(keywords: &Map<String, Value>) -> Option<(&'static str, Map<String, Value>)> {
    ["anyOf", "oneOf", "allOf"].into_iter().find_map(|word| {
        match keywords.get(word)?.as_array()?.as_slice() {
            [Value::Object(one)] => Some((word, one.clone())),
            _ => None,
        }
    })
}

/// Merges a schema into the keywords beside its reference, which apply too (JSON Schema, core
/// §8.2.3.1).
fn merge(inner: Map<String, Value>, mut keywords: Map<String, Value>) -> Map<String, Value> {
    // A description at the place of use says more than that of the type, so it wins. Of two
    // restrictions neither may be lost: the inner ones go into an `allOf`.
    let mut both = Map::new();
    for (word, value) in inner {
        match keywords.get(&word) {
            None => drop(keywords.insert(word, value)),
            Some(own) if *own == value || ANNOTATIONS.contains(&word.as_str()) => {}
            Some(_) => drop(both.insert(word, value)),
        }
    }
    if !both.is_empty()
        && let Value::Array(all) = keywords.entry("allOf").or_insert_with(|| json!([]))
    {
        all.push(Value::Object(both));
    }
    keywords
}

/// Keeps a format that JSON Schema has; of another, its bounds.
fn take_format(keywords: &mut Map<String, Value>, format: &str) {
    if FORMATS.contains(&format) {
        keywords.insert("format".to_owned(), format.into());
        return;
    }
    // schemars names Rust's integers as formats, which JSON Schema does not have; their bounds are
    // what was meant. Those of 64 bits are no use to clients whose numbers are doubles.
    let (least, most) = match format {
        "int32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        "uint32" => (0, i64::from(u32::MAX)),
        _ => return,
    };
    keywords.entry("minimum").or_insert_with(|| least.into());
    keywords.entry("maximum").or_insert_with(|| most.into());
}

/// Splits a schema of several types into a choice between schemas of one type each.
fn split_types(mut keywords: Map<String, Value>) -> Map<String, Value> {
    let names: Vec<String> = types(&keywords).into_iter().map(str::to_owned).collect();
    if names.len() < 2 || choices(&keywords).is_some() {
        return keywords;
    }
    // Annotations are about the field and stay outside; each restriction goes to the types it
    // concerns, since `minLength` beside `"type": "integer"` confuses people and some clients.
    keywords.remove("type");
    let (outer, inner): (Map<_, _>, Map<_, _>) = keywords
        .into_iter()
        .partition(|(word, _)| ANNOTATIONS.contains(&word.as_str()) || word.starts_with('$'));
    let of_type = |name: &String| {
        let mut one: Map<_, _> = inner
            .iter()
            .filter(|(word, _)| concerns(word, name))
            .map(|(word, value)| (word.clone(), value.clone()))
            .collect();
        if let Some(values) = one.get_mut("enum").and_then(Value::as_array_mut) {
            values.retain(|value| super::is_of(value, name));
        }
        if name == "null" {
            one.clear();
        }
        one.insert("type".to_owned(), name.as_str().into());
        Value::Object(one)
    };
    let each = names.iter().map(of_type).collect();
    let mut keywords = outer;
    keywords.insert("anyOf".to_owned(), each);
    keywords
}

/// Returns `true` if a keyword restricts values of a type.
fn concerns(word: &str, name: &str) -> bool {
    let of_type: &[&str] = match name {
        "string" => &[
            "minLength",
            "maxLength",
            "pattern",
            "format",
            "contentEncoding",
            "contentMediaType",
        ],
        "integer" | "number" => &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
        ],
        "array" => &[
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "uniqueItems",
            "contains",
        ],
        "object" => &[
            "properties",
            "required",
            "additionalProperties",
            "propertyNames",
            "patternProperties",
            "minProperties",
            "maxProperties",
        ],
        _ => &[],
    };
    word == "enum" || of_type.contains(&word)
}
