//! The [`SigningKeys`] over a Secrets Manager secret: its current version signs, the current and the previous verify.
//!
//! Keys are in memory; Secrets Manager is asked again every ten minutes, and for a `kid` nobody knows, at most once a
//! minute. Keys that are known go on while it can't be reached. No value of a secret is ever in an error.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{DisplayErrorContext, ProvideErrorMetadata};
use mcp_lambda::clock::Clock;
use mcp_lambda::keys::{SigningKey, SigningKeys};
use mcp_lambda::{Error, ErrorKind, Result, Secret};
use serde_json::Value;

use crate::error::trouble;

/// How long known keys are good without asking, in seconds.
const SOFT_SECONDS: u64 = 600;

/// How long to wait before asking again for a reason that may be an attacker's, in seconds.
const COOLDOWN_SECONDS: u64 = 60;

/// [`SigningKeys`] in a Secrets Manager secret.
pub struct Secrets {
    client: Client,
    secret: String,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    asking: tokio::sync::Mutex<()>,
}

/// What is known, and when it was last asked for.
#[derive(Clone, Default)]
struct Known {
    keys: Vec<Arc<SigningKey>>,
    asked: u64,
}

impl Secrets {
    /// Fetches the keys. A secret that can't be reached is asked for again at each call until it can.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) if the secret does not exist or holds no key.
    pub async fn open(client: Client, secret: impl Into<String>, clock: Arc<dyn Clock>) -> Result<Self> {
        let asking = tokio::sync::Mutex::default();
        let keys = Self { client, secret: secret.into(), clock, known: Mutex::default(), asking };
        match keys.refresh().await {
            Err(error) if error.kind() == ErrorKind::Invalid => Err(error),
            Err(error) => {
                tracing::warn!(cause = error.chain(), "the signing key is not there yet");
                Ok(keys)
            }
            Ok(_) => Ok(keys),
        }
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known, asked for anew if it is old; whoever comes while somebody asks goes on with what is known.
    async fn fresh(&self, oldest: u64) -> Result<Vec<Arc<SigningKey>>> {
        let known = self.known();
        if known.keys.is_empty() {
            let _turn = self.asking.lock().await;
            let known = self.known();
            return if known.keys.is_empty() { self.refresh().await } else { Ok(known.keys) };
        }
        if self.clock.now() < known.asked.saturating_add(oldest) {
            return Ok(known.keys);
        }
        let Ok(_turn) = self.asking.try_lock() else { return Ok(known.keys) };
        self.refresh().await.or_else(|error| {
            tracing::warn!(cause = error.chain(), "the signing keys could not be refreshed");
            Ok(known.keys)
        })
    }

    /// Asks for both versions. That it was tried is noted first, so that an outage is not asked about at every call.
    async fn refresh(&self) -> Result<Vec<Arc<SigningKey>>> {
        let now = self.clock.now();
        self.known.lock().unwrap_or_else(PoisonError::into_inner).asked = now;
        let (current, previous) = tokio::join!(self.version("AWSCURRENT"), self.version("AWSPREVIOUS"));
        let current = current?.ok_or_else(|| {
            Error::invalid(format!("SIGNING_KEY_SECRET: the secret `{}` does not exist", self.secret))
        })?;
        let keys: Vec<_> =
            [Some(current), previous.or_else(skip_malformed)?].into_iter().flatten().map(Arc::new).collect();
        self.known.lock().unwrap_or_else(PoisonError::into_inner).keys.clone_from(&keys);
        Ok(keys)
    }

    /// The key of one version, or `None` if there is no such version.
    async fn version(&self, stage: &str) -> Result<Option<SigningKey>> {
        let asked = self.client.get_secret_value().secret_id(&self.secret).version_stage(stage).send().await;
        match asked {
            Ok(answer) => {
                let text = Secret::new(answer.secret_string.unwrap_or_default());
                key_of(&text).map(Some).map_err(|error| {
                    Error::invalid(format!("SIGNING_KEY_SECRET: the secret `{}`: {error}", self.secret))
                })
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => {
                let told = format!("the secret `{}` {}", self.secret, trouble(error.code()));
                Err(Error::unavailable(told).with_source(DisplayErrorContext(error).to_string()))
            }
        }
    }
}

/// A previous version that was never a key verifies nothing, and does no harm.
fn skip_malformed(error: Error) -> Result<Option<SigningKey>> {
    if error.kind() == ErrorKind::Invalid { Ok(None) } else { Err(error) }
}

/// The key in a secret's text: the text itself, or the field `signing_key` of a JSON object.
fn key_of(text: &Secret<String>) -> Result<SigningKey> {
    let trimmed = text.expose().trim();
    if !trimmed.starts_with('{') {
        return SigningKey::from_text(trimmed);
    }
    let object: Value = serde_json::from_str(trimmed).map_err(|_| Error::invalid("it begins like JSON and is none"))?;
    let key = object.get("signing_key").and_then(Value::as_str);
    SigningKey::from_text(key.ok_or_else(|| Error::invalid("it is JSON without a text `signing_key`"))?)
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.secret)
    }
}

impl fmt::Display for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets Manager secret {}", self.secret)
    }
}

#[async_trait]
impl SigningKeys for Secrets {
    async fn current(&self) -> Result<Arc<SigningKey>> {
        let keys = self.fresh(SOFT_SECONDS).await?;
        keys.into_iter().next().ok_or_else(|| Error::unavailable(format!("the secret `{}` holds no key", self.secret)))
    }

    async fn verifying(&self, id: Option<&str>) -> Result<Vec<Arc<SigningKey>>> {
        let keys = self.fresh(SOFT_SECONDS).await?;
        let is_known = id.is_none_or(|id| keys.iter().any(|key| key.id() == id));
        if is_known { Ok(keys) } else { self.fresh(COOLDOWN_SECONDS).await }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_plain_text_or_a_field_of_json() {
        let long = "k".repeat(48);
        let plain = key_of(&Secret::new(format!("{long}\n"))).expect("a key");
        let json = key_of(&Secret::new(format!(r#"{{"signing_key": "{long}"}}"#))).expect("a key");
        assert_eq!(plain.id(), json.id());
        for text in ["", "8 bytes.", "{", "{}", r#"{"signing_key": 7}"#, r#"{"signing_key": "hunter2"}"#] {
            let error = key_of(&Secret::new(text.to_owned())).expect_err(text);
            assert!(error.kind() == ErrorKind::Invalid && !error.message().contains("hunter2"), "{error}");
        }
    }
}
