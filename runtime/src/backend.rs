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
/// use mcp_lambda::{backend::Backend, keys::{FixedKey, SigningKey}, store::MemoryStore};
///
/// let keys = FixedKey::new(SigningKey::new([7; 32])?);
/// let backend = Backend { store: Arc::new(MemoryStore::default()), keys: Arc::new(keys) };
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

/// Opens the store that `USERS_TABLE` names.
///
/// It is set by [`App::backend`](crate::App::backend) or [`App::store_opener`](crate::App::store_opener). A missing or
/// malformed resource is an error at the start; one that can't be reached now may be opened all the same, and then fails
/// each call with [`Unavailable`](crate::ErrorKind::Unavailable) until it can.
///
/// ```
/// use std::sync::Arc;
/// use mcp_lambda::backend::StoreOpener;
/// use mcp_lambda::clock::Clock;
/// use mcp_lambda::store::{MemoryStore, SharedStore};
///
/// #[derive(Debug)]
/// struct InMemory;
///
/// #[async_trait::async_trait]
/// impl StoreOpener for InMemory {
///     async fn open_store(&self, name: &str, clock: Arc<dyn Clock>) -> mcp_lambda::Result<SharedStore> {
///         Ok(Arc::new(MemoryStore::new(clock)))
///     }
/// }
///
/// assert_eq!(mcp_lambda::App::new("notes").store_opener(InMemory).check(), Ok(()));
/// ```
#[async_trait]
pub trait StoreOpener: fmt::Debug + Send + Sync + 'static {
    /// Opens the [`Store`](store::Store) that `USERS_TABLE` names: a table, or a URL for a store of another kind.
    ///
    /// # Errors
    /// `Invalid` for a name that can't be the one.
    async fn open_store(&self, name: &str, clock: Arc<dyn Clock>) -> Result<store::SharedStore>;
}

/// Opens the keys that `SIGNING_KEY_SECRET` names, as a [`StoreOpener`] does the store and at the same time.
///
/// It is set by [`App::backend`](crate::App::backend) or [`App::key_opener`](crate::App::key_opener).
///
/// ```
/// use std::sync::Arc;
/// use mcp_lambda::backend::KeyOpener;
/// use mcp_lambda::clock::Clock;
/// use mcp_lambda::keys::{FixedKey, SigningKey, SigningKeys};
///
/// /// Reads the key from the file that the setting names, as a container platform mounts it.
/// #[derive(Debug)]
/// struct KeyFile;
///
/// #[async_trait::async_trait]
/// impl KeyOpener for KeyFile {
///     async fn open_keys(&self, path: &str, _: Arc<dyn Clock>) -> mcp_lambda::Result<Arc<dyn SigningKeys>> {
///         let bytes = std::fs::read(path)
///             .map_err(|error| mcp_lambda::Error::invalid("there is no key file").with_source(error))?;
///         Ok(Arc::new(FixedKey::new(SigningKey::new(bytes)?)))
///     }
/// }
///
/// assert_eq!(mcp_lambda::App::new("notes").key_opener(KeyFile).check(), Ok(()));
/// ```
#[async_trait]
pub trait KeyOpener: fmt::Debug + Send + Sync + 'static {
    /// Opens the [`SigningKeys`] in this secret.
    ///
    /// # Errors
    /// `Invalid` for a secret that is missing or holds no key.
    async fn open_keys(&self, secret: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>>;
}
