//! No tool may hang a call, break it by a panic, or answer with more than a client can be sent.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};
use crate::tool::{Call, Definition, Outcome, Shared, ToolSource};
use crate::user::Caller;

/// The largest answer, in bytes: it fits Lambda's 6 MB response with room for JSON's escapes.
const MAX_OUTCOME_BYTES: usize = 4_000_000;

/// What is said of a tool that panicked.
pub const BROKE_DOWN: &str = "broke down; this is a fault of the server";

/// A source whose calls end in time, and always with an answer.
#[derive(Debug)]
pub struct Bounded {
    inner: Shared,
    timeout: Duration,
    timeouts: HashMap<String, Duration>,
}

impl Bounded {
    /// Bounds every call by `timeout`, or by what the tool's own definition says.
    #[must_use]
    pub fn new(inner: Shared, timeout: Duration, definitions: &[Arc<Definition>]) -> Self {
        let own = |definition: &Arc<Definition>| Some((definition.name.clone(), definition.timeout?));
        Self { inner, timeout, timeouts: definitions.iter().filter_map(own).collect() }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ToolSource for Bounded {
    async fn list(&self, caller: &Caller) -> Result<Vec<Arc<Definition>>> {
        self.inner.list(caller).await
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition>>> {
        self.inner.find(caller, name).await
    }

    async fn call(&self, mut call: Call) -> Result<Outcome> {
        let timeout = self.timeouts.get(&call.name).copied().unwrap_or(self.timeout);
        call.context = call.context.until(Instant::now() + timeout);
        let (name, deadline) = (call.name.clone(), call.context.deadline());
        let work = AssertUnwindSafe(self.inner.call(call)).catch_unwind();
        match timeout_at(deadline, work).await {
            Ok(Ok(outcome)) => outcome.and_then(|outcome| fitting(&name, outcome)),
            Ok(Err(panic)) => {
                Err(Error::internal(format!("the tool `{name}` {BROKE_DOWN}")).with_source(panic_words(&*panic)))
            }
            Err(_) => Err(Error::deadline_exceeded(format!(
                "the tool `{name}` did not answer in time; ask for less, or try again later"
            ))),
        }
    }
}

fn fitting(name: &str, outcome: Outcome) -> Result<Outcome> {
    let size = outcome.size();
    if size <= MAX_OUTCOME_BYTES {
        return Ok(outcome);
    }
    Err(Error::too_large(format!(
        "the tool `{name}` answered with {size} bytes; at most {MAX_OUTCOME_BYTES} can be sent: ask for less"
    )))
}

/// What a panic said, for the log.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;
    use crate::tool::{Catalog, Tool, laws};

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(Bounded::new(Arc::new(laws::catalog()), Duration::from_secs(60), &[]))).await;
    }

    fn bounded(tool: Tool) -> Bounded {
        let catalog = Catalog::new([tool.description("Misbehaves.")]).expect("well made");
        let definitions = catalog.definitions().to_vec();
        Bounded::new(Arc::new(catalog), Duration::from_secs(60), &definitions)
    }

    async fn fate(tool: Tool) -> Error {
        let name = tool.definition().name.clone();
        bounded(tool).call(laws::call(&name, &json!({}), laws::alice())).await.expect_err("refused")
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_its_words_are_for_the_log() {
        let error =
            fate(Tool::raw("panics", json!({"type": "object"}), |_| async { panic!("the password is hunter2") })).await;
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!error.message().contains("hunter2") && error.chain().contains("hunter2"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_sleeps_past_its_deadline_is_answered_for() {
        let started = Instant::now();
        let sleeps = || Tool::raw("sleeps", json!({"type": "object"}), |_| std::future::pending());
        assert_eq!(fate(sleeps()).await.kind(), ErrorKind::DeadlineExceeded);
        assert_eq!(started.elapsed().as_secs(), 60);
        assert_eq!(fate(sleeps().timeout(Duration::from_secs(5))).await.kind(), ErrorKind::DeadlineExceeded);
        assert_eq!(started.elapsed().as_secs(), 65);
    }

    #[tokio::test]
    async fn seven_megabytes_are_not_sent() {
        let error = fate(Tool::raw("floods", json!({"type": "object"}), |_| async {
            Ok(Outcome::text("x".repeat(7_000_000)))
        }))
        .await;
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.message().contains("7000000 bytes"), "{error}");
    }
}
