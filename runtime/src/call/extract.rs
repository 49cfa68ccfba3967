//! Extractors: parameters that a handler takes from the call, and never from its client.

use std::future::Future;

use serde::de::DeserializeOwned;

use super::{ArgumentSchema, Call, Context};
use crate::error::{Error, Result};
use crate::profile::{Profile, hydrate};
use crate::records::UserData;
use crate::user::CurrentUser;

/// A parameter that comes from the call: an extractor.
///
/// The framework's own are [`CurrentUser`], [`Profile`], [`UserData`], [`State`](super::State) and [`Context`]. A type of
/// your own becomes one by this trait alone, and a handler uses it as any other parameter. It never appears in the schema
/// of the arguments, so no client can send it.
///
/// ```
/// use mcp_lambda::call::{Call, FromCall};
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// /// The domain of the caller's email address.
/// pub struct Domain(String);
///
/// impl FromCall for Domain {
///     async fn from_call(call: &Call) -> Result<Self> {
///         let user = CurrentUser::from_call(call).await?;
///         let domain = user.email().as_str().rsplit_once('@').map(|(_, domain)| domain.to_owned());
///         domain.map(Self).ok_or_else(|| Error::internal("an email address has no domain"))
///     }
/// }
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Names the caller's domain.
///     #[tool(read_only)]
///     pub async fn domain(domain: Domain) -> String {
///         domain.0
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("domains").tools(tools::tools())).await;
///     let alice = app.user("alice@example.com").await;
///     assert_eq!(alice.call("domain", json!({})).await.tool_text(), "example.com");
/// });
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be taken from a call",
    label = "no extractor",
    note = "implement `FromCall` for it; an argument of that type needs a plain name before the `:`"
)]
pub trait FromCall: Sized {
    /// Takes the value from a call.
    ///
    /// # Errors
    /// An error for the model to read when the call does not have it.
    fn from_call(call: &Call) -> impl Future<Output = Result<Self>> + Send;

    /// Declares the states that the extractor needs ([`ArgumentSchema::state`]), so that [`App::check`](crate::App::check)
    /// reports one that is missing. By default it declares none.
    fn declare(_schema: &mut ArgumentSchema) {}
}

impl FromCall for CurrentUser {
    async fn from_call(call: &Call) -> Result<Self> {
        Self::from_caller(&call.caller)
    }
}

impl FromCall for UserData {
    async fn from_call(call: &Call) -> Result<Self> {
        Self::for_caller(&call.store, &call.caller)
    }
}

impl FromCall for Context {
    async fn from_call(call: &Call) -> Result<Self> {
        Ok(call.context.clone())
    }
}

impl<T: DeserializeOwned> FromCall for Profile<T> {
    async fn from_call(call: &Call) -> Result<Self> {
        let profile = hydrate(call.caller.profile());
        profile.map(Self).map_err(|error| {
            Error::invalid(format!(
                "this {} needs your profile, and {error}; ask the operator to run `users update-profile`",
                call.primitive
            ))
        })
    }
}
