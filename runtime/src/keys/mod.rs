//! The keys that tokens are signed with: the [`SigningKeys`] seam and its leaves.
//!
//! A key must never be printed, logged or sent; what may be seen of it is its id.

#[cfg(feature = "local")]
mod file;
mod given;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

#[cfg(feature = "local")]
pub use file::File;
pub use given::Given;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The fewest bytes a signing key may have: the output size of SHA-256 (RFC 7518 §3.2).
pub const MIN_BYTES: usize = 32;

/// One key, with the id that tokens carry as `kid`.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    secret: Secret<Vec<u8>>,
}

impl SigningKey {
    /// A key from its bytes.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for fewer than [`MIN_BYTES`] bytes.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self> {
        let secret = Secret::new(secret.into());
        let length = secret.expose().len();
        if length < MIN_BYTES {
            return Err(Error::invalid(format!(
                "the signing key has {length} bytes and needs {MIN_BYTES} or more; make one with `openssl rand -hex 32`"
            )));
        }
        let digest = Sha256::new()
            .chain_update("mcp-lambda kid")
            .chain_update(secret.expose())
            .finalize();
        let id = digest
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self { id, secret })
    }

    /// A key from its text, without the space around it that editors and shells leave.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_text(text: &str) -> Result<Self> {
        Self::new(text.trim())
    }

    /// What tokens carry as `kid`: a digest that tells keys apart and gives nothing of them away.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The bytes to sign and verify with.
    pub(crate) fn secret(&self) -> &[u8] {
        self.secret.expose()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// All keys that verify, and the one that signs.
///
/// Both methods fail with [`Unavailable`](crate::ErrorKind::Unavailable) when the keys can't be reached, and never answer
/// with no key at all. The laws (feature `laws`) hold for every leaf.
#[async_trait]
pub trait SigningKeys: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The key that signs now.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn current(&self) -> Result<Arc<SigningKey>>;

    /// The key that signs now, as of a minute ago or less where the keys can be reached: what decides about a right that an
    /// older key must not give. A leaf whose keys never change need not say more than [`current`](Self::current).
    ///
    /// # Errors
    /// `Unavailable`.
    async fn latest(&self) -> Result<Arc<SigningKey>> {
        self.current().await
    }

    /// The keys that may have signed a token that names this `kid`, or none: the current one first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn verifying(&self, id: Option<&str>) -> Result<Vec<Arc<SigningKey>>>;
}
