//! The [`SigningKeys`] over a Secrets Manager secret: its current version signs, the current and the previous verify.
//!
//! Keys are in memory. Secrets Manager is asked again beside a call once they are five minutes old, before a call once
//! they are ten, for a `kid` nobody knows, and for an operator once they are one; at most once a minute in all. Keys that are known go on while it can't be
//! reached. No value of a secret is ever in an error.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use mcp_lambda::clock::Clock;
use mcp_lambda::keys::{SigningKey, SigningKeys};
use mcp_lambda::{Error, ErrorKind, Result, Secret};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::error::{cause, trouble};

/// How old keys may be before they are asked for beside a call, in seconds.
const SOFT_SECONDS: u64 = 300;

/// How old keys may be before a call waits for newer ones, in seconds. A frozen environment may never come to the end of
/// what was begun beside a call.
const HARD_SECONDS: u64 = 600;

/// How long to wait before asking again, in seconds: the reason may be an outage, or an attacker's.
const COOLDOWN_SECONDS: u64 = 60;

/// For how long everybody is told that there are no keys yet after they could not be fetched, in seconds: whoever has no
/// credential must not make a queue of those who have one.
const PAUSE_SECONDS: u64 = 2;

/// How long the first keys may take. The SDK gives up sooner; what it does before it asks has no end of its own.
const PATIENCE: Duration = Duration::from_secs(6);

/// [`SigningKeys`] in a Secrets Manager secret.
pub struct Secrets {
    source: Arc<Source>,
    beside: Mutex<JoinSet<()>>,
}

/// The secret, and what is known of it.
struct Source {
    client: Client,
    secret: String,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    turn: tokio::sync::Mutex<()>,
}

type Keys = Vec<Arc<SigningKey>>;

/// Keys, when they came, and when they were last asked for.
#[derive(Clone, Default)]
struct Known {
    keys: Keys,
    came: u64,
    asked: u64,
    /// When the first keys were last tried for, and what came of it.
    failed: Option<(u64, String)>,
}

