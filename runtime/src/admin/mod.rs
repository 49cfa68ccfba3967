//! What an operator can do: the [`AdminApi`] seam, one method for each admin route.
//!
//! The CLI speaks to a server through one leaf and to a laptop's own store through the other; the laws (feature `laws`)
//! hold for both, so that they can't drift apart. A token is in an answer once, when it is made, and never again.

mod local;
mod scopes;
mod wire;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

pub(crate) use local::FindSafeTool;
pub use local::Local;
pub(crate) use scopes::KnownScopes;
pub use wire::{
    Imported, ImportedUser, IssuedToken, NewToken, NewUser, Registered, SafeTool, SafeToolCall,
    Token, User, UserDetails, UserList,
};

use crate::error::Result;
use crate::health::Details;
use crate::user::Email;

/// How many users one page has if nobody says otherwise.
pub const DEFAULT_LIMIT: usize = 100;

/// The most users one page has.
pub const MAX_LIMIT: usize = 1_000;

/// What an operator can do. Every method fails with [`Unavailable`](crate::ErrorKind::Unavailable) when the store or the
/// keys can't be reached; a remote leaf also with `Unauthenticated` and `Forbidden`.
#[async_trait]
pub trait AdminApi: fmt::Debug + Send + Sync + 'static {
    /// How the deployment is.
    ///
    /// # Errors
    /// None of its own.
    async fn health(&self) -> Result<Details>;

    /// Registers a user and makes the first token.
    ///
    /// # Errors
    /// `AlreadyExists`; `Invalid` for the email, the profile, or the token's name, duration or scopes, among them one that
    /// nothing in the app names; `TooLarge` for the profile.
    async fn register(&self, user: NewUser) -> Result<Registered>;

    /// Brings a user over from another system; doing it again changes nothing.
    ///
    /// # Errors
    /// `Invalid` for the profile or the name of a value; `TooLarge`.
    async fn import(&self, user: ImportedUser) -> Result<Imported>;

    /// At most `limit` users after this one, in order of email.
    ///
    /// # Errors
    /// None of its own.
    async fn users(&self, after: Option<&Email>, limit: usize) -> Result<UserList>;

    /// One user; of the profile, only what its type declares and does not mark as secret.
    ///
    /// # Errors
    /// `NotFound`.
    async fn user(&self, email: &Email) -> Result<UserDetails>;

    /// Ends every token of a user that was issued so far, and every process that works for the user. A record that can't be
    /// read is replaced by one without tokens.
    ///
    /// # Errors
    /// `NotFound`.
    async fn revoke(&self, email: &Email) -> Result<()>;

    /// Revokes a user and removes the record and all the user's data. Once it has answered, nothing of the user comes to be
    /// stored, also by calls that still run. A removal that was cut short is ended by the next.
    ///
    /// # Errors
    /// `NotFound`.
    async fn purge(&self, email: &Email) -> Result<()>;

    /// A user's profile; unless revealed, all but what its type declares and does not mark as secret is masked.
    ///
    /// # Errors
    /// `NotFound`.
    async fn profile(&self, email: &Email, reveal: bool) -> Result<Option<Value>>;

    /// Merges a patch (RFC 7396) into a user's profile and gives the outcome, secrets masked.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` if the patch is no object or the merged profile does not fit.
    async fn update_profile(&self, email: &Email, patch: &Value) -> Result<Value>;

    /// Makes another token for a user.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for the duration, the name or the scopes, or for one token too many; `Conflict` for a user who
    /// is being removed.
    async fn create_token(&self, token: NewToken) -> Result<IssuedToken>;

    /// A user's tokens that work, oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    async fn tokens(&self, email: &Email) -> Result<Vec<Token>>;

    /// Ends one token.
    ///
    /// # Errors
    /// `NotFound` for the user or the token.
    async fn revoke_token(&self, email: &Email, id: &str) -> Result<()>;

    /// The tool that may be called to see whether tools work, if the app names one.
    ///
    /// # Errors
    /// None of its own.
    async fn safe_tool(&self) -> Result<SafeTool>;
}
