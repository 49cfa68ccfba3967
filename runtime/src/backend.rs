//! A place to keep users and a place to get keys: what an app runs on.
//!
//! A backend is asked only for what a setting names, and must fail rather than fall back: nothing here chooses a store
//! that nobody named.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::error::Result;
use crate::keys::SigningKeys;
use crate::store;

/// A store and its keys.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Where things are kept.
    pub store: store::SharedStore,
    /// What tokens are signed with.
    pub keys: Arc<dyn SigningKeys>,
}

/// Opens what `USERS_TABLE` and `SIGNING_KEY_SECRET` name; `mcp-lambda-dynamo` has one for AWS.
///
/// The two are asked at the same time. What is missing or malformed is an error at the start; what can't be reached now
/// may be opened all the same, and then fails each call with `Unavailable` until it can.
#[async_trait]
pub trait BackendOpener: fmt::Debug + Send + Sync + 'static {
    /// Opens the store in this table.
    ///
    /// # Errors
    /// `Invalid` for a table that can't be the one.
    async fn store(&self, table: &str, clock: Arc<dyn Clock>) -> Result<store::SharedStore>;

    /// Opens the keys in this secret.
    ///
    /// # Errors
    /// `Invalid` for a secret that is missing or holds no key.
    async fn keys(&self, secret: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>>;
}
