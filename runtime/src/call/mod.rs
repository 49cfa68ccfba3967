//! One call on its way to a function of the author's, and what the function's parameters take from it.
//!
//! Tools, prompts and resources are called alike; nothing here knows which of them is.

mod arguments;
mod channel;
mod content;
mod context;
mod reports;
mod trace;

use std::mem;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use arguments::{Argument, ArgumentSchema, Arguments};
pub use channel::{Channel, ClientInfo, Level, Progress};
pub use content::Content;
pub use context::{Confirmation, Context, Deadline, ToolAddresses};
pub use trace::Trace;

use crate::clock::Clock;
use crate::elicitation::InputResponses;
use crate::error::{Error, Result};
use crate::printable::shortened;
use crate::profile::{Profile, hydrate};
use crate::records::UserData;
use crate::schema::{coerce, near_miss, unknown};
use crate::store;
use crate::user::{Caller, CurrentUser};

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called, in a word: `tool`, `prompt`, `resource`.
    pub primitive: &'static str,
    /// What it was called by: a name, or a URI.
    pub name: String,
    /// The version that is asked for, if not any.
    pub version: Option<String>,
    /// The arguments, as the client sent them until the call is bound to a definition, then as its schema means them.
    ///
    /// They are shared: [`Arc::make_mut`] changes them for the rest of the call.
    pub arguments: Arc<Map<String, Value>>,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// How long it may take, who listens, what was asked before.
    pub context: Context,
    /// The client's responses, if the call was answered with a request for input before (MCP 2026-07-28).
    pub input_responses: Option<InputResponses>,
    /// Whether the arguments were read by the definition's schema.
    pub(crate) is_bound: bool,
    /// Where users' data are.
    pub store: store::SharedStore,
    /// What tells the time of day.
    pub clock: Arc<dyn Clock>,
}

impl Call {
    /// The arguments, to be taken one by one.
    #[must_use]
    pub fn take_arguments(&mut self) -> Arguments {
        Arguments::new(
            self.primitive,
            self.name.clone(),
            mem::take(&mut self.arguments),
        )
    }

    /// Reads the arguments as this schema means them ([`coerce`]). What it does not know stays: clients add names of their
    /// own, and nobody takes them.
    ///
    /// # Errors
    /// `Invalid` for a name that the schema does not know and that was likely meant for an argument that is not there.
    pub(crate) fn read_arguments(&mut self, schema: &Map<String, Value>) -> Result<()> {
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

/// What a parameter takes from the call itself.
pub trait FromCall: Sized {
    /// Takes it.
    ///
    /// # Errors
    /// An error for the model to read when the call does not have it.
    fn from_call(call: &Call) -> Result<Self>;
}

impl FromCall for CurrentUser {
    fn from_call(call: &Call) -> Result<Self> {
        Self::from_caller(&call.caller)
    }
}

impl FromCall for UserData {
    fn from_call(call: &Call) -> Result<Self> {
        let user = CurrentUser::from_caller(&call.caller)?;
        let id = call.caller.registration();
        let id = id.ok_or_else(|| {
            Error::forbidden("nothing is kept for this user, who is not registered here")
        })?;
        Ok(Self::new(Arc::clone(&call.store), user.email(), id)
            .with_read_only(call.caller.is_read_only()))
    }
}

impl FromCall for Context {
    fn from_call(call: &Call) -> Result<Self> {
        Ok(call.context.clone())
    }
}

impl<T: DeserializeOwned> FromCall for Profile<T> {
    fn from_call(call: &Call) -> Result<Self> {
        let profile = hydrate(call.caller.profile());
        profile.map(Self).map_err(|error| {
            Error::invalid(format!(
                "this {} needs your profile, and {error}; ask the operator to run `users update-profile`",
                call.primitive
            ))
        })
    }
}
