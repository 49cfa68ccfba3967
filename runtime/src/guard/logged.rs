//! One line in the log for every call of a tool: who, what, how long, how it ended.
//!
//! Arguments and answers are never logged: they are the user's.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::error::{ErrorKind, Result};
use crate::tool::{Call, Definition, Outcome, Shared, ToolSource};
use crate::user::{Caller, Email};

/// A source whose calls are logged.
#[derive(Debug)]
pub struct Logged {
    inner: Shared,
}

impl Logged {
    /// Logs the calls of this source.
    #[must_use]
    pub const fn new(inner: Shared) -> Self {
        Self { inner }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ToolSource for Logged {
    async fn list(&self, caller: &Caller) -> Result<Vec<Arc<Definition>>> {
        self.inner.list(caller).await
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition>>> {
        self.inner.find(caller, name).await
    }

    async fn call(&self, call: Call) -> Result<Outcome> {
        let (name, user, started) = (call.name.clone(), call.caller.email().cloned(), Instant::now());
        let outcome = self.inner.call(call).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let user = user.as_ref().map_or("probe", Email::as_str);
        match ending(&outcome) {
            (None, _) => tracing::info!(tool.name = name, user.email = user, duration_ms, "call"),
            (Some(error), None) => tracing::info!(tool.name = name, user.email = user, duration_ms, error, "call"),
            (Some(error), Some(cause)) => {
                tracing::warn!(tool.name = name, user.email = user, duration_ms, error, cause, "call");
            }
        }
        outcome
    }
}

/// What went wrong in a word, and why.
fn ending(outcome: &Result<Outcome>) -> (Option<&'static str>, Option<String>) {
    match outcome {
        Ok(outcome) if !outcome.is_error => (None, None),
        Ok(outcome) => (Some("tool"), outcome.cause.clone()),
        // Why arguments don't fit may quote them.
        Err(error) if error.kind() == ErrorKind::Invalid => (Some(error.kind().code()), None),
        Err(error) => (Some(error.kind().code()), Some(error.chain())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(Logged::new(Arc::new(laws::catalog())))).await;
    }
}
