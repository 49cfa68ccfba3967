//! One call on its way to a function of the author's, and what the function's parameters take from it.
//!
//! Tools, prompts and resources are called alike; nothing here knows which of them is.

mod arguments;
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
pub use channel::{Channel, ClientInfo, Level, Progress};
pub use content::Content;
pub use context::{Confirmation, Context, Deadline, RequestId, ToolAddresses};
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

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called, in a word: `tool`, `prompt`, `resource`.
    pub primitive: &'static str,
    /// What it was called by: a name, or a URI.
    pub name: String,
    /// The version that is asked for, if not any.
    pub version: Option<String>,
    /// The arguments: what the client sent, and once the call is resolved, read as their schema means them.
    pub arguments: Map<String, Value>,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// How long it may take, who listens, what was asked before.
    pub context: Context,
    /// What a client brings back that was asked something.
    pub retry: Option<InputResponses>,
    /// Where users' data are.
    pub store: store::SharedStore,
    /// What tells the time of day.
    pub clock: Arc<dyn Clock>,
    /// The app's states, by type.
    pub states: States,
}

impl Call {
    /// The arguments, to be taken one by one.
    #[must_use]
    pub fn take_arguments(&mut self) -> Arguments {
        Arguments::new(
            self.primitive,
            self.name.clone(),
            std::mem::take(&mut self.arguments),
        )
    }

    /// Reads the arguments as this schema means them ([`coerce`]). What it does not know stays: clients add names of their
    /// own, and nobody takes them.
    ///
    /// # Errors
    /// `Invalid` for a name that the schema does not know and that was likely meant for an argument that is not there.
    pub(crate) fn fit_arguments(&mut self, schema: &Map<String, Value>) -> Result<()> {
        if let Some((given, meant)) = near_miss(&self.arguments, schema) {
            let words = format!(
                "there is no argument `{}`; did you mean `{meant}`?",
                shortened(given)
            );
            return Err(arguments::unfit(self.primitive, &self.name, &words));
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
