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

use std::sync::Arc;

use serde_json::{Map, Value};

pub use arguments::{Argument, ArgumentSchema, Arguments};
pub use asking::Confirmation;
pub use channel::{Channel, ClientInfo, Level, Progress};
pub use content::Content;
pub use context::{Context, Deadline, RequestId, ToolAddresses};
pub use extract::FromCall;
pub use parameter::{Parameter, ViaArguments, ViaCall, describe_parameter, take_parameter};
pub use state::{State, StateType, States};
pub use trace::Trace;

use crate::clock::Clock;
use crate::elicitation::InputResponses;
use crate::error::Result;
use crate::printable::shortened;
use crate::schema::{coerce, near_miss, unknown};
use crate::store;
use crate::user::Caller;

/// A call of a tool, a prompt or a resource.
#[derive(Clone, Debug)]
pub struct Call {
    /// The primitive: `tool`, `prompt` or `resource`.
    pub primitive: &'static str,
    /// The name or the URI that it was called by.
    pub name: String,
    /// The version that the client asks for; `None` for any.
    pub version: Option<String>,
    /// The client's arguments; once the call is resolved, [coerced](crate::schema::coerce()) by their schema.
    pub arguments: Map<String, Value>,
    /// The [caller](Caller), whose credential was verified.
    pub caller: Arc<Caller>,
    /// The [deadline](Context::deadline), the way back to the client, and the user's earlier answers.
    pub context: Context,
    /// The answers that a client brings back to a [call](Call) that asked its user (MCP 2026-07-28, multi round-trip requests).
    pub retry: Option<InputResponses>,
    /// The [store](store::Store) of the users' data.
    pub store: store::SharedStore,
    /// The [clock](Clock) of the server.
    pub clock: Arc<dyn Clock>,
    /// The app's states, by type.
    pub states: States,
}

impl Call {
    /// Removes the arguments, to be taken one by one.
    #[must_use]
    pub fn take_arguments(&mut self) -> Arguments {
        Arguments::new(
            self.primitive,
            self.name.clone(),
            std::mem::take(&mut self.arguments),
        )
    }

    /// Coerces the arguments by this schema. Unknown ones stay: clients add names of their
    /// own, and nobody takes them.
    ///
    /// # Errors
    /// `Invalid` for a name that the schema does not know and that was likely meant for an argument that is not there.
    pub(crate) fn fit_arguments(&mut self, schema: &Map<String, Value>) -> Result<()> {
        if let Some((given, meant)) = near_miss(&self.arguments, schema) {
            let problem = format!(
                "there is no argument `{}`; did you mean `{meant}`?",
                shortened(given)
            );
            return Err(arguments::misfit(self.primitive, &self.name, &problem));
        }
        // Their names are the client's text, and may hold anything: they are counted and not written.
        let unknown = unknown(&self.arguments, schema).count();
        if unknown > 0 {
            tracing::debug!(
                kind = self.primitive,
                name = self.name,
                unknown,
                "arguments that nobody knows"
            );
        }
        let mut arguments = Value::Object(std::mem::take(&mut self.arguments));
        coerce(&mut arguments, schema);
        if let Value::Object(arguments) = arguments {
            self.arguments = arguments;
        }
        Ok(())
    }
}
