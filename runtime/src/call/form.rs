//! A form for the user (MCP elicitation, form mode): made from a Rust type, its answer checked against the same schema.
//!
//! The protocol allows flat objects of text, numbers, booleans and choices; what a type says beyond that is left to its
//! `Deserialize`. A form must never ask for a secret: it passes through the client; use [`visit`](super::visit).

use std::marker::PhantomData;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Capability;
use super::ask::{Question, Reading, action};
use crate::error::Error;

/// A form whose answer is a `T`.
#[derive(Debug)]
pub struct Form<T> {
    message: String,
    schema: Value,
    is_for_once: bool,
    answer: PhantomData<fn() -> T>,
}

/// A form with a field for each field of `T`; doc comments are what people read beside them.
#[must_use]
pub fn form<T: DeserializeOwned + JsonSchema>(message: impl Into<String>) -> Form<T> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    Form { message: message.into(), schema: flat(&schema), is_for_once: false, answer: PhantomData }
}

impl Form<Value> {
    /// A form with this schema, taken untouched.
    #[must_use]
    pub fn raw(message: impl Into<String>, schema: Value) -> Self {
        Self { message: message.into(), schema, is_for_once: false, answer: PhantomData }
    }
}

impl<T> Form<T> {
    /// The answer may be used once: a client that brings it back a second time is refused. Costs one write.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.is_for_once = true;
        self
    }

    /// The schema that the client is given.
    #[must_use]
    pub const fn schema(&self) -> &Value {
        &self.schema
    }
}

impl<T: DeserializeOwned + Send> Question for Form<T> {
    type Answer = T;

    fn needs(&self) -> Capability {
        Capability::Form
    }

    fn check(&self) -> Result<(), Error> {
        let fields = self.schema["properties"].as_object().into_iter().flatten();
        match fields.into_iter().find(|(_, field)| !is_flat(field)) {
            Some((name, _)) => Err(Error::internal(format!(
                "the form `{}` has a field `{name}` that no form can have: it is neither text, a number, a boolean nor a choice",
                self.message
            ))),
            None => Ok(()),
        }
    }

    fn request(&self) -> Value {
        let params = json!({ "mode": "form", "message": self.message, "requestedSchema": self.schema });
        json!({ "method": "elicitation/create", "params": params })
    }

    fn read(&self, result: &Value) -> Reading<T> {
        match action(result) {
            Some("accept") => match answer(&self.schema, &result["content"]) {
                Ok(answer) => Reading::Given(answer),
                Err(_) => Reading::Unfit,
            },
            Some(_) => Reading::Declined,
            None => Reading::Unfit,
        }
    }

    fn is_for_once(&self) -> bool {
        self.is_for_once
    }
}

/// Whether MCP lets a field of a form be this.
fn is_flat(field: &Value) -> bool {
    match field["type"].as_str() {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => !choices(&field["items"]).is_empty(),
        _ => false,
    }
}

/// Reads what was filled into a form.
///
/// # Errors
/// What does not fit, naming the field.
pub fn answer<T: DeserializeOwned>(schema: &Value, content: &Value) -> Result<T, String> {
    let fields = content.as_object().ok_or("the answer is no object")?;
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(format!("`{name}` is missing"));
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(fault) = fields.get(name).and_then(|value| fault(field, value)) {
            return Err(format!("`{name}` {fault}"));
        }
    }
    let content = with_whole_numbers(schema, content);
    serde_path_to_error::deserialize(&content).map_err(|error| format!("`{}`: {}", error.path(), error.inner()))
}

/// What is wrong with a field's value.
fn fault(field: &Value, value: &Value) -> Option<String> {
    let choices = choices(field);
    if !choices.is_empty() && !choices.contains(&value) {
        return Some("is none of the choices".to_owned());
    }
    match field["type"].as_str() {
        Some("string") => text_fault(field, value),
        Some("boolean") => (!value.is_boolean()).then(|| "must be true or false".to_owned()),
        Some("integer") if !is_whole(value) => Some("must be a whole number".to_owned()),
        Some("integer" | "number") => number_fault(field, value),
        Some("array") => list_fault(field, value),
        _ => None,
    }
}

fn text_fault(field: &Value, value: &Value) -> Option<String> {
    let Some(text) = value.as_str() else { return Some("must be text".to_owned()) };
    if let Some(format) = field["format"].as_str().filter(|format| !has_format(format, text)) {
        return Some(format!("is no {format}"));
    }
    let length = text.chars().count() as u64;
    let too_short = field["minLength"].as_u64().filter(|least| length < *least);
    let too_long = field["maxLength"].as_u64().filter(|most| length > *most);
    too_short
        .map(|least| format!("must have {least} characters or more"))
        .or_else(|| too_long.map(|most| format!("must have {most} characters or fewer")))
}

