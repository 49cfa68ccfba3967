//! The operators' API: the trait [`AdminApi`], with one method for each admin route.
//!
//! The CLI uses a server through its remote implementation and an app's own store through a local
//! one. The laws (feature `laws`) hold for both, so that they can't drift apart. A token is in an
//! answer once, when it is issued, and never again.

mod local;
mod scopes;
mod wire;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

pub(crate) use local::FindSafeTool;
pub(crate) use local::LocalAdmin;
pub(crate) use scopes::KnownScopes;
pub use wire::{
    ImportResult, ImportedUser, IssuedToken, NewToken, NewUser, RegisteredUser, SafeTool,
    SafeToolCall, Token, User, UserDetails, UserList,
};

use crate::error::Result;
use crate::health::Details;
use crate::user::Email;

/// The number of users of one page of [`AdminApi::users`] by default.
pub const DEFAULT_LIMIT: usize = 100;

/// The most users of one page of [`AdminApi::users`].
pub const MAX_LIMIT: usize = 1_000;

/// The operations of an operator on users, their profiles and their tokens.
///
/// Every method fails with [`Unavailable`](crate::ErrorKind::Unavailable) when the store or the
/// keys can't be reached; a remote implementation also with `Unauthenticated` and `Forbidden`.
///
/// ```
/// use mcp_lambda::{App, Result, admin::NewUser};
/// use mcp_lambda::testkit::{TestApp, block_on};
///
/// # fn main() -> Result<()> {
/// # block_on(async {
/// let app = TestApp::new(App::new("notes")).await;
/// let admin = app.server().admin();
/// let registered = admin.register(NewUser::new("alice@example.com".parse()?)).await?;
/// assert_eq!(registered.token.to_string(), "********", "exposed by `Secret::expose` only");
/// admin.revoke(&registered.email).await?;
/// assert_eq!(admin.tokens(&registered.email).await?.len(), 0);
/// # Ok(())
/// # })
/// # }
/// ```
#[async_trait]
pub trait AdminApi: fmt::Debug + Send + Sync + 'static {
    /// Returns the health of the deployment, with [`Details`] for operators.
    ///
    /// # Errors
    /// None of its own.
    async fn health(&self) -> Result<Details>;

    /// Registers a user and issues the first token.
    ///
    /// # Errors
    /// `AlreadyExists`; `Invalid` for the email, the profile, or the token's name, duration or
    /// scopes, among them a scope that nothing in the app names; `TooLarge` for the profile.
    async fn register(&self, user: NewUser) -> Result<RegisteredUser>;

    /// Imports a user from another system. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Invalid` for the profile or the name of a value; `TooLarge`.
    async fn import(&self, user: ImportedUser) -> Result<ImportResult>;

    /// Returns a page of at most `limit` users, in order of email, that follow `after`
    /// ([`UserList::next`] of the page before).
    ///
    /// # Errors
    /// None of its own.
    async fn users(&self, after: Option<&Email>, limit: usize) -> Result<UserList>;

    /// Returns one user. The profile has only the fields that its type declares and does not mark
    /// as [`Secret`](crate::Secret); the others are masked.
    ///
    /// # Errors
    /// `NotFound`.
    async fn user(&self, email: &Email) -> Result<UserDetails>;

    /// Revokes a user: every token issued so far ends, and every process that works for the user. A
    /// record that can't be read is replaced by one without tokens.
    ///
    /// # Errors
    /// `NotFound`.
    async fn revoke(&self, email: &Email) -> Result<()>;

    /// Revokes a user and removes the record and all the user's data. After it has answered, calls
    /// that still run store nothing of the user. A removal that was cut short is ended by the next.
    ///
    /// # Errors
    /// `NotFound`.
    async fn purge(&self, email: &Email) -> Result<()>;

    /// Returns a user's profile, masked as in [`AdminApi::user`] unless `reveal` is true.
    ///
    /// # Errors
    /// `NotFound`.
    async fn profile(&self, email: &Email, reveal: bool) -> Result<Option<Value>>;

    /// Merges a patch (RFC 7396, JSON Merge Patch) into a user's profile and returns the merged
    /// one, masked.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` if the patch is no object or the merged profile does not fit.
    async fn update_profile(&self, email: &Email, patch: &Value) -> Result<Value>;

    /// Issues another token for a user.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for the duration, the name or the scopes, or for one token too many;
    /// `Conflict` for a user who is being removed.
    async fn create_token(&self, token: NewToken) -> Result<IssuedToken>;

    /// Returns a user's valid tokens, oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    async fn tokens(&self, email: &Email) -> Result<Vec<Token>>;

    /// Revokes one token by its [id](Token::id).
    ///
    /// # Errors
    /// `NotFound` for the user or the token.
    async fn revoke_token(&self, email: &Email, id: &str) -> Result<()>;

    /// Returns the tool that may be called to check that tools work, if the app names one
    /// ([`App::safe_tool`](crate::App::safe_tool)).
    ///
    /// # Errors
    /// None of its own.
    async fn safe_tool(&self) -> Result<SafeTool>;
}
