//! A schema as common clients take it: no reference where none is needed, choices as `enum`, plain types, no format that
//! JSON Schema does not have.
//!
//! What may be sent and answered stays the same, but that arguments may be `null` or unknown: [`coerce`](super::coerce())
//! takes those as left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::enumerate::name_choices;
use super::{FORMATS, choices, names_required, types};

/// The most schemas that references are replaced by before they stay references.
const MAX_INLINED: usize = 4_096;

/// Words that say nothing of what is allowed.
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
    /// The arguments of a tool: what need not be there is never `null`, and what is unknown is not forbidden.
    Arguments,
    /// A tool's answer: `null` stays where it may be answered.
    Answer,
    /// A form (MCP elicitation): as arguments, with titles for choices.
    Form,
}

/// Writes a schema so that common clients take it.
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
    let mut normal = work.schema(Value::Object(root), false);
    let remaining = work.take_definitions();
    if let Some(keywords) = normal.as_object_mut().filter(|_| !remaining.is_empty()) {
        keywords.insert("$defs".to_owned(), Value::Object(remaining));
    }
    normal
}

struct Normalizer {
    definitions: Map<String, Value>,
    purpose: Purpose,
    /// The references that are being replaced: one of them within itself has no end, and stays.
    open: Vec<String>,
    /// The targets of the references that stay.
    remaining: BTreeSet<String>,
    left: usize,
}

impl Normalizer {
    /// Normalizes the definitions that references still lead to.
    fn take_definitions(&mut self) -> Map<String, Value> {
        let mut remaining = Map::new();
        while let Some(name) = self
            .remaining
            .iter()
            .find(|name| !remaining.contains_key(*name))
            .cloned()
        {
            let definition = self.definitions.get(&name).cloned().unwrap_or_default();
            self.open = vec![name.clone()];
            let normal = self.schema(definition, false);
            remaining.insert(name, normal);
        }
        remaining
    }

    fn schema(&mut self, schema: Value, is_optional: bool) -> Value {
        let keywords = match schema {
            Value::Object(keywords) => keywords,
            Value::Bool(false) => return json!({ "not": {} }),
            _ => return json!({}),
        };
        let depth = self.open.len();
        let mut keywords = self.expand(keywords, is_optional || self.purpose == Purpose::Form);
        self.children(&mut keywords);
        self.open.truncate(depth);
        self.tidy(keywords)
    }

    /// Merges the target of a reference, and a choice of one, into the keywords beside it.
    fn expand(
        &mut self,
        mut keywords: Map<String, Value>,
        is_optional: bool,
    ) -> Map<String, Value> {
        loop {
            if is_optional {
                take_null(&mut keywords);
            }
            match self.resolve(&keywords).or_else(|| sole_choice(&keywords)) {
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
        // A reference within its own target would be replaced for ever, and many references to large targets would multiply;
        // both stay references, and their targets go into `$defs`.
        if self.left == 0 || self.open.iter().any(|open| open == name) {
            self.remaining.insert(name.to_owned());
            return None;
        }
        let definition = definition.as_object().cloned().unwrap_or_default();
        self.open.push(name.to_owned());
        self.left -= 1;
        Some(("$ref", definition))
    }

    fn children(&mut self, keywords: &mut Map<String, Value>) {
        let needed: Vec<String> = names_required(keywords).map(str::to_owned).collect();
        for (word, value) in keywords.iter_mut() {
            match (word.as_str(), value) {
                ("properties", Value::Object(fields)) => {
                    for (name, field) in fields {
                        let is_optional = self.purpose != Purpose::Answer && !needed.contains(name);
                        *field = self.schema(field.take(), is_optional);
                    }
                }
                ("patternProperties" | "dependentSchemas", Value::Object(schemas)) => {
                    schemas
                        .values_mut()
                        .for_each(|schema| *schema = self.schema(schema.take(), false));
                }
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                    schemas
                        .iter_mut()
                        .for_each(|schema| *schema = self.schema(schema.take(), false));
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
                ) => *schema = self.schema(schema.take(), false),
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
        if self.purpose == Purpose::Arguments
            && !keywords.contains_key("anyOf")
            && let Some(choices) = keywords.remove("oneOf")
        {
            keywords.insert("anyOf".to_owned(), choices);
        }
        Value::Object(one_type_each(keywords))
    }

    /// `true` says nothing, a default of `null` says what is said already, and of arguments `false` would be untrue.
    fn says_something(&self, word: &str, value: &Value) -> bool {
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

/// Takes `null` out of what a schema allows.
fn take_null(keywords: &mut Map<String, Value>) {
    let is_null = |schema: &Value| {
        schema["type"] == "null" || schema.get("const").is_some_and(Value::is_null)
    };
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

/// A choice of one schema is that schema.
fn sole_choice(keywords: &Map<String, Value>) -> Option<(&'static str, Map<String, Value>)> {
    ["anyOf", "oneOf", "allOf"].into_iter().find_map(|word| {
        match keywords.get(word)?.as_array()?.as_slice() {
            [Value::Object(one)] => Some((word, one.clone())),
            _ => None,
        }
    })
}

/// One schema under the keywords that stand beside it. Where both restrict the same, both hold.
fn merge(inner: Map<String, Value>, mut keywords: Map<String, Value>) -> Map<String, Value> {
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
    let (least, most) = match format {
        "int32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        "uint32" => (0, i64::from(u32::MAX)),
        _ => return,
    };
    keywords.entry("minimum").or_insert_with(|| least.into());
    keywords.entry("maximum").or_insert_with(|| most.into());
}

/// Several types as a choice between schemas of one type each.
fn one_type_each(mut keywords: Map<String, Value>) -> Map<String, Value> {
    let names: Vec<String> = types(&keywords).into_iter().map(str::to_owned).collect();
    if names.len() < 2 || choices(&keywords).is_some() {
        return keywords;
    }
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
