//! The [`Head`] of a JSON-RPC message, read from its bytes without a tree of it.
//!
//! rmcp refuses what it can't read without an id and without a reason, and takes a request whose `id` is null for a
//! notification; so both transports read the head first. An answer to a message whose id can't be read has none (MCP
//! 2026-07-28, basic, error responses).

use std::fmt;

use rmcp::ErrorData;
use rmcp::model::{JsonRpcError, RequestId};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::params;

/// The fields of a message at its top level, as far as an answer needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The method; `None` in an answer of the client's.
    pub(super) method: Option<String>,
    /// The id of the request; `None` in a notification.
    pub(super) id: Option<RequestId>,
}

/// Reads the [`Head`] of a message. The rest is skipped and not stored.
///
/// # Errors
/// -32700 for what is no JSON, -32600 for a batch, for what is no JSON-RPC 2.0 message of MCP and for an `id` that is
/// neither a string nor an integer, -32602 for `params` that are no object.
pub(super) fn head(bytes: &[u8]) -> Result<Head, JsonRpcError> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        refusal(
            None,
            ErrorData::parse_error("the message is not JSON: it is not UTF-8", None),
        )
    })?;
    match text
        .trim_start_matches([' ', '\t', '\r', '\n'])
        .as_bytes()
        .first()
    {
        Some(b'{') => serde_json::from_str::<MessageEnvelope>(text)
            .map_err(|error| misread(&error))?
            .head(),
        Some(b'[') => Err(no_object(
            text,
            "batches are not supported: send one message at a time",
        )),
        _ => Err(no_object(text, NO_MESSAGE)),
    }
}

/// Returns the error for a message whose [`head`] is good and whose rest is not as MCP has it; [`params::describe_problem`]
/// says what is wrong.
pub(super) fn error_for(bytes: &[u8]) -> JsonRpcError {
    match (
        serde_json::from_slice::<serde_json::Value>(bytes),
        head(bytes),
    ) {
        (Err(error), _) => misread(&error),
        (_, Err(refusal)) => refusal,
        (_, Ok(Head { method: None, id })) => {
            refusal(id, ErrorData::invalid_request(NO_MESSAGE, None))
        }
        (
            Ok(message),
            Ok(Head {
                method: Some(method),
                id,
            }),
        ) => {
            let params = message.get("params");
            let is_meta = params
                .is_some_and(|params| params.get("_meta").is_some_and(|meta| !meta.is_object()));
            let message = if is_meta {
                NO_PARAMS.to_owned()
            } else {
                params::describe_problem(&method, params)
            };
            refusal(id, ErrorData::invalid_params(message, None))
        }
    }
}

const NO_MESSAGE: &str = "this is no JSON-RPC 2.0 message of MCP";
const NO_PARAMS: &str = "`params` must be an object, and its `_meta` another";

fn refusal(id: Option<RequestId>, error: ErrorData) -> JsonRpcError {
    JsonRpcError::new(id, error)
}

fn misread(error: &serde_json::Error) -> JsonRpcError {
    let error = if error.is_data() {
        ErrorData::invalid_request(format!("{NO_MESSAGE}: {error}"), None)
    } else {
        ErrorData::parse_error(format!("the message is not JSON: {error}"), None)
    };
    refusal(None, error)
}

fn no_object(text: &str, message: &'static str) -> JsonRpcError {
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) => misread(&error),
        Ok(_) => refusal(None, ErrorData::invalid_request(message, None)),
    }
}

/// The top level of a message, whatever it holds: [`head`] checks each [`Shape`].
#[derive(Default, Deserialize)]
#[serde(default)]
struct MessageEnvelope {
    jsonrpc: Shape,
    id: Shape,
    method: Shape,
    params: Shape,
    result: Shape,
    error: Shape,
}

impl MessageEnvelope {
    fn head(self) -> Result<Head, JsonRpcError> {
        let is_answer = self.result != Shape::Absent || self.error != Shape::Absent;
        let method = match (self.jsonrpc, self.method) {
            (Shape::Text(version), Shape::Text(method)) if version == "2.0" && !is_answer => {
                Some(method)
            }
            (Shape::Text(version), Shape::Absent) if version == "2.0" && is_answer => None,
            _ => return Err(refusal(None, ErrorData::invalid_request(NO_MESSAGE, None))),
        };
        let id = match self.id {
            Shape::Absent => None,
            Shape::Text(text) => Some(RequestId::String(text.into())),
            Shape::Integer(number) => Some(RequestId::Number(number)),
            _ if method.is_none() => None,
            _ => {
                let message = "`id` must be a string or an integer";
                return Err(refusal(None, ErrorData::invalid_request(message, None)));
            }
        };
        match self.params {
            Shape::Absent | Shape::Null | Shape::Object => Ok(Head { method, id }),
            // A notification is never answered.
            _ if id.is_none() => Ok(Head { method, id }),
            _ => Err(refusal(id, ErrorData::invalid_params(NO_PARAMS, None))),
        }
    }
}

