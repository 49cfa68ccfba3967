//! The conversion of what a tool's function returns into an [`Outcome`], and its output schema.
//!
//! Text and content are answers as they are; any other type is data, with a schema. Data whose root is not an object
//! is sent as `{"result": …}`, since clients of every protocol revision expect an object.

use std::any::TypeId;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::marker::PhantomData;
use std::sync::{LazyLock, PoisonError, RwLock};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Outcome, Tool, Tools};
use crate::call::Content;
use crate::error::{Error, ErrorKind, Result};
use crate::provider::IntoAnswer;
use crate::schema::{Purpose, normalize};

/// Data as a tool's answer: MCP's `structuredContent`, and the same as text for clients that read only text.
///
/// A function under `#[tools]` returns `T` itself; a tool written by hand, or an [`IntoAnswer`] of your own, wraps it.
///
/// ```
/// use mcp_lambda::provider::IntoAnswer;
/// use mcp_lambda::tool::Structured;
/// use serde_json::json;
///
/// let outcome = Structured(vec![1, 2]).into_answer()?;
/// assert_eq!(outcome.structured, Some(json!({"result": [1, 2]})));
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Structured<T>(pub T);

impl<T: Serialize + JsonSchema + 'static> IntoAnswer<Tools> for Structured<T> {
    fn into_answer(self) -> Result<Outcome> {
        let data = serde_json::to_value(self.0);
        Ok(match (data, is_wrapped::<T>()) {
            (Ok(data), false) => Outcome::data(data),
            (Ok(data), true) => Outcome::data(json!({ "result": data })),
            (Err(error), _) => {
                Outcome::error(format!("the result can't be written as JSON: {error}"))
            }
        })
    }

    fn output_schema() -> Option<Map<String, Value>> {
        let schema = schema_of::<T>();
        Some(if is_object(&schema) {
            schema
        } else {
            wrap(schema)
        })
    }
}

impl IntoAnswer<Tools> for Outcome {
    fn into_answer(self) -> Result<Self> {
        Ok(self)
    }
}

impl IntoAnswer<Tools> for Content {
    fn into_answer(self) -> Result<Outcome> {
        Ok(self.into())
    }
}

impl IntoAnswer<Tools> for Vec<Content> {
    fn into_answer(self) -> Result<Outcome> {
        Ok(self.into())
    }
}

impl IntoAnswer<Tools> for String {
    fn into_answer(self) -> Result<Outcome> {
        Ok(Outcome::text(self))
    }
}

impl IntoAnswer<Tools> for &'static str {
    fn into_answer(self) -> Result<Outcome> {
        Ok(Outcome::text(self))
    }
}

impl IntoAnswer<Tools> for () {
    fn into_answer(self) -> Result<Outcome> {
        Ok(Outcome::text("done"))
    }
}

/// The text of an error is for the model to read; the sources of an [`Error`] are for the log.
impl<T, E> IntoAnswer<Tools> for std::result::Result<T, E>
where
    T: IntoAnswer<Tools>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn into_answer(self) -> Result<Outcome> {
        match self {
            Ok(value) => value.into_answer(),
            Err(error) => fail(Error::from_boxed(error.into())),
        }
    }

    fn output_schema() -> Option<Map<String, Value>> {
        T::output_schema()
    }
}

/// Returns the answer of a tool that failed.
fn fail(error: Error) -> Result<Outcome> {
    match error.kind() {
        // A capability that the client lacks is for the client to hear, and not for the model.
        ErrorKind::Unsupported => Err(error),
        // The causes of an argument that does not fit may quote it, and the log must not.
        ErrorKind::Invalid => Ok(Outcome::error(error.advice())),
        _ => Ok(Outcome {
            cause: error.causes(),
            ..Outcome::error(error.advice())
        }),
    }
}

