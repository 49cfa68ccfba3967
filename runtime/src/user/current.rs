//! The user on whose behalf the running tool works: [`CurrentUser`] and [`current_user`].
//!
//! The task-local is entered in one place, around the author's function: rmcp runs handlers in
//! tasks of their own, so no value set further out would reach it. It must never be entered
//! anywhere else.

use std::future::Future;
use std::sync::Arc;

use super::{Caller, Email, Scopes};
use crate::error::{Error, Result};

tokio::task_local! {
    static CURRENT: Arc<Caller>;
}

/// The registered user who makes the running call; an extractor, like [`Context`](crate::Context).
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Names the caller.
///     #[tool(read_only)]
///     pub async fn whoami(user: CurrentUser) -> Result<String> {
///         assert_eq!(user.email(), current_user()?.email());
///         Ok(user.email().to_string())
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("names").tools(tools::tools())).await;
///     let alice = app.user("Alice@Example.com").await;
///     assert_eq!(alice.call("whoami", json!({})).await.tool_text(), "alice@example.com");
/// });
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentUser {
    email: Email,
    caller: Arc<Caller>,
}

impl CurrentUser {
    /// Extracts the user of a [`Caller`].
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for the probe and anonymous callers, which are no
    /// users.
    pub(crate) fn from_caller(caller: &Arc<Caller>) -> Result<Self> {
        Ok(Self {
            email: caller.require_email()?.clone(),
            caller: Arc::clone(caller),
        })
    }

    /// Returns the user's email, in lower case.
    #[must_use]
    pub const fn email(&self) -> &Email {
        &self.email
    }

    /// Returns the [`Scopes`] of the user's token.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        self.caller.scopes()
    }
}

/// Returns the user on whose behalf the running tool works, anywhere in the tool's own task.
///
/// # Errors
/// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) outside a tool, such as in a task the
/// tool spawned.
pub fn current_user() -> Result<CurrentUser> {
    // The task-local is unset outside of a tool, and in a task that the tool spawned: tokio does
    // not hand task-locals on. Failing is right there, since no user may be guessed.
    CURRENT
        .try_with(CurrentUser::from_caller)
        .unwrap_or_else(|_| {
            Err(Error::unauthenticated(
                "there is no current user here; ask for it inside a tool",
            ))
        })
}

/// Runs a tool's future with its [`Caller`] as the [`current_user`].
pub(crate) async fn enter<F: Future>(caller: Arc<Caller>, work: F) -> F::Output {
    CURRENT.scope(caller, work).await
}
