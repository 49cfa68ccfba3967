//! A fixed signing key, as from the setting `SIGNING_KEY`.
//!
//! It never changes; the operator rotates it by restarting with another.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{SigningKey, SigningKeys};
use crate::error::Result;

/// [`SigningKeys`] of one fixed key.
///
/// ```
/// use mcp_lambda::keys::{FixedKey, SigningKey};
///
/// let keys = FixedKey::new(SigningKey::new([7; 32])?);
/// assert_eq!(keys.to_string(), "a given key");
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Debug)]
pub struct FixedKey(Arc<SigningKey>);

impl FixedKey {
    /// Creates the source of this one key, which signs and verifies.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        Self(Arc::new(key))
    }
}

impl fmt::Display for FixedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a given key")
    }
}

#[async_trait]
impl SigningKeys for FixedKey {
    async fn current(&self) -> Result<Arc<SigningKey>> {
        Ok(Arc::clone(&self.0))
    }

    async fn verification_keys(&self, _id: Option<&str>) -> Result<Vec<Arc<SigningKey>>> {
        Ok(vec![Arc::clone(&self.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(&FixedKey::new(
            SigningKey::new([7; 32]).expect("long enough"),
        ))
        .await;
    }
}