/// Returns the schema of a type as it serializes.
fn schema_of<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut generator = settings.into_generator();
    let mut schema = generator.subschema_for::<T>();
    let definitions = generator.take_definitions(true);
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    match normalize(schema.to_value(), Purpose::Answer) {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

/// Returns whether data of a type is sent as `{"result": …}`: by its schema, whatever the value at hand looks like.
fn is_wrapped<T: JsonSchema + 'static>() -> bool {
    // A schema takes longer to make than most calls, so each is made once. The types are those of the app's code, and few.
    static KNOWN: LazyLock<RwLock<HashMap<TypeId, bool>>> = LazyLock::new(RwLock::default);
    let id = TypeId::of::<T>();
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(is_wrapped) = known.get(&id) {
        return *is_wrapped;
    }
    drop(known);
    let is_wrapped = !is_object(&schema_of::<T>());
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.insert(id, is_wrapped);
    is_wrapped
}

/// Returns the schema of `{"result": …}`.
fn wrap(mut schema: Map<String, Value>) -> Map<String, Value> {
    let definitions = schema.remove("$defs");
    let mut root = Map::new();
    root.insert("type".into(), "object".into());
    root.insert("properties".into(), json!({ "result": schema }));
    root.insert("required".into(), json!(["result"]));
    root.extend(definitions.map(|definitions| ("$defs".to_owned(), definitions)));
    root
}

/// The type that a tool's function returns, before the compiler has found its [`Conversion`].
///
/// A method call prefers the most references, so `(&&&&Returned::<R>::new()).conversion()` takes the first of these
/// traits that holds for `R`: [`ConvertAnswer`], [`ConvertFallibleData`], [`ConvertData`], [`ConvertUnknown`]. One trait
/// with a blanket implementation could not do it: `String` is an answer by itself and is also `Serialize`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Returned<R>(PhantomData<fn() -> R>);

impl<R> Returned<R> {
    /// Returns the value to call `conversion` on.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "only the macros make it")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The conversion of a function's return type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Conversion<R> {
    answer: fn(R) -> Result<Outcome>,
    output_schema: fn() -> Option<Map<String, Value>>,
}

impl<R> Clone for Conversion<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Conversion<R> {}

impl<R> Conversion<R> {
    /// Converts what the function returned.
    ///
    /// # Errors
    /// As [`IntoAnswer::into_answer`].
    pub fn answer(self, value: R) -> Result<Outcome> {
        (self.answer)(value)
    }

    /// Sets a [tool](Tool)'s output schema, if the function returns data.
    #[must_use]
    pub fn describe(self, tool: Tool) -> Tool {
        match (self.output_schema)() {
            Some(schema) => tool.output_schema(schema),
            None => tool,
        }
    }
}

/// The first choice: a type that is an [answer](Outcome).
#[doc(hidden)]
pub trait ConvertAnswer<R> {
    /// Returns the conversion.
    fn conversion(&self) -> Conversion<R>;
}

impl<R: IntoAnswer<Tools>> ConvertAnswer<R> for &&&Returned<R> {
    fn conversion(&self) -> Conversion<R> {
        Conversion {
            answer: R::into_answer,
            output_schema: R::output_schema,
        }
    }
}

/// The second choice: a `Result` of data.
#[doc(hidden)]
pub trait ConvertFallibleData<R> {
    /// Returns the conversion.
    fn conversion(&self) -> Conversion<R>;
}

impl<T, E> ConvertFallibleData<std::result::Result<T, E>> for &&Returned<std::result::Result<T, E>>
where
    T: Serialize + JsonSchema + 'static,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn conversion(&self) -> Conversion<std::result::Result<T, E>> {
        Conversion {
            answer: |result| result.map(Structured).into_answer(),
            output_schema: Structured::<T>::output_schema,
        }
    }
}

/// The third choice: data.
#[doc(hidden)]
pub trait ConvertData<R> {
    /// Returns the conversion.
    fn conversion(&self) -> Conversion<R>;
}

impl<R: Serialize + JsonSchema + 'static> ConvertData<R> for &Returned<R> {
    fn conversion(&self) -> Conversion<R> {
        Conversion {
            answer: |data| Structured(data).into_answer(),
            output_schema: Structured::<R>::output_schema,
        }
    }
}

