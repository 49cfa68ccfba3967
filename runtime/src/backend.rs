//! Backends: the store of users and the source of keys that an app runs on.
//!
//! A backend opens only the resources that a setting names, and must fail rather than fall back:
//! nothing here chooses a [`Store`](store::Store) that no setting names.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::error::Result;
use crate::keys::SigningKeys;
use crate::store;

/// A [`Store`](store::Store) and its [`SigningKeys`].
///
/// ```
/// use std::sync::Arc;
/// use mcp_lambda::{backend::Backend, keys::{Given, SigningKey}, store::Memory};
///
/// let keys = Given::new(SigningKey::new([7; 32])?);
/// let backend = Backend { store: Arc::new(Memory::default()), keys: Arc::new(keys) };
/// assert_eq!(backend.store.to_string(), "memory");
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Backend {
    /// The store of users and their data.
    pub store: store::SharedStore,
    /// The keys that tokens are signed with.
    pub keys: Arc<dyn SigningKeys>,
}

/// Opens the resources that `USERS_TABLE` and `SIGNING_KEY_SECRET` name; `mcp-lambda-dynamo` has an
/// implementation for AWS.
///
/// Both methods run at the same time. A missing or malformed resource is an error at the start; one
/// that can't be reached now may be opened all the same, and then fails each call with
/// [`Unavailable`](crate::ErrorKind::Unavailable) until it can.
#[async_trait]
pub trait BackendOpener: fmt::Debug + Send + Sync + 'static {
    /// Opens the [`Store`](store::Store) in this table.
    ///
    /// # Errors
    /// `Invalid` for a table that can't be the one.
    async fn store(&self, table: &str, clock: Arc<dyn Clock>) -> Result<store::SharedStore>;

    /// Opens the [`SigningKeys`] in this secret.
    ///
    /// # Errors
    /// `Invalid` for a secret that is missing or holds no key.
    async fn keys(&self, secret: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>>;
}
