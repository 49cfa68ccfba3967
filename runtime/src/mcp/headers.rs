//! Comparison of arguments with the headers that repeat them (MCP 2026-07-28, streamable HTTP, custom headers).
//!
//! rmcp compares them before anyone has asked whether the caller may see the tool, and a refusal would tell that the tool
//! exists. So rmcp is told of no tool, and the comparison is made here once the name is resolved.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::request::Parts;
use rmcp::model::Tool;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value};

use super::peer::is_modern;
use crate::tool::PARAMETER_HEADER;

/// The beginning of the name of every header that repeats an argument.
const PREFIX: &str = "mcp-param-";

/// Compares the arguments of a call with its headers. The result is for those alone who may see the tool.
pub(super) fn check_headers(
    tool: Option<&Tool>,
    arguments: Option<&Map<String, Value>>,
    context: &RequestContext<RoleServer>,
) -> Result<(), ErrorData> {
    let (Some(tool), Some(headers)) = (tool, ParameterHeaders::of(context)) else {
        return Ok(());
    };
    headers.check(&tool.input_schema, arguments.unwrap_or(&Map::new()))
}

/// The headers of a request that repeat arguments.
pub(super) struct ParameterHeaders {
    headers: Vec<Header>,
}

struct Header {
    /// The name behind `mcp-param-`, in lower case.
    name: String,
    value: HeaderValue,
}

impl ParameterHeaders {
    /// Takes them from a request; `None` for one without headers, and for one of a revision that repeats nothing in them.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        let parts = context.extensions.get::<Parts>()?;
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(PREFIX)?.to_owned();
            let value = value.clone();
            Some(Header { name, value })
        });
        is_modern(context).then(|| Self {
            headers: headers.collect(),
        })
    }

    /// Compares them with the arguments of a call, by the annotations of the tool's input schema.
    ///
    /// # Errors
    /// -32020 for a header that is missing, is there twice or for no argument, or says something else.
    pub(super) fn check(
        &self,
        schema: &Map<String, Value>,
        arguments: &Map<String, Value>,
    ) -> Result<(), ErrorData> {
        let checked = self.check_properties(schema, Some(arguments));
        checked.map_err(|problem| ErrorData::header_mismatch(problem, None))
    }

    /// Annotations are on properties, and on properties of those (`tool/header.rs` has the rules).
    fn check_properties(
        &self,
        schema: &Map<String, Value>,
        arguments: Option<&Map<String, Value>>,
    ) -> Result<(), String> {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let argument = arguments.and_then(|arguments| arguments.get(name));
            if let Some(Value::String(header)) = property.get(PARAMETER_HEADER) {
                self.check_argument(header, name, argument)?;
            }
            if let Some(property) = property.as_object() {
                self.check_properties(property, argument.and_then(Value::as_object))?;
            }
        }
        Ok(())
    }

    fn check_argument(
        &self,
        header: &str,
        name: &str,
        argument: Option<&Value>,
    ) -> Result<(), String> {
        let expected = argument.and_then(primitive);
        match (self.value(header)?, expected) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(format!(
                "the header `{PREFIX}{header}` of `{name}` is missing"
            )),
            (Some(_), None) => Err(format!(
                "the header `{PREFIX}{header}` is there, and `{name}` has no value"
            )),
            (Some(value), Some(expected)) if value == expected => Ok(()),
            (Some(_), Some(_)) => Err(format!(
                "the header `{PREFIX}{header}` and the argument `{name}` differ"
            )),
        }
    }

    /// Returns the decoded value of a header. Of two, a gateway may have read either.
    fn value(&self, header: &str) -> Result<Option<String>, String> {
        let is_named = |one: &&Header| one.name.eq_ignore_ascii_case(header);
        let mut found = self.headers.iter().filter(is_named);
        let Some(Header { value, .. }) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(format!("the header `{PREFIX}{header}` is there twice"));
        }
        let decoded = value.to_str().ok().and_then(decode);
        decoded.map(Some).ok_or_else(|| {
            format!("the header `{PREFIX}{header}` is neither ASCII text nor base64 of UTF-8")
        })
    }
}

/// Returns a value as a header has it; `None` for one that no header repeats.
fn primitive(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Decodes `=?base64?…?=`, by which clients send what no header can carry; other text is returned unchanged.
fn decode(text: &str) -> Option<String> {
    let wrapped = text.strip_prefix("=?base64?");
    match wrapped.and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
        None => Some(text.to_owned()),
    }
}
