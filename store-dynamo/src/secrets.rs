//! [`SigningKeys`] in a Secrets Manager secret: the current version signs, the current and the
//! previous verify (AWS Secrets Manager User Guide, "Secret versions").
//!
//! Keys are cached in memory. Secrets Manager is asked again in the background of a call once they
//! are five minutes old, before a call once they are ten, for an unknown `kid`, and for an operator
//! once they are one; at most once a minute in all. Cached keys remain in use while it can't be
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

use crate::error::{describe_code, join_causes};

/// The age from which keys are refreshed in the background of a call, in seconds.
const SOFT_SECONDS: u64 = 300;

/// The age from which a call waits for a refresh, in seconds. Lambda may freeze an environment
/// before a background task ends (AWS Lambda Developer Guide, "Lambda execution environment").
const HARD_SECONDS: u64 = 600;

/// The shortest time between two requests, in seconds: an outage or an attacker may cause them.
const COOLDOWN_SECONDS: u64 = 60;

/// The time for which every call fails at once after the first keys could not be fetched, in
/// seconds: callers without credentials must not make those with credentials queue.
const PAUSE_SECONDS: u64 = 2;

/// The longest that a call waits for the first keys. The SDK stops sooner, but its work before the
/// request has no limit of its own.
const FIRST_TIMEOUT: Duration = Duration::from_secs(6);

/// [`SigningKeys`] in a Secrets Manager secret.
pub struct SecretsManagerKeys {
    source: Arc<Source>,
    background: Mutex<JoinSet<()>>,
}

/// The secret and its [`Cache`] of keys.
struct Source {
    client: Client,
    secret: String,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
    turn: tokio::sync::Mutex<()>,
}

type Keys = Vec<Arc<SigningKey>>;

/// The cached [`Keys`], the time they came, and the time of the last request, in seconds since
/// 1970.
#[derive(Clone, Default)]
struct Cache {
    keys: Keys,
    came: u64,
    asked: u64,
    /// The time of the last failure to fetch the first keys, and its cause.
    failure: Option<Failure>,
}

/// A failed request for the first keys ([`Source::fetch_first`]).
#[derive(Clone)]
struct Failure {
    at: u64,
    cause: String,
}

impl SecretsManagerKeys {
    /// Fetches the keys. A secret that can't be reached is asked for again at each call until it
    /// can.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) if the secret does not exist or holds no key.
    #[doc(hidden)] // The client is another crate's.
    pub async fn open(
        client: Client,
        secret: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let source = Arc::new(Source {
            client,
            secret: secret.into(),
            clock,
            cache: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        });
        match source.fetch().await {
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
            Err(error) => {
                source.record_failure(&error.chain());
                tracing::warn!(cause = error.chain(), "the signing key is not there yet");
            }
            Ok(_) => {}
        }
        Ok(Self {
            source,
            background: Mutex::default(),
        })
    }

    /// Returns keys that are not older than [`HARD_SECONDS`] where they can be refreshed.
    async fn load_keys(&self) -> Result<Keys> {
        // A call waits only where it must: with no keys, or with keys so old that a background refresh
        // may have been frozen together with the Lambda environment. Else it goes on with the cached
        // ones, and the next call sees the new ones.
        let known = self.source.lock_cache().clone();
        match self.source.clock.now().saturating_sub(known.came) {
            _ if known.keys.is_empty() => self.source.fetch_first().await,
            HARD_SECONDS.. => Ok(self.source.refresh().await),
            SOFT_SECONDS.. => {
                self.refresh_in_background();
                Ok(known.keys)
            }
            _ => Ok(known.keys),
        }
    }

    /// Starts a refresh in the background, without waiting for it.
    fn refresh_in_background(&self) {
        let mut background = self
            .background
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Finished tasks are taken out first; one that still runs is enough for all calls.
        while background.try_join_next().is_some() {}
        if background.is_empty() && !self.source.is_cooling_down() {
            let source = Arc::clone(&self.source);
            background.spawn(async move { drop(source.refresh().await) });
        }
    }
}

