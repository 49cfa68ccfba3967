//! From what an author's function returns to an [`Outcome`] and its schema.
//!
//! Text and content are answers as they are; any other type is data, with a schema. Data whose root is not an object
//! is sent as `{"result": …}`, since clients of every protocol revision expect an object.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{LazyLock, PoisonError, RwLock};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Outcome;
use crate::call::Content;
use crate::error::{Error, ErrorKind};
use crate::schema::{Purpose, normalize};

/// What a tool may return.
#[diagnostic::on_unimplemented(
    message = "a tool can't return `{Self}`",
    label = "not something a model can be given",
    note = "return a `String`, `Content`, `Vec<Content>`, or a type with `#[derive(Serialize, JsonSchema)]`, or a `Result` of one"
)]
pub trait Return: Serialize + JsonSchema + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + 'static> Return for T {}

/// The answer of a function that can't fail.
#[must_use]
pub fn answer<T: Return>(value: T) -> Outcome {
    let mut value: Box<dyn Any> = Box::new(value);
    for take in [
        take::<String>,
        take::<&'static str>,
        take::<Content>,
        take::<Vec<Content>>,
    ] {
        value = match take(value) {
            Ok(outcome) => return outcome,
            Err(value) => value,
        };
    }
    match value
        .downcast::<T>()
        .map(|value| serde_json::to_value(*value))
    {
        Ok(Ok(data)) => match shape::<T>() {
            Shape::None => Outcome::text("done"),
            Shape::Object => Outcome::structured(data),
            Shape::Wrapped => Outcome::structured(json!({ "result": data })),
        },
        Ok(Err(error)) => Outcome::error(format!("the result can't be written as JSON: {error}")),
        Err(_) => Outcome::error("the result can't be read"),
    }
}

/// The answer of a function that can fail. What its error displays is for the model to read; the sources of an
/// [`Error`] are for the log.
///
/// # Errors
/// What the client must hear and not the model: that it lacks a capability.
pub fn answer_result<T: Return, E: Display + 'static>(
    result: Result<T, E>,
) -> Result<Outcome, Error> {
    let error = match result {
        Ok(value) => return Ok(answer(value)),
        Err(error) => error,
    };
    let words = error.to_string();
    let error: Box<dyn Any> = Box::new(error);
    match error.downcast::<Error>() {
        Ok(own) if own.kind() == ErrorKind::Unsupported => Err(*own),
        // Why arguments don't fit may quote them.
        Ok(own) if own.kind() != ErrorKind::Invalid => Ok(Outcome {
            cause: own.causes(),
            ..Outcome::error(words)
        }),
        _ => Ok(Outcome::error(words)),
    }
}

/// The output schema of a return type; `None` for text, content and nothing.
#[must_use]
pub fn output_schema<T: Return>() -> Option<Map<String, Value>> {
    let schema = own_schema::<T>()?;
    Some(if is_object(&schema) {
        schema
    } else {
        wrapped(schema)
    })
}

/// The schema of the type itself.
fn own_schema<T: Return>() -> Option<Map<String, Value>> {
    let plain = [
        type_id::<String>(),
        type_id::<&'static str>(),
        type_id::<Content>(),
        type_id::<Vec<Content>>(),
        type_id::<()>(),
    ];
    if plain.contains(&type_id::<T>()) {
        return None;
    }
    let mut generator = schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.subschema_for::<T>();
    let definitions = generator.take_definitions(true);
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    match normalize(schema.to_value(), Purpose::Answer) {
        Value::Object(schema) => Some(schema),
        _ => Some(Map::new()),
    }
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

/// How a type's data is sent: what its schema promises, whatever the value at hand looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    None,
    Object,
    Wrapped,
}

/// The shape of a type. Its schema is made once, since that takes longer than most calls.
fn shape<T: Return>() -> Shape {
    static KNOWN: LazyLock<RwLock<HashMap<TypeId, Shape>>> = LazyLock::new(RwLock::default);
    if let Some(known) = KNOWN
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&TypeId::of::<T>())
    {
        return *known;
    }
    let shape = match own_schema::<T>() {
        None => Shape::None,
        Some(schema) if is_object(&schema) => Shape::Object,
        Some(_) => Shape::Wrapped,
    };
    KNOWN
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(TypeId::of::<T>(), shape);
    shape
}