fn number_fault(field: &Value, value: &Value) -> Option<String> {
    let Some(number) = value.as_f64() else { return Some("must be a number".to_owned()) };
    let too_small = field["minimum"].as_f64().filter(|least| number < *least);
    let too_large = field["maximum"].as_f64().filter(|most| number > *most);
    too_small
        .map(|least| format!("must be {least} or more"))
        .or_else(|| too_large.map(|most| format!("must be {most} or less")))
}

fn list_fault(field: &Value, value: &Value) -> Option<String> {
    let Some(items) = value.as_array() else { return Some("must be a list".to_owned()) };
    let count = items.len() as u64;
    let is_outside = field["minItems"].as_u64().is_some_and(|least| count < least)
        || field["maxItems"].as_u64().is_some_and(|most| count > most);
    if is_outside {
        return Some("has too few or too many entries".to_owned());
    }
    items.iter().find_map(|item| fault(&field["items"], item))
}

fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// The same with `3.0` as 3 where a whole number is wanted: in JSON Schema both are one.
fn with_whole_numbers(schema: &Value, content: &Value) -> Value {
    let mut content = content.clone();
    for (name, field) in content.as_object_mut().into_iter().flatten() {
        let is_whole = schema["properties"][name]["type"] == "integer";
        if let Some(number) = field.as_f64().filter(|number| is_whole && field.is_f64() && number.fract() == 0.0) {
            *field = serde_json::from_str(&format!("{number:.0}")).unwrap_or_else(|_| field.clone());
        }
    }
    content
}

/// Whether text has the format that it must have; one that is not MCP's is not looked at.
fn has_format(format: &str, text: &str) -> bool {
    match format {
        "email" => text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(char::is_whitespace)
        }),
        "uri" => {
            text.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
                && !text.contains(char::is_whitespace)
        }
        "date" => crate::clock::is_date(text),
        "date-time" => crate::clock::is_date_time(text),
        _ => true,
    }
}

/// The values that a field may have, where it names them all.
fn choices(field: &Value) -> Vec<&Value> {
    let named = field["enum"].as_array().into_iter().flatten();
    let titled = ["oneOf", "anyOf"].into_iter().flat_map(|word| field[word].as_array().into_iter().flatten());
    named.chain(titled.filter_map(|choice| choice.get("const"))).collect()
}

/// The protocol's flat form of a type's schema.
fn flat(schema: &Value) -> Value {
    let fields = schema["properties"].as_object().into_iter().flatten();
    let properties: Map<_, _> = fields.map(|(name, field)| (name.clone(), plain(field))).collect();
    let mut form = json!({ "type": "object", "properties": properties });
    if let Some(required) = schema.get("required") {
        form["required"] = required.clone();
    }
    form
}

/// One field, without what the protocol has no word for: `null` as a type, and formats of numbers.
fn plain(field: &Value) -> Value {
    let mut field = match field["anyOf"].as_array() {
        Some(either) => merged(field, either.iter().find(|schema| schema["type"] != "null")),
        None => field.clone(),
    };
    if let Some(types) = field["type"].as_array() {
        field["type"] = types.iter().find(|name| *name != "null").cloned().unwrap_or_default();
    }
    let Some(words) = field.as_object_mut() else { return field };
    let formats = ["email", "uri", "date", "date-time"];
    words.retain(|word, value| word != "format" || value.as_str().is_some_and(|format| formats.contains(&format)));
    if words.get("default").is_some_and(Value::is_null) {
        words.remove("default");
    }
    if words.get("oneOf").is_some_and(Value::is_array) {
        words.insert("type".into(), "string".into());
        titled(words);
    }
    field
}

/// A field's own words over those of what it may be.
fn merged(field: &Value, of: Option<&Value>) -> Value {
    let mut words = of.and_then(Value::as_object).cloned().unwrap_or_default();
    words.extend(
        field
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(word, _)| *word != "anyOf")
            .map(|(word, value)| (word.clone(), value.clone())),
    );
    Value::Object(words)
}