impl Source {
    fn lock_cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the first keys: one caller asks, and all that wait meanwhile get the same outcome.
    async fn fetch_first(&self) -> Result<Keys> {
        let _turn = self.turn.lock().await;
        let Cache { keys, failure, .. } = self.lock_cache().clone();
        if !keys.is_empty() {
            return Ok(keys);
        }
        let now = self.clock.now();
        let recent = failure.filter(|failure| now < failure.at.saturating_add(PAUSE_SECONDS));
        if let Some(failure) = recent {
            return Err(self.report_unreachable(&failure.cause));
        }
        // Noted before the request: if this caller is cancelled, the next ones still pause.
        self.record_failure("they are being asked for");
        let asked = tokio::time::timeout(FIRST_TIMEOUT, self.fetch()).await;
        let cause = match asked {
            Ok(Ok(keys)) => return Ok(keys),
            Ok(Err(error)) => error.chain(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.record_failure(&cause);
        Err(self.report_unreachable(&cause))
    }

    /// Records a [`Failure`]: there are no keys as of now; also before the request, whose caller may be gone before the
    /// answer.
    fn record_failure(&self, cause: &str) {
        self.lock_cache().failure = Some(Failure {
            at: self.clock.now(),
            cause: cause.to_owned(),
        });
    }

    /// Returns the error for callers, with details for operators in its source: the secret's name
    /// must be in no message.
    fn report_unreachable(&self, cause: &str) -> Error {
        Error::unavailable("the signing keys can't be reached; try again later")
            .with_source(format!("secret `{}`: {cause}", self.secret))
    }

    /// Refreshes the keys, unless that happened within [`COOLDOWN_SECONDS`] or fails: then returns
    /// the cached ones.
    async fn refresh(&self) -> Keys {
        let _turn = self.turn.lock().await;
        // Checked under the turn: of many callers that met an unknown `kid`, the first one asks, and the
        // others find its time recorded and use its keys.
        let asked = if self.is_cooling_down() {
            None
        } else {
            Some(self.fetch().await)
        };
        if let Some(Err(error)) = asked {
            tracing::warn!(
                cause = error.chain(),
                "the signing keys could not be refreshed"
            );
        }
        self.lock_cache().keys.clone()
    }

    fn report_no_key(&self) -> Error {
        self.report_unreachable("it holds no key")
    }

    fn is_cooling_down(&self) -> bool {
        self.clock.now() < self.lock_cache().asked.saturating_add(COOLDOWN_SECONDS)
    }

    /// Requests both versions. Records the attempt first, so that an outage does not cause a
    /// request at every call.
    async fn fetch(&self) -> Result<Keys> {
        let now = self.clock.now();
        self.lock_cache().asked = now;
        let (current, previous) = tokio::join!(
            self.fetch_version("AWSCURRENT"),
            self.fetch_version("AWSPREVIOUS")
        );
        let current = current?.ok_or_else(|| {
            let message = "SIGNING_KEY_SECRET: the secret does not exist in this account and region; the admin CLI's `aws init` makes it";
            Error::invalid(message).with_source(format!("secret `{}`", self.secret))
        })?;
        let keys: Keys = [Some(current), previous.or_else(skip_malformed)?]
            .into_iter()
            .flatten()
            .map(Arc::new)
            .collect();
        // Replaced as a whole, under one lock: no reader sees new keys with the time of the old ones.
        *self.lock_cache() = Cache {
            keys: keys.clone(),
            came: now,
            asked: now,
            failure: None,
        };
        Ok(keys)
    }

    /// Fetches the key of one version by its staging label; `None` if there is no such version.
    async fn fetch_version(&self, stage: &str) -> Result<Option<SigningKey>> {
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
                text.and_then(|text| parse_key(&text))
                    .map(Some)
                    .map_err(|error| {
                        let message =
                            format!("SIGNING_KEY_SECRET: the secret holds no key: {error}");
                        Error::invalid(message).with_source(format!("secret `{}`", self.secret))
                    })
            }
            // The code of a missing secret and of a missing version alike: a secret that was never rotated
            // has no `AWSPREVIOUS`, which is no problem, while one without `AWSCURRENT` does not exist.
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => {
                let message = format!("the signing keys' secret {}", describe_code(error.code()));
                Err(Error::unavailable(message).with_source(format!(
                    "secret `{}`: {}",
                    self.secret,
                    join_causes(&error)
                )))
            }
        }
    }
}

/// Ignores a previous version that holds no key: it verifies nothing, and does no harm.
fn skip_malformed(error: Error) -> Result<Option<SigningKey>> {
    if error.kind() == ErrorKind::Invalid {
        Ok(None)
    } else {
        Err(error)
    }
}

/// Parses the [`SigningKey`] in a secret's text: the text itself, or the field `signing_key` of a
/// JSON object.
fn parse_key(text: &Secret<String>) -> Result<SigningKey> {
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

impl fmt::Debug for SecretsManagerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretsManagerKeys({})", self.source.secret)
    }
}

impl fmt::Display for SecretsManagerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets Manager secret {}", self.source.secret)
    }
}

#[async_trait]
impl SigningKeys for SecretsManagerKeys {
    async fn current(&self) -> Result<Arc<SigningKey>> {
        self.load_keys()
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| self.source.report_no_key())
    }

    /// Refreshes the keys first, once they are a minute old.
    async fn current_fresh(&self) -> Result<Arc<SigningKey>> {
        let known = self.current().await?;
        let keys = if self.source.is_cooling_down() {
            vec![known]
        } else {
            self.source.refresh().await
        };
        keys.into_iter()
            .next()
            .ok_or_else(|| self.source.report_no_key())
    }

    async fn verification_keys(&self, id: Option<&str>) -> Result<Keys> {
        let keys = self.load_keys().await?;
        // An unknown `kid` may be a key rotated in a moment ago. An attacker can send any number of them,
        // so `refresh` asks at most once in `COOLDOWN_SECONDS`.
        let is_known = id.is_none_or(|id| keys.iter().any(|key| key.id() == id));
        Ok(if is_known {
            keys
        } else {
            self.source.refresh().await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_plain_text_or_a_field_of_json() {
        let long = "k".repeat(48);
        let plain = parse_key(&Secret::new(format!("{long}\n"))).expect("a key");
        let json =
            parse_key(&Secret::new(format!(r#"{{"signing_key": "{long}"}}"#))).expect("a key");
        assert_eq!(plain.id(), json.id());
        for text in [
            "",
            "8 bytes.",
            "{",
            "{}",
            r#"{"signing_key": 7}"#,
            r#"{"signing_key": "hunter2"}"#,
        ] {
            let error = parse_key(&Secret::new(text.to_owned())).expect_err(text);
            assert!(
                error.kind() == ErrorKind::Invalid && !error.message().contains("hunter2"),
                "{error}"
            );
        }
    }
}
