//! A call on its way to its handler, and the handler's parameters: [`Argument`]s and extractors ([`FromCall`]).
//!
//! Tools, prompts and resources are called alike; nothing here knows which of them is called.

mod arguments;
mod asking;
mod channel;
mod content;
mod context;
mod extract;
mod parameter;
mod reports;
mod state;
mod trace;

use std::mem;
use std::sync::Arc;

use serde_json::{Map, Value};

#[doc(hidden)] // For the code that the macros generate, like the parameters.
pub use arguments::Arguments;
pub use arguments::{Argument, ArgumentSchema};
pub use asking::Confirmation;
pub(crate) use channel::{Channel, Progress};
pub use channel::{ClientInfo, Level};
pub use content::Content;
pub use context::Context;
pub(crate) use context::{Deadline, RequestId, ToolAddresses};
pub use extract::FromCall;
#[doc(hidden)]
pub use parameter::{Parameter, ViaArguments, ViaCall, describe_parameter, take_parameter};
pub use state::State;
#[doc(hidden)]
pub use state::StateType;
pub(crate) use state::States;
pub use trace::Trace;

use crate::clock::Clock;
use crate::elicitation::InputResponses;
use crate::error::Result;
use crate::printable::shorten;
use crate::schema::{coerce, near_miss, unknown_names};
use crate::store;
use crate::user::Caller;

/// A call of a tool, a prompt or a resource, on its way through the middleware to its handler.
///
/// A [`Middleware`](crate::middleware::Middleware) may change the arguments ([`arguments_mut`](Self::arguments_mut)) and
/// nothing else: the name was resolved and the caller verified before the first rule saw the call.
///
/// ```
/// use mcp_lambda::call::Call;
/// use mcp_lambda::middleware::{Next, from_fn};
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// let echo = Tool::raw("echo", json!({"type": "object"}), |call| async move {
///     Ok(Outcome::text(call.arguments()["text"].as_str().unwrap_or_default()))
/// });
/// let signed = from_fn(async |mut call: Call, next: Next| {
///     let text = format!("{} says so", call.caller().subject());
///     call.arguments_mut().insert("text".to_owned(), json!(text));
///     next.run(call).await
/// });
/// block_on(async {
///     let app = App::new("echo").tools([echo.description("Echoes.")]).layer(signed);
///     let app = TestApp::new(app).await;
///     let answer = app.user("alice@example.com").await.call("echo", json!({"text": "hi"})).await;
///     assert_eq!(answer.tool_text(), "alice@example.com says so");
/// });
/// ```
///
/// No rule can call in the name of somebody else:
///
/// ```compile_fail,E0616
/// use mcp_lambda::call::Call;
/// use mcp_lambda::middleware::{Next, from_fn};
/// use mcp_lambda::user::Caller;
///
/// let forged = from_fn(async |mut call: Call, next: Next| {
///     call.caller = std::sync::Arc::new(Caller::probe());
///     next.run(call).await
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) primitive: &'static str,
    pub(crate) name: String,
    /// The version that the client asks for; `None` for any.
    pub(crate) version: Option<String>,
    /// The arguments, shared with whoever keeps them for comparison; [`Arc::make_mut`] changes them for the rest of the call.
    pub(crate) arguments: Arc<Map<String, Value>>,
    pub(crate) caller: Arc<Caller>,
    pub(crate) context: Context,
    /// The client's responses, if the call was answered with a request for input before (MCP 2026-07-28).
    pub(crate) input_responses: Option<InputResponses>,
    /// `true` if the arguments were coerced by the definition's schema.
    pub(crate) is_bound: bool,
    pub(crate) store: store::SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    /// The app's states, by type.
    pub(crate) states: States,
}

impl Call {
    /// Returns the primitive that is called ([`Primitive::NAME`](crate::provider::Primitive::NAME)): `tool`, `prompt` or
    /// `resource`; `request` for another request of a foreign server.
    #[must_use]
    pub const fn primitive(&self) -> &'static str {
        self.primitive
    }

    /// Returns the name or the URI that the client called, which may be an alias of the name that is listed
    /// ([`Next::definition`](crate::middleware::Next::definition) has that one).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the verified [`Caller`].
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns the [`Context`]: the deadline, the way back to the client, and the user's earlier answers.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the [`Clock`] of the server, by which everything that is stored is dated.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Returns the [`Store`](store::Store) under the users' data, for a rule or an extractor that keeps records of its own.
    ///
    /// Their partitions need a prefix that the framework does not use; [`UserData`](crate::UserData) is the way to what
    /// belongs to a user.
    #[must_use]
    pub fn store(&self) -> &store::SharedStore {
        &self.store
    }

    /// Returns the client's arguments, or the variables of a resource's URI.
    ///
    /// The framework's rules have coerced them by the definition's schema before a rule of the
    /// app's sees them: there is a number where a number is due.
    #[must_use]
    pub fn arguments(&self) -> &Map<String, Value> {
        &self.arguments
    }

    /// Returns the arguments for changing, for the rules further in and the handler.
    ///
    /// They are not read by the schema again, so a value must have the type that the schema says. A call that asks its
    /// user is sealed with the arguments as they are then, and the client sends the original ones in each round: a rule
    /// makes the same change each time, or the user's answer is refused as stale
    /// ([`ErrorKind::Stale`](crate::ErrorKind::Stale)).
    pub fn arguments_mut(&mut self) -> &mut Map<String, Value> {
        Arc::make_mut(&mut self.arguments)
    }

    /// Removes the arguments, to be taken one by one.
    #[must_use]
    #[doc(hidden)]
    pub fn take_arguments(&mut self) -> Arguments {
        Arguments::new(
            self.primitive,
            self.name.clone(),
            mem::take(&mut self.arguments),
        )
    }

    /// Coerces the arguments by this schema. Unknown ones stay: clients add names of their
    /// own, and nobody takes them.
    ///
    /// # Errors
    /// `Invalid` for a name that the schema does not know and that was likely meant for an argument that is not there.
    pub(crate) fn read_arguments(&mut self, schema: &Map<String, Value>) -> Result<()> {
        if let Some((given, meant)) = near_miss(&self.arguments, schema) {
            let problem = format!(
                "there is no argument `{}`; did you mean `{meant}`?",
                shorten(given)
            );
            return Err(arguments::misfit(self.primitive, &self.name, &problem));
        }
        // Their names are the client's text, and may hold anything: they are counted and not written.
        let unknown = unknown_names(&self.arguments, schema).count();
        if unknown > 0 {
            tracing::debug!(
                kind = self.primitive,
                name = self.name,
                unknown,
                "arguments that nobody knows"
            );
        }
        // Nobody else holds the arguments yet as a rule, so this moves them and copies nothing.
        let mut arguments = Value::Object(Arc::unwrap_or_clone(mem::take(&mut self.arguments)));
        coerce(&mut arguments, schema);
        if let Value::Object(arguments) = arguments {
            self.arguments = Arc::new(arguments);
        }
        self.is_bound = true;
        Ok(())
    }
}
