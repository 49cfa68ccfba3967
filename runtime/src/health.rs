//! Health checks of a deployment: a [`Status`] and short states for everyone, [`Details`] for
//! operators.
//!
//! The public part must never contain a path, a table, a version or a key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::error::Result;
use crate::keys::SigningKeys;
use crate::store;

/// The time that an answer is repeated to anonymous callers before the store is asked again, in
/// seconds: nobody can cause cost with every request.
const FRESH_SECONDS: u64 = 10;

/// The age up to which an answer is still returned while a new one is being found, in seconds.
const STALE_SECONDS: u64 = 60;

/// The state of the whole deployment.
///
/// ```
/// use mcp_lambda::health::Status;
///
/// assert_eq!(serde_json::to_string(&Status::Healthy)?, r#""healthy""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Everything works.
    Healthy,
    /// It works, and something needs an operator.
    Degraded,
    /// It can't do its work.
    Unhealthy,
}

/// The answer of `GET /health`, for anyone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Health {
    /// The state of the whole deployment.
    pub(crate) status: Status,
    /// A short state of each part.
    pub(crate) checks: BTreeMap<String, String>,
}

/// The answer of [`AdminApi::health`](crate::admin::AdminApi::health), for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Details {
    /// The state of the whole deployment.
    pub status: Status,
    /// A short state of each part.
    pub checks: BTreeMap<String, String>,
    /// Names, kinds, ids and problems, by part.
    pub details: BTreeMap<String, String>,
}

/// Checks a [`Store`](store::Store) and its [`SigningKeys`].
#[derive(Debug)]
pub(crate) struct HealthCheck {
    store: store::SharedStore,
    keys: Arc<dyn SigningKeys>,
    clock: Arc<dyn Clock>,
    about: BTreeMap<String, String>,
    last: Mutex<Option<(u64, Health)>>,
    turn: tokio::sync::Mutex<()>,
}

impl HealthCheck {
    /// Creates a check of this store and these keys; `about` describes the deployment in
    /// [`Details`].
    #[must_use]
    pub(crate) fn new(
        store: store::SharedStore,
        keys: Arc<dyn SigningKeys>,
        clock: Arc<dyn Clock>,
        about: BTreeMap<String, String>,
    ) -> Self {
        Self {
            store,
            keys,
            clock,
            about,
            last: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the public [`Health`], at most ten seconds old. Of many concurrent callers, one
    /// checks: the others get the last answer if it is less than a minute old, and else wait for
    /// the new one.
    pub(crate) async fn health(&self) -> Health {
        let now = self.clock.now();
        if let Some(health) = self.find_recent(now, FRESH_SECONDS) {
            return health;
        }
        // Only the holder of the turn asks the store. The others must not queue behind a slow store as
        // long as there is an answer that is not too old.
        let Ok(turn) = self.turn.try_lock() else {
            return match self.find_recent(now, STALE_SECONDS) {
                Some(health) => health,
                None => self.check_in_turn(self.turn.lock().await).await,
            };
        };
        self.check_in_turn(turn).await
    }

    /// Checks, unless another caller did while this one waited for its turn.
    async fn check_in_turn(&self, _turn: tokio::sync::MutexGuard<'_, ()>) -> Health {
        if let Some(health) = self.find_recent(self.clock.now(), FRESH_SECONDS) {
            return health;
        }
        let Details { status, checks, .. } = self.details().await;
        let health = Health { status, checks };
        let verdict = (self.clock.now(), health.clone());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        health
    }

    /// Checks now and returns the [`Details`].
    pub(crate) async fn details(&self) -> Details {
        let store = self.store.check().await.map(|()| self.store.to_string());
        let key = self
            .keys
            .current()
            .await
            .map(|key| format!("{} ({})", key.id(), self.keys));
        let works = store.is_ok() && key.is_ok();
        let checks = [
            ("store", choose_state(&store, "reachable")),
            ("signing_key", choose_state(&key, "loaded")),
        ];
        let mut details = self.about.clone();
        details.insert("store".into(), describe(store));
        details.insert("signing_key".into(), describe(key));
        Details {
            status: if works {
                Status::Healthy
            } else {
                Status::Unhealthy
            },
            checks: checks
                .map(|(part, word)| (part.to_owned(), word.to_owned()))
                .into(),
            details,
        }
    }

    fn find_recent(&self, now: u64, seconds: u64) -> Option<Health> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|(when, _)| now < when + seconds)
            .map(|(_, health)| health.clone())
    }
}

fn choose_state(part: &Result<String>, good: &'static str) -> &'static str {
    if part.is_ok() { good } else { "unavailable" }
}

fn describe(part: Result<String>) -> String {
    part.unwrap_or_else(|error| error.chain())
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use futures_util::future::join_all;

    use super::*;
    use crate::keys::{FixedKey, SigningKey};
    use crate::store::MemoryStore;
    use crate::store::laws::ManualClock;

    /// Keys far away, and how often they were asked for.
    #[derive(Debug)]
    struct Far(FixedKey, AtomicUsize);

    impl fmt::Display for Far {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("far keys")
        }
    }

    #[async_trait]
    impl SigningKeys for Far {
        async fn current(&self) -> Result<Arc<SigningKey>> {
            self.1.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.0.current().await
        }

        async fn verification_keys(&self, id: Option<&str>) -> Result<Vec<Arc<SigningKey>>> {
            self.0.verification_keys(id).await
        }
    }

    #[tokio::test]
    async fn of_many_who_ask_at_once_one_looks() {
        let keys = Arc::new(Far(
            FixedKey::new(SigningKey::new([7; 32]).expect("long enough")),
            AtomicUsize::default(),
        ));
        let clock = Arc::new(ManualClock::default());
        let (far, shared): (Arc<dyn SigningKeys>, Arc<dyn Clock>) =
            (Arc::<Far>::clone(&keys), Arc::<ManualClock>::clone(&clock));
        let health_check = HealthCheck::new(
            Arc::new(MemoryStore::default()),
            far,
            shared,
            BTreeMap::new(),
        );
        for looks in 1..=3 {
            let told = join_all((0..200).map(|_| health_check.health())).await;
            assert!(told.iter().all(|health| health.status == Status::Healthy));
            assert_eq!(keys.1.load(Ordering::SeqCst), looks);
            clock.advance(FRESH_SECONDS + STALE_SECONDS * (looks as u64 - 1));
        }
    }
}
