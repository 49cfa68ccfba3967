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

pub use arguments::ArgumentSchema;
#[doc(hidden)] // For the code that the macros generate, like the parameters.
pub use arguments::{Argument, Arguments};
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
    /// The client's arguments; once the call is bound to a definition, [coerced](crate::schema::coerce()) by its schema.
    ///
    /// They are shared: [`Arc::make_mut`] changes them for the rest of the call.
    pub arguments: Arc<Map<String, Value>>,
    /// The [caller](Caller), whose credential was verified.
    pub caller: Arc<Caller>,
    /// The [deadline](Context::deadline), the way back to the client, and the user's earlier answers.
    pub context: Context,
    /// The client's responses, if the [call](Call) was answered with a request for input before (MCP 2026-07-28).
    pub(crate) input_responses: Option<InputResponses>,
    /// `true` if the arguments were coerced by the definition's schema.
    pub(crate) is_bound: bool,
    /// The [store](store::Store) of the users' data.
    pub store: store::SharedStore,
    /// The [clock](Clock) of the server.
    pub clock: Arc<dyn Clock>,
    /// The app's states, by type.
    pub(crate) states: States,
}

impl Call {
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
        let unknown = unknown(&self.arguments, schema).count();
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
