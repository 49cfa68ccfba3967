//! A place to keep users and a place to get keys, opened together: what an app runs on.
//!
//! Opening must fail rather than fall back: nothing here chooses a store that nobody named.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::error::Result;
use crate::keys::SigningKeys;
use crate::store;

/// An opened store and its keys.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Where things are kept.
    pub store: store::Shared,
    /// What tokens are signed with.
    pub keys: Arc<dyn SigningKeys>,
}

/// Opens a store and its keys; `mcp-lambda-dynamo` has one for AWS.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// Opens both.
    ///
    /// # Errors
    /// `Invalid` for what is set wrongly, `Unavailable` for what can't be opened now.
    async fn open(&self, clock: Arc<dyn Clock>) -> Result<Opened>;
}

#[async_trait]
impl Backend for Opened {
    async fn open(&self, _clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(self.clone())
    }
}
