//! A form for the user (MCP 2026-07-28, elicitation, form mode), made from a Rust type; its answer
//! is checked against the same schema.
//!
//! The protocol allows flat objects of text, numbers, booleans and choices; what a type says beyond that is left to its
//! `Deserialize`. A form must never ask for a secret: it passes through the client; use [`url`](super::url()).

use std::marker::PhantomData;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Capability;
use super::request::{ElicitResult, InputRequest, NO_ACTION, action};
use crate::error::Error;
use crate::schema::{Purpose, Violation, coerce, normalize, to_json_terms, violation};

/// A form whose answer is a `T`; [`form`](form()) makes one.
#[derive(Debug)]
pub struct FormElicitation<T> {
    message: String,
    schema: Value,
    is_form: bool,
    is_single_use: bool,
    answer: PhantomData<fn() -> T>,
}

/// Makes a form with a field for each field of `T`; people read the doc comments beside them.
///
/// A `T` without fields asks whether to go on, as [`Context::confirm`](crate::Context::confirm) does.
///
/// ```
/// use mcp_lambda::elicitation::{ElicitResult, InputRequest, form};
/// use mcp_lambda::prelude::*;
/// use serde_json::json;
///
/// #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
/// struct City {
///     /// Such as Oslo.
///     name: String,
/// }
///
/// let form = form::<City>("Which city?");
/// assert_eq!(form.schema()["properties"]["name"]["description"], "Such as Oslo.");
/// let result = json!({"action": "accept", "content": {"name": "Bergen"}});
/// assert_eq!(form.parse_result(&result), ElicitResult::Accepted(City { name: "Bergen".into() }));
/// ```
#[must_use]
pub fn form<T: DeserializeOwned + JsonSchema>(message: impl Into<String>) -> FormElicitation<T> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.subschema_for::<T>();
    schema.insert(
        "$defs".to_owned(),
        Value::Object(generator.take_definitions(true)),
    );
    let mut form = FormElicitation::of(message.into(), normalize(schema.to_value(), Purpose::Form));
    form.schema = flatten(&mut form.schema);
    form
}

impl FormElicitation<Value> {
    /// Makes a [form](form()) with this schema, unchanged.
    #[must_use]
    pub fn raw(message: impl Into<String>, schema: Value) -> Self {
        Self::of(message.into(), schema)
    }
}

impl<T> FormElicitation<T> {
    /// Makes a form. A type that is neither a struct nor `()` has an answer that no form can give.
    fn of(message: String, schema: Value) -> Self {
        // It is reported where the form is asked and not here: an author writes `form::<T>(…)` in a
        // handler, which has a way to fail, and this has none.
        let is_form = schema
            .get("type")
            .is_none_or(|name| name == "object" || name == "null");
        Self {
            message,
            schema,
            is_form,
            is_single_use: false,
            answer: PhantomData,
        }
    }

    /// Lets the answer be used once: a client that brings it back a second time is refused. Costs one write.
    #[must_use]
    pub const fn single_use(mut self) -> Self {
        self.is_single_use = true;
        self
    }

    /// Returns the schema that the client gets.
    #[must_use]
    pub const fn schema(&self) -> &Value {
        &self.schema
    }
}

impl<T: DeserializeOwned + Send> InputRequest for FormElicitation<T> {
    type Answer = T;

    fn capability(&self) -> Capability {
        Capability::Form
    }

    fn check(&self) -> Result<(), Error> {
        if !self.is_form {
            let message = format!(
                "the form `{}` is made from a type that is neither a struct nor `()`; use a struct",
                self.message
            );
            return Err(Error::internal(message));
        }
        // A client may refuse a form with a field that MCP does not have, or draw it without the field;
        // either would look to the author like a user who never answers.
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
        let params =
            json!({ "mode": "form", "message": self.message, "requestedSchema": self.schema });
        json!({ "method": "elicitation/create", "params": params })
    }

    fn parse_result(&self, result: &Value) -> ElicitResult<T> {
        match action(result) {
            Some("accept") => match parse_answer(&self.schema, &result["content"]) {
                Ok(answer) => ElicitResult::Accepted(answer),
                Err(problem) => ElicitResult::Invalid(problem),
            },
            Some(_) => ElicitResult::Declined,
            None => ElicitResult::Invalid(NO_ACTION.to_owned()),
        }
    }