fn wrapped(mut schema: Map<String, Value>) -> Map<String, Value> {
    let definitions = schema.remove("$defs");
    let mut root = Map::new();
    root.insert("type".into(), "object".into());
    root.insert("properties".into(), json!({ "result": schema }));
    root.insert("required".into(), json!(["result"]));
    root.extend(definitions.map(|definitions| ("$defs".to_owned(), definitions)));
    root
}

fn take<T: Any + Into<Outcome>>(value: Box<dyn Any>) -> Result<Outcome, Box<dyn Any>> {
    value.downcast::<T>().map(|value| (*value).into())
}

fn type_id<T: 'static>() -> std::any::TypeId {
    std::any::TypeId::of::<T>()
}

impl From<&'static str> for Outcome {
    fn from(text: &'static str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, JsonSchema)]
    struct Count {
        count: u64,
    }

    #[test]
    fn text_and_content_are_answers_as_they_are() {
        assert_eq!(answer("hello".to_owned()), Outcome::text("hello"));
        let picture = Content::image("aGk=", "image/png");
        assert_eq!(answer(vec![picture.clone()]).content, [picture]);
        assert_eq!(answer(()), Outcome::text("done"));
        assert!(output_schema::<String>().is_none() && output_schema::<()>().is_none());
    }

    #[test]
    fn data_is_structured_and_said_in_text_too() {
        let outcome = answer(Count { count: 3 });
        assert_eq!(outcome.structured, Some(json!({"count": 3})));
        assert_eq!(outcome.content, [Content::text(r#"{"count":3}"#)]);
        assert_eq!(
            output_schema::<Count>().expect("an object")["type"],
            "object"
        );
    }

    #[test]
    fn data_that_is_no_object_is_wrapped_in_one() {
        assert_eq!(
            answer(vec![1, 2]).structured,
            Some(json!({"result": [1, 2]}))
        );
        let schema = output_schema::<Vec<Count>>().expect("wrapped");
        assert_eq!(
            (&schema["type"], &schema["required"]),
            (&json!("object"), &json!(["result"]))
        );
        assert_eq!(
            schema["properties"]["result"]["items"]["properties"]["count"],
            json!({"type": "integer", "minimum": 0})
        );
    }

    #[test]
    fn what_may_be_missing_is_sent_as_its_schema_says() {
        let schema = output_schema::<Option<Count>>().expect("wrapped");
        assert_eq!(schema["required"], json!(["result"]));
        assert_eq!(
            answer(Some(Count { count: 3 })).structured,
            Some(json!({"result": {"count": 3}}))
        );
        assert_eq!(
            answer(None::<Count>).structured,
            Some(json!({"result": null}))
        );
        assert_eq!(answer(()), Outcome::text("done"));
        assert_eq!(
            answer(json!({"a": 1})).structured,
            Some(json!({"result": {"a": 1}})),
            "any JSON has no object's schema"
        );
    }

    #[test]
    fn an_error_is_for_the_model() {
        let failed: Result<Count, _> = Err("no such note");
        assert_eq!(
            answer_result(failed).expect("for the model"),
            Outcome::error("no such note")
        );
        let failed: Result<Count, _> =
            Err(Error::unavailable("the upstream is down").with_source("refused by 10.0.0.7"));
        let outcome = answer_result(failed).expect("for the model");
        assert_eq!(outcome.content, [Content::text("the upstream is down")]);
        assert!(outcome.cause.expect("for the log").contains("10.0.0.7"));
        let lacking: Result<Count, _> = Err(Error::new(
            ErrorKind::Unsupported,
            "this client can't ask its model",
        ));
        assert_eq!(
            answer_result(lacking).expect_err("for the client").kind(),
            ErrorKind::Unsupported
        );
    }
}