/// The last choice, which holds for no type: it is there for the compiler's message.
#[doc(hidden)]
pub trait ConvertUnknown<R> {
    /// Does not compile.
    fn conversion(&self) -> Conversion<R>
    where
        R: IntoAnswer<Tools>;
}

impl<R> ConvertUnknown<R> for Returned<R> {
    fn conversion(&self) -> Conversion<R>
    where
        R: IntoAnswer<Tools>,
    {
        Conversion {
            answer: R::into_answer,
            output_schema: R::output_schema,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Converts a value as the macros do.
    macro_rules! answer {
        ($value:expr => $ty:ty) => {
            (&&&&Returned::<$ty>::new())
                .conversion()
                .answer($value)
                .expect("for the model")
        };
    }

    macro_rules! schema {
        ($ty:ty) => {
            ((&&&&Returned::<$ty>::new()).conversion().output_schema)()
        };
    }

    #[derive(Serialize, JsonSchema)]
    struct Count {
        count: u64,
    }

    #[test]
    fn text_and_content_are_answers_as_they_are() {
        assert_eq!(
            answer!("hello".to_owned() => String),
            Outcome::text("hello")
        );
        let picture = Content::image("aGk=", "image/png");
        assert_eq!(
            answer!(vec![picture.clone()] => Vec<Content>).content,
            [picture]
        );
        assert_eq!(answer!(() => ()), Outcome::text("done"));
        assert!(schema!(String).is_none() && schema!(()).is_none());
    }

    #[test]
    fn data_is_structured_and_said_in_text_too() {
        let outcome = answer!(Count { count: 3 } => Count);
        assert_eq!(outcome.structured, Some(json!({"count": 3})));
        assert_eq!(outcome.content, [Content::text(r#"{"count":3}"#)]);
        assert_eq!(schema!(Count).expect("an object")["type"], "object");
    }

    #[test]
    fn data_that_is_no_object_is_wrapped_in_one() {
        assert_eq!(
            answer!(vec![1, 2] => Vec<u8>).structured,
            Some(json!({"result": [1, 2]}))
        );
        let schema = schema!(Vec<Count>).expect("wrapped");
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
        let schema = schema!(Option<Count>).expect("wrapped");
        assert_eq!(schema["required"], json!(["result"]));
        assert_eq!(
            answer!(Some(Count { count: 3 }) => Option<Count>).structured,
            Some(json!({"result": {"count": 3}}))
        );
        assert_eq!(
            answer!(None => Option<Count>).structured,
            Some(json!({"result": null}))
        );
        assert_eq!(answer!(() => ()), Outcome::text("done"));
        assert_eq!(
            answer!(json!({"a": 1}) => Value).structured,
            Some(json!({"result": {"a": 1}})),
            "any JSON has no object's schema"
        );
    }

    #[test]
    fn an_error_is_for_the_model() {
        type Counted<E> = std::result::Result<Count, E>;
        let outcome = answer!(Err("no such note") => Counted<&'static str>);
        assert_eq!(outcome, Outcome::error("no such note"));
        assert!(schema!(Counted<String>).is_some() && schema!(Result<String>).is_none());
        let error =
            || Error::unavailable("the upstream is down").with_source("refused by 10.0.0.7");
        let outcome = answer!(Err(error()) => Result<Count>);
        assert_eq!(outcome.content, [Content::text("the upstream is down")]);
        assert!(outcome.cause.expect("for the log").contains("10.0.0.7"));
        let lacking = Error::new(ErrorKind::Unsupported, "this client can't ask its model");
        let lacking = IntoAnswer::<Tools>::into_answer(Err::<String, _>(lacking));
        assert_eq!(
            lacking.expect_err("for the client").kind(),
            ErrorKind::Unsupported
        );
    }

    #[test]
    fn a_later_time_is_advised_where_it_is_known() {
        let error = Error::rate_limited("too many searches")
            .with_retry_after(std::time::Duration::from_millis(2_100));
        let outcome = answer!(Err(error) => Result<String>);
        assert_eq!(
            outcome.content,
            [Content::text("too many searches; try again in 3 s")]
        );
    }
}