    fn is_single_use(&self) -> bool {
        self.is_single_use
    }
}

/// Returns `true` if a field of a form may have this schema (MCP 2026-07-28, elicitation,
/// `PrimitiveSchemaDefinition`).
fn is_flat(field: &Value) -> bool {
    match field["type"].as_str() {
        Some("string" | "number" | "integer" | "boolean") => true,
        // The one list that a form may have is a choice of several constants.
        Some("array") => ["enum", "anyOf", "oneOf"]
            .iter()
            .any(|word| field["items"][word].is_array()),
        _ => false,
    }
}

/// Reads the content of a filled form, [coerced](coerce()) by its schema; nothing, of a form without fields.
///
/// # Errors
/// A message that names the field that does not fit.
pub(crate) fn parse_answer<T: DeserializeOwned>(
    schema: &Value,
    content: &Value,
) -> Result<T, String> {
    let Some(schema) = schema.as_object() else {
        return Err("the form has no schema".to_owned());
    };
    // A client whose user accepts a form without fields may leave `content` out (MCP elicitation).
    let mut content = if content.is_null() {
        Value::Object(Map::new())
    } else {
        content.clone()
    };
    if !content.is_object() {
        return Err("the answer is no object".to_owned());
    }
    coerce(&mut content, schema);
    // The schema is what the client showed, so its violations name fields as the user saw them. What
    // a type says beyond the schema is left to `Deserialize`, whose message follows below.
    if let Some(Violation { path, message }) = violation(&content, schema) {
        return Err(format!("`{}` {message}", path.trim_start_matches('.')));
    }
    // Serde reads a unit `()` from `null` alone, and a struct without fields from an object: the one
    // is tried first, the other below.
    let has_no_fields = schema
        .get("properties")
        .is_none_or(|fields| fields.as_object().is_some_and(Map::is_empty));
    if has_no_fields && let Ok(nothing) = T::deserialize(&Value::Null) {
        return Ok(nothing);
    }
    serde_path_to_error::deserialize(&content).map_err(|error| {
        format!(
            "`{}` {}",
            error.path(),
            to_json_terms(&error.inner().to_string())
        )
    })
}

