//! Whether a deployment can do its work: words for everyone, details for operators.
//!
//! What everyone sees must never name a path, a table, a version or a key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::error::Result;
use crate::keys::SigningKeys;
use crate::store;

/// How long a verdict is given to strangers before the store is asked again, in seconds: nobody makes us pay per look.
const FRESH_SECONDS: u64 = 10;

/// The word for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Healthy,
    /// It works, and something needs an operator.
    Degraded,
    /// It can't do its work.
    Unhealthy,
}

/// What everyone may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The word for the whole.
    pub status: Status,
    /// A word for each part.
    pub checks: BTreeMap<String, String>,
}

/// What an operator sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The word for the whole.
    pub status: Status,
    /// A word for each part.
    pub checks: BTreeMap<String, String>,
    /// Names, kinds, ids and faults, by part.
    pub details: BTreeMap<String, String>,
}

/// Looks after the store and the keys.
#[derive(Debug)]
pub struct Checkup {
    store: store::Shared,
    keys: Arc<dyn SigningKeys>,
    clock: Arc<dyn Clock>,
    about: BTreeMap<String, String>,
    last: Mutex<Option<(u64, Health)>>,
}

impl Checkup {
    /// Checks these, and tells operators `about` the deployment.
    #[must_use]
    pub fn new(
        store: store::Shared,
        keys: Arc<dyn SigningKeys>,
        clock: Arc<dyn Clock>,
        about: BTreeMap<String, String>,
    ) -> Self {
        Self { store, keys, clock, about, last: Mutex::default() }
    }

    /// The verdict for everyone, at most ten seconds old.
    pub async fn health(&self) -> Health {
        let now = self.clock.now();
        if let Some(health) = self.last(now) {
            return health;
        }
        let Details { status, checks, .. } = self.details().await;
        let health = Health { status, checks };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, health.clone()));
        health
    }

    /// The verdict of this moment, with details.
    pub async fn details(&self) -> Details {
        let store = self.store.check().await.map(|()| self.store.to_string());
        let key = self.keys.current().await.map(|key| format!("{} ({})", key.id(), self.keys));
        let works = store.is_ok() && key.is_ok();
        let checks = [("store", word(&store, "reachable")), ("signing_key", word(&key, "loaded"))];
        let mut details = self.about.clone();
        details.insert("store".into(), told(store));
        details.insert("signing_key".into(), told(key));
        Details {
            status: if works { Status::Healthy } else { Status::Unhealthy },
            checks: checks.map(|(part, word)| (part.to_owned(), word.to_owned())).into(),
            details,
        }
    }

    fn last(&self, now: u64) -> Option<Health> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(when, _)| now < when + FRESH_SECONDS).map(|(_, health)| health.clone())
    }
}

fn word(part: &Result<String>, good: &'static str) -> &'static str {
    if part.is_ok() { good } else { "unavailable" }
}

fn told(part: Result<String>) -> String {
    part.unwrap_or_else(|error| error.chain())
}