impl Secrets {
    /// Fetches the keys. A secret that can't be reached is asked for again at each call until it can.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) if the secret does not exist or holds no key.
    pub async fn open(
        client: Client,
        secret: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let (known, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        let source = Arc::new(Source {
            client,
            secret: secret.into(),
            clock,
            known,
            turn,
        });
        match source.ask().await {
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
            Err(error) => {
                source.failed(&error.chain());
                tracing::warn!(cause = error.chain(), "the signing key is not there yet");
            }
            Ok(_) => {}
        }
        Ok(Self {
            source,
            beside: Mutex::default(),
        })
    }

    /// Keys that are not too old.
    async fn keys(&self) -> Result<Keys> {
        let known = self.source.known().clone();
        match self.source.clock.now().saturating_sub(known.came) {
            _ if known.keys.is_empty() => self.source.first().await,
            HARD_SECONDS.. => Ok(self.source.renewed().await),
            SOFT_SECONDS.. => {
                self.renew_beside();
                Ok(known.keys)
            }
            _ => Ok(known.keys),
        }
    }

    /// Begins to ask, and lets the call go on.
    fn renew_beside(&self) {
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        while beside.try_join_next().is_some() {}
        if beside.is_empty() && !self.source.asked_lately() {
            let source = Arc::clone(&self.source);
            beside.spawn(async move { drop(source.renewed().await) });
        }
    }
}

impl Source {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys, where there are none yet: one asks, and all who wait meanwhile are told what comes of it.
    async fn first(&self) -> Result<Keys> {
        let _turn = self.turn.lock().await;
        let Known { keys, failed, .. } = self.known().clone();
        if !keys.is_empty() {
            return Ok(keys);
        }
        let now = self.clock.now();
        if let Some((_, cause)) =
            failed.filter(|(when, _)| now < when.saturating_add(PAUSE_SECONDS))
        {
            return Err(self.unreachable(&cause));
        }
        self.failed("they are being asked for");
        let asked = tokio::time::timeout(PATIENCE, self.ask()).await;
        let cause = match asked {
            Ok(Ok(keys)) => return Ok(keys),
            Ok(Err(error)) => error.chain(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.failed(&cause);
        Err(self.unreachable(&cause))
    }

    /// Notes that there are no keys as of now, before asking too: who asks may be gone before the answer.
    fn failed(&self, cause: &str) {
        self.known().failed = Some((self.clock.now(), cause.to_owned()));
    }

    /// What whoever calls is told, with what operators are told: the secret's name must be in no message.
    fn unreachable(&self, cause: &str) -> Error {
        Error::unavailable("the signing keys can't be reached; try again later")
            .with_source(format!("secret `{}`: {cause}", self.secret))
    }

    /// Newer keys, unless they were asked for a moment ago or can't be reached: then those that are known.
    async fn renewed(&self) -> Keys {
        let _turn = self.turn.lock().await;
        let asked = if self.asked_lately() {
            None
        } else {
            Some(self.ask().await)
        };
        if let Some(Err(error)) = asked {
            tracing::warn!(
                cause = error.chain(),
                "the signing keys could not be refreshed"
            );
        }
        self.known().keys.clone()
    }

    fn none(&self) -> Error {
        self.unreachable("it holds no key")
    }

    fn asked_lately(&self) -> bool {
        self.clock.now() < self.known().asked.saturating_add(COOLDOWN_SECONDS)
    }

    /// Asks for both versions. That it was tried is noted first, so that an outage is not asked about at every call.
    async fn ask(&self) -> Result<Keys> {
        let now = self.clock.now();
        self.known().asked = now;
        let (current, previous) =
            tokio::join!(self.version("AWSCURRENT"), self.version("AWSPREVIOUS"));
        let current = current?.ok_or_else(|| {
            let told = "SIGNING_KEY_SECRET: the secret does not exist in this account and region; the admin CLI's `aws init` makes it";
            Error::invalid(told).with_source(format!("secret `{}`", self.secret))
        })?;
        let keys: Keys = [Some(current), previous.or_else(skip_malformed)?]
            .into_iter()
            .flatten()
            .map(Arc::new)
            .collect();
        *self.known() = Known {
            keys: keys.clone(),
            came: now,
            asked: now,
            failed: None,
        };
        Ok(keys)
    }

    /// The key of one version, or `None` if there is no such version.
    async fn version(&self, stage: &str) -> Result<Option<SigningKey>> {
        let asked = self
            .client
            .get_secret_value()
            .secret_id(&self.secret)
            .version_stage(stage)
            .send()
            .await;
        match asked {
            Ok(answer) => {
                let text = answer.secret_string.map(Secret::new);
                let text = text.ok_or_else(|| Error::invalid("it holds bytes and no text"));
                text.and_then(|text| key_of(&text))
                    .map(Some)
                    .map_err(|error| {
                        let told = format!("SIGNING_KEY_SECRET: the secret holds no key: {error}");
                        Error::invalid(told).with_source(format!("secret `{}`", self.secret))
                    })
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => {
                let told = format!("the signing keys' secret {}", trouble(error.code()));
                Err(Error::unavailable(told).with_source(format!(
                    "secret `{}`: {}",
                    self.secret,
                    cause(&error)
                )))
            }
        }
    }
}

/// A previous version that was never a key verifies nothing, and does no harm.
fn skip_malformed(error: Error) -> Result<Option<SigningKey>> {
    if error.kind() == ErrorKind::Invalid {
        Ok(None)
    } else {
        Err(error)
    }
}

/// The key in a secret's text: the text itself, or the field `signing_key` of a JSON object.
fn key_of(text: &Secret<String>) -> Result<SigningKey> {
    let trimmed = text.expose().trim();
    if !trimmed.starts_with('{') {
        return SigningKey::from_text(trimmed);
    }
    let object: Value = serde_json::from_str(trimmed)
        .map_err(|_| Error::invalid("it begins like JSON and is none"))?;
    let key = object.get("signing_key").and_then(Value::as_str);
    SigningKey::from_text(
        key.ok_or_else(|| Error::invalid("it is JSON without a text `signing_key`"))?,
    )
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.source.secret)
    }
}

impl fmt::Display for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets Manager secret {}", self.source.secret)
    }
}

#[async_trait]
impl SigningKeys for Secrets {
    async fn current(&self) -> Result<Arc<SigningKey>> {
        self.keys()
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| self.source.none())
    }

    /// Asked for before the call once the keys are a minute old.
    async fn latest(&self) -> Result<Arc<SigningKey>> {
        let known = self.current().await?;
        let keys = if self.source.asked_lately() {
            vec![known]
        } else {
            self.source.renewed().await
        };
        keys.into_iter().next().ok_or_else(|| self.source.none())
    }

    async fn verifying(&self, id: Option<&str>) -> Result<Keys> {
        let keys = self.keys().await?;
        let is_known = id.is_none_or(|id| keys.iter().any(|key| key.id() == id));
        Ok(if is_known {
            keys
        } else {
            self.source.renewed().await
        })
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
        for text in [
            "",
            "8 bytes.",
            "{",
            "{}",
            r#"{"signing_key": 7}"#,
            r#"{"signing_key": "hunter2"}"#,
        ] {
            let error = key_of(&Secret::new(text.to_owned())).expect_err(text);
            assert!(
                error.kind() == ErrorKind::Invalid && !error.message().contains("hunter2"),
                "{error}"
            );
        }
    }
}
