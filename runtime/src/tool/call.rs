//! One call on its way to a tool, and what a tool's parameters take from it.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Arguments, Context};
use crate::error::{Error, Result};
use crate::profile::{Profile, hydrate};
use crate::records::UserData;
use crate::store;
use crate::user::{Caller, CurrentUser};

/// One call of a tool.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name it was called by.
    pub name: String,
    /// The arguments, not yet checked.
    pub arguments: Map<String, Value>,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// How long it may take.
    pub context: Context,
    /// Where users' data are.
    pub store: store::Shared,
}

impl Call {
    /// The arguments, to be taken one by one.
    #[must_use]
    pub fn take_arguments(&mut self) -> Arguments {
        Arguments::new(self.name.clone(), std::mem::take(&mut self.arguments))
    }
}

/// What a tool's parameter takes from the call itself.
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
        Ok(Self::new(Arc::clone(&call.store), user.email()))
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
                "this tool needs your profile, and {error}; ask the operator to run `users update-profile`"
            ))
        })
    }
}
