//! A tool: its definition and the function behind it.
//!
//! `#[tools]` writes these builder calls; [`Tool::raw`] is for schemas that come from elsewhere. The current user is
//! entered here, around the author's function, and nowhere else.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{Call, Definition, Hints, Outcome, Return, output_schema};
use crate::error::Result;
use crate::user::enter;

/// The function behind a tool.
pub type Handler = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Outcome>> + Send + Sync>;

/// A tool that an app offers.
#[derive(Clone)]
pub struct Tool {
    definition: Definition,
    handler: Handler,
}

impl Tool {
    /// A tool with a JSON schema, taken untouched, for its arguments.
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    /// use serde_json::json;
    ///
    /// let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
    /// let echo = Tool::raw("echo", schema, |call| async move { Ok(Outcome::text(call.arguments["text"].to_string())) })
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
            // Not an object: kept where `faults` will find it, so that the app reports it with all the others.
            other => Map::from_iter([("type".to_owned(), other)]),
        };
        let definition = Definition {
            name: name.into(),
            title: None,
            description: String::new(),
            input_schema: Arc::new(input_schema),
            output_schema: None,
            hints: Hints::default(),
            scopes: Vec::new(),
            timeout: None,
        };
        Self { definition, handler: Arc::new(move |call| Box::pin(handler(call))) }
    }

    /// The answer is a `T`: its schema is the output schema, unless it is text or content.
    #[must_use]
    pub fn returns<T: Return>(mut self) -> Self {
        self.definition.output_schema = output_schema::<T>().map(Arc::new);
        self
    }

    /// What the model reads about it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.definition.description = text.into();
        self
    }

    /// What people see instead of the name.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// What a client may assume of it.
    #[must_use]
    pub const fn hints(mut self, hints: Hints) -> Self {
        self.definition.hints = hints;
        self
    }

    /// What a token that names scopes must name to use it.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.definition.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// How long a call may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.definition.timeout = Some(timeout);
        self
    }

    /// JSON Schema of the structured answer, taken untouched.
    #[must_use]
    pub fn output_schema(mut self, schema: Map<String, Value>) -> Self {
        self.definition.output_schema = Some(Arc::new(schema));
        self
    }

    /// What the tool says of itself.
    #[must_use]
    pub const fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Runs it with the caller as the current user.
    ///
    /// # Errors
    /// `Invalid` if the arguments don't fit, and what the extractors refuse with.
    pub async fn call(&self, call: Call) -> Result<Outcome> {
        let caller = Arc::clone(&call.caller);
        enter(caller, (self.handler)(call)).await
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tool({})", self.definition.name)
    }
}
