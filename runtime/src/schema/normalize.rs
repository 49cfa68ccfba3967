//! A schema as common clients take it: no reference where none is needed, choices as `enum`, plain types, no format that
//! JSON Schema does not have.
//!
//! What may be sent and answered stays the same, but that arguments may be `null` or unknown: [`coerce`](super::coerce())
//! takes those as left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{FORMATS, choices, required, types};

/// How many schemas references may become before they stay references.
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

/// What a schema is for.
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
        kept: BTreeSet::new(),
        left: MAX_INLINED,
    };
    let mut normal = work.schema(Value::Object(root), false);
    let kept = work.kept();
    if let Some(words) = normal.as_object_mut().filter(|_| !kept.is_empty()) {
        words.insert("$defs".to_owned(), Value::Object(kept));
    }
    normal
}

struct Normalizer {
    definitions: Map<String, Value>,
    purpose: Purpose,
    /// What is being put in place of references now: a reference to one of them has no end, and stays.
    open: Vec<String>,
    /// What references that stay lead to.
    kept: BTreeSet<String>,
    left: usize,
}

impl Normalizer {
    /// The definitions of what stays a reference.
    fn kept(&mut self) -> Map<String, Value> {
        let mut kept = Map::new();
        while let Some(name) = self
            .kept
            .iter()
            .find(|name| !kept.contains_key(*name))
            .cloned()
        {
            let definition = self.definitions.get(&name).cloned().unwrap_or_default();
            self.open = vec![name.clone()];
            let normal = self.schema(definition, false);
            kept.insert(name, normal);
        }
        kept
    }

    fn schema(&mut self, schema: Value, is_optional: bool) -> Value {
        let words = match schema {
            Value::Object(words) => words,
            Value::Bool(false) => return json!({ "not": {} }),
            _ => return json!({}),
        };
        let depth = self.open.len();
        let mut words = self.expanded(words, is_optional || self.purpose == Purpose::Form);
        self.children(&mut words);
        self.open.truncate(depth);
        self.tidy(words)
    }

    /// What references lead to and a choice of one is, under the words that stand beside them.
    fn expanded(&mut self, mut words: Map<String, Value>, is_optional: bool) -> Map<String, Value> {
        loop {
            if is_optional {
                take_null(&mut words);
            }
            match self.referred(&words).or_else(|| sole_choice(&words)) {
                Some((word, inner)) => {
                    words.remove(word);
                    words = merged(inner, words);
                }
                None => return words,
            }
        }
    }

    fn referred(
        &mut self,
        words: &Map<String, Value>,
    ) -> Option<(&'static str, Map<String, Value>)> {
        let name = words.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        let definition = self.definitions.get(name)?;
        if self.left == 0 || self.open.iter().any(|open| open == name) {
            self.kept.insert(name.to_owned());
            return None;
        }
        let definition = definition.as_object().cloned().unwrap_or_default();
        self.open.push(name.to_owned());
        self.left -= 1;
        Some(("$ref", definition))
    }

