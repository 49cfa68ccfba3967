//! Tools: functions that a model may call (MCP 2026-07-28, [tools](Tool)).

mod answer;
mod header;
mod hints;
mod outcome;
mod paginated;

#[cfg(test)]
pub(crate) mod laws;

use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use answer::{
    Conversion, ConvertAnswer, ConvertData, ConvertFallibleData, ConvertUnknown, Returned,
    Structured,
};
pub(crate) use header::HEADER as PARAMETER_HEADER;
pub use hints::{Hints, Visibility};
pub use outcome::Outcome;
pub use paginated::Paginated;

use crate::call::Call;
use crate::error::Result;
use crate::provider::{Answer, Definition, IntoAnswer, Primitive, Registration, Sealed};
use crate::schema::definite_problems;

/// MCP's tools as a [`Primitive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {}

/// A registered tool: its definition and its handler.
pub type Tool = Registration<Tools>;

/// The part of a [`Definition`] that only tools have (MCP `Tool`).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolDetail {
    /// JSON Schema (draft 2020-12) of the arguments; its root is an object.
    pub input_schema: Arc<Map<String, Value>>,
    /// JSON Schema of the structured result, if there is one; its root is an object.
    pub output_schema: Option<Arc<Map<String, Value>>>,
    /// The [annotations](Hints) for clients.
    pub hints: Hints,
    /// The version, if it declares one; a call may ask for it.
    pub version: Option<String>,
    /// The [page](crate::resource::UiResource) that shows its answers, a `ui://` URI (MCP Apps).
    pub ui: Option<String>,
    /// The callers for whom hosts show it, if it says so.
    pub visibility: Option<Visibility>,
    /// The [toolset](crate::Toolset) that it was registered in, if in any.
    #[doc(hidden)]
    pub origin: Option<Arc<ToolOrigin>>,
}

/// The origin of a [toolset](crate::Toolset)'s tool, which stays the same wherever the toolset is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(hidden)]
pub struct ToolOrigin {
    /// The [toolset](crate::Toolset)'s name.
    pub toolset: String,
    /// The name it was registered under.
    pub tool: String,
    /// The address at which the toolset's [pages](crate::resource::UiResource) call it.
    pub address: String,
}

impl Sealed for Tools {}

impl Primitive for Tools {
    const NAME: &'static str = "tool";
    type Detail = ToolDetail;
    type Answer = Outcome;

    fn problems(tool: &Definition<Self>) -> Vec<String> {
        let name = &tool.name;
        let mut problems = Vec::new();
        if !is_object(&tool.input_schema) {
            problems.push(format!(
                "tool `{name}`: the root of the input schema must be `\"type\": \"object\"`"
            ));
        }
        if tool
            .output_schema
            .as_ref()
            .is_some_and(|schema| !is_object(schema))
        {
            problems.push(format!(
                "tool `{name}`: the root of the output schema must be `\"type\": \"object\"`"
            ));
        }
        let schemas = [
            ("input", Some(&tool.input_schema)),
            ("output", tool.output_schema.as_ref()),
        ];
        for (which, schema) in schemas
            .into_iter()
            .filter_map(|(which, schema)| Some((which, schema?)))
        {
            let of_schema = definite_problems(schema).into_iter();
            problems.extend(
                of_schema.map(|problem| format!("tool `{name}`: the {which} schema: {problem}")),
            );
        }
        problems.extend(header::problems(tool));
        problems
    }

    /// Only a tool that its author marks as read-only is one.
    fn is_read_only(tool: &Definition<Self>) -> bool {
        tool.hints.read_only == Some(true)
    }

    fn argument_schema(tool: &Definition<Self>) -> &Arc<Map<String, Value>> {
        &tool.detail.input_schema
    }

    fn version(tool: &Definition<Self>) -> Option<&str> {
        tool.detail.version.as_deref()
    }

    /// The address for a toolset's pages, if they may call it.
    fn alias(tool: &Definition<Self>) -> Option<&str> {
        let origin = tool
            .origin
            .as_deref()
            .filter(|_| tool.may_be_called_by_pages());
        origin.map(|origin| origin.address.as_str())
    }
}

impl ToolDetail {
    /// Returns `true` if [pages](crate::resource::UiResource) may call it.
    #[must_use]
    pub(crate) fn may_be_called_by_pages(&self) -> bool {
        self.visibility
            .is_none_or(|visibility| visibility != Visibility::Model)
    }
}

impl Registration<Tools> {
    /// Makes a tool with this JSON Schema of its arguments, listed unchanged.
    ///
    /// Arguments are coerced by the schema and not checked by it.
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    /// use serde_json::json;
    ///
    /// let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
    /// let echo = Tool::raw("echo", schema, |call| async move { Ok(Outcome::text(call.arguments()["text"].to_string())) })
    ///     .description("Says what it is told.");
    /// assert_eq!(echo.definition().name, "echo");
    /// ```
    pub fn raw<F, W>(name: impl Into<String>, input_schema: Value, handler: F) -> Self
    where
        F: Fn(Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let input_schema = match input_schema {
            Value::Object(schema) => schema,
            // Not an object: kept where `problems` will find it, so that the app reports it with all the others.
            other => Map::from_iter([("type".to_owned(), other)]),
        };
        Self::make(
            name,
            ToolDetail {
                input_schema: Arc::new(input_schema),
                ..ToolDetail::default()
            },
            handler,
        )
    }

    /// Sets the output schema of an answer of this type, if it has one: `returns::<Structured<T>>()`.
    #[must_use]
    pub fn returns<R: IntoAnswer<Tools>>(self) -> Self {
        self.with(|tool| tool.output_schema = R::output_schema().map(Arc::new))
    }

    /// Sets the JSON Schema of the structured answer, unchanged.
    #[must_use]
    pub fn output_schema(self, schema: Map<String, Value>) -> Self {
        self.with(|tool| tool.output_schema = Some(Arc::new(schema)))
    }

    /// Sets the [annotations](Hints) for clients.
    #[must_use]
    pub fn hints(self, hints: Hints) -> Self {
        self.with(|tool| tool.hints = hints)
    }

    /// Sets its version. A call that asks for another one finds no such [tool](Tool).
    #[must_use]
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with(|tool| tool.version = Some(version.into()))
    }

    /// Shows its answers on this page, a [`UiResource`](crate::resource::UiResource) of the same toolset or app.
    #[must_use]
    pub fn ui(self, uri: impl Into<String>) -> Self {
        self.with(|tool| tool.ui = Some(uri.into()))
    }

    /// Sets the callers for whom hosts show it: the model, [pages](crate::resource::UiResource), or both.
    #[must_use]
    pub fn visibility(self, visibility: Visibility) -> Self {
        self.with(|tool| tool.visibility = Some(visibility))
    }

    fn with(mut self, change: impl FnOnce(&mut ToolDetail)) -> Self {
        change(&mut self.definition_mut().detail);
        self
    }
}

impl Answer for Outcome {
    fn size(&self) -> usize {
        self.size()
    }

    fn failure(&self) -> Option<Option<&str>> {
        self.is_error.then_some(self.cause.as_deref())
    }
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}