/// The value of a field, stored only as far as a [`Head`] needs it.
#[derive(Debug, Default, PartialEq)]
enum Shape {
    #[default]
    Absent,
    Null,
    Text(String),
    Integer(i64),
    Object,
    Other,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Shape, E> {
        Ok(Shape::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Shape, E> {
        Ok(i64::try_from(number).map_or(Shape::Other, Shape::Integer))
    }

    /// `1.0` and `1e2` are integers, as long as a double tells them from their neighbours (2^53).
    fn visit_f64<E>(self, number: f64) -> Result<Shape, E> {
        let is_exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and small enough"
        )]
        Ok(if is_exact {
            Shape::Integer(number as i64)
        } else {
            Shape::Other
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Shape, E> {
        Ok(Shape::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Shape, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Shape, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Shape::Object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Result<(Option<String>, Value), (i32, Value, String)> {
        match head(text.as_bytes()) {
            Ok(head) => Ok((
                head.method,
                head.id.map_or(Value::Null, RequestId::into_json_value),
            )),
            Err(refused) => {
                let id = refused.id.map_or(Value::Null, RequestId::into_json_value);
                Err((refused.error.code.0, id, refused.error.message.into_owned()))
            }
        }
    }

    #[test]
    fn a_head_is_read_whatever_the_message_holds() {
        let ping = |id: &str| {
            read(&format!(
                r#" {{"jsonrpc":"2.0","id":{id},"method":"ping","x":[{{"a":1e99}}]}}"#
            ))
        };
        for (id, expected) in [
            ("7", json!(7)),
            ("-1", json!(-1)),
            ("1.0", json!(1)),
            (r#""a""#, json!("a")),
        ] {
            assert_eq!(ping(id), Ok((Some("ping".to_owned()), expected)), "{id}");
        }
        let notification =
            r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#;
        assert_eq!(
            read(notification),
            Ok((Some("notifications/initialized".to_owned()), Value::Null))
        );
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
            Ok((None, json!(1)))
        );
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}"#),
            Ok((None, Value::Null))
        );
    }

    #[test]
    fn an_id_that_is_neither_a_string_nor_an_integer_is_refused_in_these_words() {
        for id in [
            "null",
            "1.5",
            "true",
            "[1]",
            "{}",
            "9223372036854775808",
            "1e300",
        ] {
            let refused = read(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#));
            assert_eq!(
                refused,
                Err((
                    -32_600,
                    Value::Null,
                    "`id` must be a string or an integer".to_owned()
                )),
                "{id}"
            );
        }
    }

    #[test]
    fn what_is_no_message_has_the_code_of_json_rpc() {
        for (text, code) in [
            ("", -32_700),
            ("{", -32_700),
            ("{oops", -32_700),
            ("{} x", -32_700),
            ("[1,", -32_700),
            ("\u{0}", -32_700),
            ("[]", -32_600),
            ("7", -32_600),
            ("{}", -32_600),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32_600),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32_600),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#,
                -32_600,
            ),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#, -32_600),
        ] {
            assert_eq!(read(text).map_err(|refused| refused.0), Err(code), "{text}");
        }
        assert_eq!(
            head(b"{\"a\":\"\xff\"}").map_err(|refused| refused.error.code.0),
            Err(-32_700)
        );
    }

    #[test]
    fn params_that_are_no_object_are_answered_to_their_id() {
        for params in ["[]", "7", r#""x""#] {
            let refused = read(&format!(
                r#"{{"jsonrpc":"2.0","id":"a","method":"ping","params":{params}}}"#
            ));
            assert_eq!(
                refused.map_err(|refused| (refused.0, refused.1)),
                Err((-32_602, json!("a"))),
                "{params}"
            );
        }
        let meta = error_for(br#"{"jsonrpc":"2.0","id":3,"method":"ping","params":{"_meta":"x"}}"#);
        assert_eq!(
            (meta.error.code.0, meta.id),
            (-32_602, Some(RequestId::Number(3)))
        );
    }
}