/// Reduces a type's schema to a form's: the fields, and which of them are required.
fn flatten(schema: &mut Value) -> Value {
    // MCP's `requestedSchema` has these three keywords and no others: no title, no description of the
    // whole, no `$defs`, which `normalize` has written out.
    let properties = schema
        .get_mut("properties")
        .map_or_else(|| json!({}), Value::take);
    let mut form = json!({ "type": "object", "properties": properties });
    if let Some(required) = schema.get_mut("required") {
        form["required"] = required.take();
    }
    form
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

    fn accepted(content: &Value) -> ElicitResult<Stay> {
        form::<Stay>("Where?").parse_result(&json!({ "action": "accept", "content": content }))
    }

    #[test]
    fn the_schema_is_flat() {
        let schema = form::<Stay>("Where?").schema().clone();
        assert_eq!(schema["required"], json!(["city", "nights"]));
        let nights = &schema["properties"]["nights"];
        assert_eq!(
            (&nights["type"], &nights["maximum"], nights.get("format")),
            (&json!("integer"), &json!(30), None)
        );
        assert_eq!(schema["properties"]["note"]["type"], "string");
        let class = &schema["properties"]["class"];
        assert_eq!(class["type"], "string");
        let choices = class["oneOf"].as_array().expect("choices");
        for choice in [
            json!({"const": "first", "title": "Dear."}),
            json!({"const": "night", "title": "night"}),
        ] {
            assert!(choices.contains(&choice), "{class}");
        }
        assert!(schema.get("$defs").is_none());
    }

    #[test]
    fn an_answer_is_read() {
        let ElicitResult::Accepted(stay) =
            accepted(&json!({"city": "Oslo", "nights": 3, "class": "first", "extra": 1}))
        else {
            panic!("it fits")
        };
        assert_eq!(
            stay,
            Stay {
                city: "Oslo".into(),
                nights: 3,
                class: Some(Class::First),
                note: None
            }
        );
        for same in [
            json!({"city": "Oslo", "nights": 3.0}),
            json!({"city": "Oslo", "nights": "3", "note": null}),
        ] {
            assert!(
                matches!(
                    accepted(&same),
                    ElicitResult::Accepted(Stay {
                        nights: 3,
                        note: None,
                        ..
                    })
                ),
                "{same}"
            );
        }
    }

    #[test]
    fn what_is_no_answer_is_not_read() {
        for wrong in [
            json!({"city": "Oslo"}),
            json!({"city": 7, "nights": 3}),
            json!({"city": "Oslo", "nights": "three"}),
            json!({"city": "Oslo", "nights": 31}),
            json!({"city": "Oslo", "nights": 0}),
            json!({"city": "Oslo", "nights": 1.5}),
            json!({"city": "Oslo", "nights": 3, "class": "third"}),
            json!(null),
            json!(7),
        ] {
            assert!(
                matches!(accepted(&wrong), ElicitResult::Invalid(_)),
                "{wrong}"
            );
        }
        for wrong in [
            json!(null),
            json!(7),
            json!({"action": "maybe"}),
            json!({"content": {}}),
        ] {
            assert!(
                matches!(
                    form::<Stay>("Where?").parse_result(&wrong),
                    ElicitResult::Invalid(_)
                ),
                "{wrong}"
            );
        }
        for action in ["decline", "cancel"] {
            assert_eq!(
                form::<Stay>("Where?").parse_result(&json!({"action": action})),
                ElicitResult::Declined
            );
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
        assert!(
            form::<Nested>("Where?")
                .check()
                .expect_err("nested")
                .message()
                .contains("`stay`")
        );
    }

    #[test]
    fn a_form_without_fields_asks_whether_to_go_on() {
        #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
        struct Sure {}
        for accepted in [
            json!({"action": "accept"}),
            json!({"action": "accept", "content": {}}),
        ] {
            assert_eq!(
                form::<()>("Sure?").parse_result(&accepted),
                ElicitResult::Accepted(())
            );
            assert_eq!(
                form::<Sure>("Sure?").parse_result(&accepted),
                ElicitResult::Accepted(Sure {})
            );
        }
        assert_eq!(
            form::<()>("Sure?").parse_result(&json!({"action": "decline"})),
            ElicitResult::Declined
        );
        assert_eq!(
            form::<()>("Sure?").schema(),
            &json!({"type": "object", "properties": {}})
        );
        let text = form::<String>("Which?")
            .check()
            .expect_err("text is no form");
        assert!(text.message().contains("a struct"), "{text}");
    }

    #[test]
    fn a_fault_names_the_field() {
        let schema = json!({"properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 3},
            "tags": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["a", "b"]}},
            "is_new": {"type": "boolean"}, "size": {"type": "number", "minimum": 0.5},
        }});
        let problem =
            |content: Value| parse_answer::<Value>(&schema, &content).expect_err("does not fit");
        assert_eq!(
            problem(json!({"name": "x"})),
            "`name` must have 2 characters or more"
        );
        assert_eq!(
            problem(json!({"name": "four"})),
            "`name` must have 3 characters or fewer"
        );
        assert_eq!(
            problem(json!({"tags": []})),
            "`tags` has too few or too many entries"
        );
        assert_eq!(
            problem(json!({"tags": ["c"]})),
            "`tags[0]` must be one of `a`, `b`"
        );
        assert_eq!(
            problem(json!({"is_new": "yes"})),
            "`is_new` must be true or false"
        );
        assert_eq!(problem(json!({"size": 0})), "`size` must be 0.5 or more");
        for (format, good, bad) in [
            ("email", "a@b", "a@"),
            ("uri", "a:b", "a b:c"),
            ("date", "2026-02-28", "2026-02-30"),
            ("date-time", "2026-02-28T10:00:00Z", "2026-02-28"),
        ] {
            let schema = json!({"properties": {"when": {"type": "string", "format": format}}});
            assert!(
                parse_answer::<Value>(&schema, &json!({ "when": good })).is_ok(),
                "{good}"
            );
            let problem =
                parse_answer::<Value>(&schema, &json!({ "when": bad })).expect_err("does not fit");
            assert_eq!(problem, format!("`when` is no {format}"));
        }
    }
}