/// Choices whose doc comments are their titles. A schema puts those without one into an `enum` together.
fn titled(words: &mut Map<String, Value>) {
    let Some(choices) = words.get_mut("oneOf").and_then(Value::as_array_mut) else { return };
    let each = |choice: &Value| {
        let values = choice["enum"].as_array().into_iter().flatten().chain(choice.get("const"));
        let title = |value: &Value| choice.get("description").unwrap_or(value).clone();
        values.map(|value| json!({ "const": value, "title": title(value) })).collect::<Vec<_>>()
    };
    *choices = choices.iter().flat_map(each).collect();
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// A stay.
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Stay {
        /// Where to.
        city: String,
        /// How long.
        #[schemars(range(min = 1, max = 30))]
        nights: u8,
        class: Option<Class>,
        note: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Class {
        /// Cheap.
        Second,
        /// Dear.
        First,
        Night,
    }

    fn accepted(content: &Value) -> Reading<Stay> {
        form::<Stay>("Where?").read(&json!({ "action": "accept", "content": content }))
    }

    #[test]
    fn the_schema_is_flat() {
        let schema = form::<Stay>("Where?").schema().clone();
        assert_eq!(schema["required"], json!(["city", "nights"]));
        let nights = &schema["properties"]["nights"];
        assert_eq!((&nights["type"], &nights["maximum"], nights.get("format")), (&json!("integer"), &json!(30), None));
        assert_eq!(schema["properties"]["note"]["type"], "string");
        let class = &schema["properties"]["class"];
        assert_eq!(class["type"], "string");
        let choices = class["oneOf"].as_array().expect("choices");
        for choice in [json!({"const": "first", "title": "Dear."}), json!({"const": "night", "title": "night"})] {
            assert!(choices.contains(&choice), "{class}");
        }
        assert!(schema.get("$defs").is_none());
    }

    #[test]
    fn an_answer_is_read_and_what_is_none_is_not() {
        let Reading::Given(stay) = accepted(&json!({"city": "Oslo", "nights": 3, "class": "first", "extra": 1})) else {
            panic!("it fits")
        };
        assert_eq!(stay, Stay { city: "Oslo".into(), nights: 3, class: Some(Class::First), note: None });
        assert!(matches!(accepted(&json!({"city": "Oslo", "nights": 3.0})), Reading::Given(_)), "3.0 is whole");
        for wrong in [
            json!({"city": "Oslo"}),
            json!({"city": 7, "nights": 3}),
            json!({"city": "Oslo", "nights": "3"}),
            json!({"city": "Oslo", "nights": 31}),
            json!({"city": "Oslo", "nights": 0}),
            json!({"city": "Oslo", "nights": 1.5}),
            json!({"city": "Oslo", "nights": 3, "class": "third"}),
            json!(null),
            json!(7),
        ] {
            assert_eq!(accepted(&wrong), Reading::Unfit, "{wrong}");
        }
        for wrong in [json!(null), json!(7), json!({"action": "maybe"}), json!({"content": {}})] {
            assert_eq!(form::<Stay>("Where?").read(&wrong), Reading::Unfit, "{wrong}");
        }
        for action in ["decline", "cancel"] {
            assert_eq!(form::<Stay>("Where?").read(&json!({"action": action})), Reading::Declined);
        }
    }

    #[test]
    fn what_no_form_can_have_is_a_fault_of_the_app() {
        #[derive(Debug, Deserialize, JsonSchema)]
        struct Nested {
            #[expect(dead_code, reason = "it is never read")]
            stay: Stay,
        }
        assert!(form::<Stay>("Where?").check().is_ok());
        assert!(form::<Nested>("Where?").check().expect_err("nested").message().contains("`stay`"));
    }

    #[test]
    fn a_fault_names_the_field() {
        let schema = json!({"properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 3},
            "tags": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["a", "b"]}},
            "is_new": {"type": "boolean"}, "size": {"type": "number", "minimum": 0.5},
        }});
        let fault = |content: Value| answer::<Value>(&schema, &content).expect_err("does not fit");
        assert_eq!(fault(json!({"name": "x"})), "`name` must have 2 characters or more");
        assert_eq!(fault(json!({"name": "four"})), "`name` must have 3 characters or fewer");
        assert_eq!(fault(json!({"tags": []})), "`tags` has too few or too many entries");
        assert_eq!(fault(json!({"tags": ["c"]})), "`tags` is none of the choices");
        assert_eq!(fault(json!({"is_new": "yes"})), "`is_new` must be true or false");
        assert_eq!(fault(json!({"size": 0})), "`size` must be 0.5 or more");
        for (format, good, bad) in [
            ("email", "a@b", "a@"),
            ("uri", "a:b", "a b:c"),
            ("date", "2026-02-28", "2026-02-30"),
            ("date-time", "2026-02-28T10:00:00Z", "2026-02-28"),
        ] {
            let schema = json!({"properties": {"when": {"type": "string", "format": format}}});
            assert!(answer::<Value>(&schema, &json!({ "when": good })).is_ok(), "{good}");
            let fault = answer::<Value>(&schema, &json!({ "when": bad })).expect_err("does not fit");
            assert_eq!(fault, format!("`when` is no {format}"));
        }
    }
}
