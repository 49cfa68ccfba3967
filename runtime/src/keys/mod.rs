//! The keys that tokens are signed with: the [`SigningKeys`] trait and its implementations.
//!
//! A key must never be printed, logged or sent; only its id may be shown.

#[cfg(feature = "local")]
mod file;
mod fixed;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

#[cfg(feature = "local")]
pub(crate) use file::KeyFile;
pub use fixed::FixedKey;

use crate::error::{Error, Result};
use crate::printable::hex;
use crate::secret::Secret;

/// The fewest bytes a signing key may have: the output size of SHA-256 (RFC 7518 §3.2).
pub(crate) const MIN_BYTES: usize = 32;

/// One HMAC key and its id, which tokens carry as `kid` (RFC 7515 §4.1.4).
///
/// ```
/// use mcp_lambda::keys::SigningKey;
///
/// let key = SigningKey::from_text("0123456789abcdef0123456789abcdef\n")?;
/// assert_eq!(key.id().len(), 12);
/// assert!(SigningKey::new(*b"too short").is_err());
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    secret: Secret<Vec<u8>>,
}

impl SigningKey {
    /// Creates a key from its bytes.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for fewer than 32 bytes.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self> {
        let secret = Secret::new(secret.into());
        let length = secret.expose().len();
        if length < MIN_BYTES {
            return Err(Error::invalid(format!(
                "the signing key has {length} bytes and needs {MIN_BYTES} or more; make one with `openssl rand -hex 32`"
            )));
        }
        // The label keeps the digest of the id apart from any other SHA-256 of the key; 48 bits
        // are enough to distinguish a handful of keys.
        let digest = Sha256::new()
            .chain_update("mcp-lambda kid")
            .chain_update(secret.expose())
            .finalize();
        let id = hex(&digest[..6]);
        Ok(Self { id, secret })
    }

    /// Creates a key from its text, without the white space around it that editors and shells
    /// leave.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_text(text: &str) -> Result<Self> {
        Self::new(text.trim())
    }

    /// Returns the id that tokens carry as `kid`: a digest that distinguishes keys and reveals
    /// nothing of them.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the bytes to sign and verify with.
    pub(crate) fn secret(&self) -> &[u8] {
        self.secret.expose()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// A source of the key that signs tokens and of all keys that verify them.
///
/// All methods fail with [`Unavailable`](crate::ErrorKind::Unavailable) when the keys can't be
/// reached, and never return an empty list. Every implementation passes the tests of the module
/// `laws` (feature `laws`).
///
/// ```
/// use mcp_lambda::keys::{FixedKey, SigningKey, SigningKeys};
///
/// # async fn example() -> mcp_lambda::Result<()> {
/// let keys = FixedKey::new(SigningKey::new([7; 32])?);
/// let current = keys.current().await?;
/// assert_eq!(keys.verification_keys(None).await?[0].id(), current.id());
/// # Ok(())
/// # }
/// # futures_util::FutureExt::now_or_never(example()).expect("nothing is waited for").unwrap();
/// ```
#[async_trait]
pub trait SigningKeys: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// Returns the [`SigningKey`] that signs now.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn current(&self) -> Result<Arc<SigningKey>>;

    /// Returns the key that signs now, as of a minute ago or less where the keys can be reached:
    /// for decisions about a right that an older key must not give. An implementation whose keys
    /// never change keeps this default, which is [`current`](Self::current).
    ///
    /// # Errors
    /// `Unavailable`.
    async fn current_fresh(&self) -> Result<Arc<SigningKey>> {
        self.current().await
    }

    /// Returns the keys that may have signed a token with this `kid` (RFC 7515 §4.1.4), or one
    /// without: the current key first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn verification_keys(&self, id: Option<&str>) -> Result<Vec<Arc<SigningKey>>>;
}