    fn children(&mut self, words: &mut Map<String, Value>) {
        let needed: Vec<String> = required(words).map(str::to_owned).collect();
        for (word, value) in words.iter_mut() {
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

    fn tidy(&self, mut words: Map<String, Value>) -> Value {
        if let Some(format) = words.remove("format").as_ref().and_then(Value::as_str) {
            take_format(&mut words, format);
        }
        words.retain(|word, value| self.says_something(word, value));
        name_choices(&mut words, self.purpose == Purpose::Form);
        if self.purpose == Purpose::Arguments
            && !words.contains_key("anyOf")
            && let Some(choices) = words.remove("oneOf")
        {
            words.insert("anyOf".to_owned(), choices);
        }
        Value::Object(one_type_each(words))
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
fn take_null(words: &mut Map<String, Value>) {
    let is_null = |schema: &Value| {
        schema["type"] == "null" || schema.get("const").is_some_and(Value::is_null)
    };
    for word in ["anyOf", "oneOf"] {
        if let Some(choices) = words.get_mut(word).and_then(Value::as_array_mut)
            && !choices.iter().all(is_null)
        {
            choices.retain(|schema| !is_null(schema));
        }
    }
    if let Some(values) = words.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
    let Some(names) = words.get_mut("type") else {
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
fn sole_choice(words: &Map<String, Value>) -> Option<(&'static str, Map<String, Value>)> {
    ["anyOf", "oneOf", "allOf"].into_iter().find_map(|word| {
        match words.get(word)?.as_array()?.as_slice() {
            [Value::Object(one)] => Some((word, one.clone())),
            _ => None,
        }
    })
}

/// One schema under the words that stand beside it. Where both restrict the same, both hold.
fn merged(inner: Map<String, Value>, mut words: Map<String, Value>) -> Map<String, Value> {
    let mut both = Map::new();
    for (word, value) in inner {
        match words.get(&word) {
            None => drop(words.insert(word, value)),
            Some(own) if *own == value || ANNOTATIONS.contains(&word.as_str()) => {}
            Some(_) => drop(both.insert(word, value)),
        }
    }
    if !both.is_empty()
        && let Value::Array(all) = words.entry("allOf").or_insert_with(|| json!([]))
    {
        all.push(Value::Object(both));
    }
    words
}

/// Keeps a format that JSON Schema has; of another, its bounds.
fn take_format(words: &mut Map<String, Value>, format: &str) {
    if FORMATS.contains(&format) {
        words.insert("format".to_owned(), format.into());
        return;
    }
    let (least, most) = match format {
        "int32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        "uint32" => (0, i64::from(u32::MAX)),
        _ => return,
    };
    words.entry("minimum").or_insert_with(|| least.into());
    words.entry("maximum").or_insert_with(|| most.into());
}

/// One of the values that a schema allows, and what is said of it.
type Choice = (Value, Option<String>);

/// A choice between constants as `enum`, with what is said of each in the description; for people, each with its title.
fn name_choices(words: &mut Map<String, Value>, are_titled: bool) {
    if let Some(constant) = words.remove("const") {
        words.insert("enum".to_owned(), json!([constant]));
    }
    let Some((named, may_be_null)) = choices(words).and_then(|choices| constants(choices)) else {
        return;
    };
    words.remove("anyOf");
    words.remove("oneOf");
    let mut of = Map::new();
    if named.iter().all(|(value, _)| value.is_string()) {
        of.insert("type".to_owned(), "string".into());
    }
    if are_titled {
        let each = |(value, said): &Choice| json!({ "const": value, "title": said.as_ref().map_or(value.clone(), |said| said.as_str().into()) });
        of.insert("oneOf".to_owned(), named.iter().map(each).collect());
    } else {
        describe(words, &named);
        of.insert(
            "enum".to_owned(),
            named.into_iter().map(|(value, _)| value).collect(),
        );
    }
    if may_be_null {
        words.insert("anyOf".to_owned(), json!([of, { "type": "null" }]));
    } else {
        words.extend(of);
    }
}

/// The constants that a choice is between, and whether it may be `null`; `None` if there is anything else.
fn constants(choices: &[Value]) -> Option<(Vec<Choice>, bool)> {
    let (mut named, mut may_be_null) = (Vec::new(), false);
    for choice in choices {
        let words = choice.as_object()?;
        if words.get("type").is_some_and(|name| name == "null") {
            may_be_null = true;
            continue;
        }
        if words
            .keys()
            .any(|word| !["type", "enum", "const", "title", "description"].contains(&word.as_str()))
        {
            return None;
        }
        let said = words
            .get("description")
            .or_else(|| words.get("title"))
            .and_then(Value::as_str);
        let values: Vec<_> = super::named(words)
            .filter(|value| !value.is_object() && !value.is_array())
            .collect();
        if values.is_empty() {
            return None;
        }
        named.extend(
            values
                .into_iter()
                .map(|value| (value.clone(), said.map(str::to_owned))),
        );
    }
    (!named.is_empty()).then_some((named, may_be_null))
}

fn describe(words: &mut Map<String, Value>, named: &[Choice]) {
    let line = |(value, said): &Choice| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        said.as_ref().map(|said| format!("- `{value}`: {said}"))
    };
    let own = words
        .get("description")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let lines: Vec<_> = own
        .into_iter()
        .chain(named.iter().filter_map(line))
        .collect();
    if !lines.is_empty() {
        words.insert("description".to_owned(), lines.join("\n").into());
    }
}

/// Several types as a choice between schemas of one type each.
fn one_type_each(mut words: Map<String, Value>) -> Map<String, Value> {
    let names: Vec<String> = types(&words).into_iter().map(str::to_owned).collect();
    if names.len() < 2 || choices(&words).is_some() {
        return words;
    }
    words.remove("type");
    let (outer, inner): (Map<_, _>, Map<_, _>) = words
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
    let mut words = outer;
    words.insert("anyOf".to_owned(), each);
    words
}

/// Whether a word restricts values of a type.
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
