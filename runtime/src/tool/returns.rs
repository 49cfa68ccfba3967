//! From what an author's function returns to an [`Outcome`] and its schema.
//!
//! Text and content are answers as they are; any other type is data, with a schema. Data whose root is not an object
//! is sent as `{"result": …}`, since clients of every protocol revision expect an object.

use std::any::Any;
use std::error::Error as _;
use std::fmt::Display;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Content, Outcome};
use crate::error::{Error, ErrorKind};

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
    for take in [take::<String>, take::<&'static str>, take::<Content>, take::<Vec<Content>>] {
        value = match take(value) {
            Ok(outcome) => return outcome,
            Err(value) => value,
        };
    }
    match value.downcast::<T>().map(|value| serde_json::to_value(*value)) {
        Ok(Ok(data)) if data.is_object() => Outcome::structured(data),
        Ok(Ok(Value::Null)) => Outcome::text("done"),
        Ok(Ok(data)) => Outcome::structured(json!({ "result": data })),
        Ok(Err(error)) => Outcome::error(format!("the result can't be written as JSON: {error}")),
        Err(_) => Outcome::error("the result can't be read"),
    }
}

/// The answer of a function that can fail. What its error displays is for the model to read; the sources of an
/// [`Error`] are for the log.
#[must_use]
pub fn answer_result<T: Return, E: Display + 'static>(result: Result<T, E>) -> Outcome {
    match result {
        Ok(value) => answer(value),
        Err(error) => {
            let own = (&error as &dyn Any).downcast_ref::<Error>();
            // Why arguments don't fit may quote them.
            let cause = own.filter(|error| error.source().is_some() && error.kind() != ErrorKind::Invalid);
            Outcome { cause: cause.map(Error::chain), ..Outcome::error(error.to_string()) }
        }
    }
}

/// The output schema of a return type; `None` for text, content and nothing.
#[must_use]
pub fn output_schema<T: Return>() -> Option<Map<String, Value>> {
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
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let Value::Object(schema) = generator.into_root_schema_for::<T>().to_value() else { return None };
    Some(if schema.get("type").and_then(Value::as_str) == Some("object") { schema } else { wrapped(schema) })
}

fn wrapped(mut schema: Map<String, Value>) -> Map<String, Value> {
    let definitions = schema.remove("$defs");
    schema.remove("$schema");
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
        assert_eq!(output_schema::<Count>().expect("an object")["type"], "object");
    }

    #[test]
    fn data_that_is_no_object_is_wrapped_in_one() {
        assert_eq!(answer(vec![1, 2]).structured, Some(json!({"result": [1, 2]})));
        let schema = output_schema::<Vec<Count>>().expect("wrapped");
        assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["result"])));
        assert!(schema.contains_key("$defs"), "references still resolve from the root");
    }

    #[test]
    fn an_error_is_for_the_model() {
        let failed: Result<Count, _> = Err("no such note");
        assert_eq!(answer_result(failed), Outcome::error("no such note"));
        let failed: Result<Count, _> =
            Err(Error::unavailable("the upstream is down").with_source("refused by 10.0.0.7"));
        let outcome = answer_result(failed);
        assert_eq!(outcome.content, [Content::text("the upstream is down")]);
        assert!(outcome.cause.expect("for the log").contains("10.0.0.7"));
    }
}
