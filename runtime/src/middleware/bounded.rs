//! Nothing may hang a call, break it by a panic, or answer with more than a client can be sent.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};

use crate::call::{Call, Context};
use crate::error::{Error, Result};
use crate::provider::{
    Answer, Completion, Definition, Listing, Primitive, Provider, Reply, SharedProvider,
};
use crate::user::Caller;

/// The largest answer, in bytes: it fits Lambda's 6 MB response with room for JSON's escapes.
const MAX_ANSWER_BYTES: usize = 4_000_000;

/// What is said of a function that panicked.
pub const BROKE_DOWN: &str = "broke down; this is a fault of the server";

/// A source whose calls end in time, and always with an answer.
#[derive(Debug)]
pub struct Bounded<P: Primitive> {
    inner: SharedProvider<P>,
    timeout: Duration,
}

impl<P: Primitive> Bounded<P> {
    /// Bounds every call by `timeout`, or by what the definition says.
    #[must_use]
    pub const fn new(inner: SharedProvider<P>, timeout: Duration) -> Self {
        Self { inner, timeout }
    }

    /// Runs an author's function until the call's end, at most.
    async fn run<T: Send>(
        &self,
        name: &str,
        context: &Context,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let mut work = std::pin::pin!(AssertUnwindSafe(work).catch_unwind());
        let done = loop {
            let end = context.handler_deadline();
            match timeout_at(end, &mut work).await {
                Ok(done) => break done,
                // Its user is being asked, or was.
                Err(_) if context.handler_deadline() > end => {}
                Err(_) => {
                    return Err(Error::deadline_exceeded(format!(
                        "the {} `{name}` did not answer in time; ask for less, or try again later",
                        P::NAME
                    )));
                }
            }
        };
        // What a panic says may quote an argument: the place alone is logged, by the hook of the process.
        done.unwrap_or_else(|_| {
            Err(Error::internal(format!(
                "the {} `{name}` {BROKE_DOWN}",
                P::NAME
            )))
        })
    }

    fn bounded(&self, found: &Definition<P>, context: Context) -> Context {
        context.until(Instant::now() + found.timeout.unwrap_or(self.timeout))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: Primitive> Provider<P> for Bounded<P> {
    async fn list(&self, caller: &Caller) -> Result<Listing<P>> {
        self.inner.list(caller).await
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition<P>>>> {
        self.inner.find(caller, name).await
    }

    async fn call(&self, found: &Arc<Definition<P>>, mut call: Call) -> Result<Reply<P::Answer>> {
        call.context = self.bounded(found, call.context);
        let context = call.context.clone();
        let reply = self
            .run(&found.name, &context, self.inner.call(found, call))
            .await;
        context.end();
        match reply? {
            Reply::Answer(answer) => fitting::<P>(&found.name, answer).map(Reply::Answer),
            asks @ Reply::Asks(_) => Ok(asks),
        }
    }

    async fn complete(
        &self,
        found: &Arc<Definition<P>>,
        completion: Completion,
    ) -> Result<Vec<String>> {
        let context = self.bounded(found, completion.call.context.clone());
        self.run(
            &found.name,
            &context,
            self.inner.complete(found, completion),
        )
        .await
    }
}

fn fitting<P: Primitive>(name: &str, answer: P::Answer) -> Result<P::Answer> {
    let (primitive, size) = (P::NAME, answer.size());
    if size <= MAX_ANSWER_BYTES {
        return Ok(answer);
    }
    Err(Error::too_large(format!(
        "the {primitive} `{name}` answered with {size} bytes; at most {MAX_ANSWER_BYTES} can be sent: ask for less"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;
    use crate::provider::{Catalog, reach};
    use crate::tool::{Outcome, Tool, Tools, laws};

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(Bounded::new(
            Arc::new(laws::catalog()),
            Duration::from_secs(60),
        )))
        .await;
    }

    fn bounded(tool: Tool) -> Bounded<Tools> {
        let catalog = Catalog::new([tool.description("Misbehaves.")]).expect("well made");
        Bounded::new(Arc::new(catalog), Duration::from_secs(60))
    }

    async fn fate(tool: Tool) -> Error {
        let name = tool.definition().name.clone();
        reach(&bounded(tool), laws::call(&name, &json!({}), laws::alice()))
            .await
            .expect_err("refused")
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_its_words_are_for_nobody() {
        let error = fate(Tool::raw("panics", json!({"type": "object"}), |_| async {
            panic!("the password is hunter2")
        }))
        .await;
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!error.chain().contains("hunter2"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_sleeps_past_its_deadline_is_answered_for() {
        let started = Instant::now();
        let sleeps = || {
            Tool::raw("sleeps", json!({"type": "object"}), |_| {
                std::future::pending()
            })
        };
        assert_eq!(fate(sleeps()).await.kind(), ErrorKind::DeadlineExceeded);
        assert_eq!(started.elapsed().as_secs(), 60);
        assert_eq!(
            fate(sleeps().timeout(Duration::from_secs(5))).await.kind(),
            ErrorKind::DeadlineExceeded
        );
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
