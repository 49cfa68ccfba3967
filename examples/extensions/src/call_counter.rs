//! A [`Middleware`] that counts calls per user: [`CallCounter`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use mcp_lambda::Result;
use mcp_lambda::call::Call;
use mcp_lambda::middleware::{Middleware, Next};
use mcp_lambda::provider::{DefinitionView, Reply};

/// A [`Middleware`] that counts the calls of each user in this process. Clones share their counts.
///
/// ```
/// use extensions::call_counter::CallCounter;
/// use mcp_lambda::App;
///
/// let calls = CallCounter::default();
/// let app = App::new("notes").layer(calls.clone());
/// assert_eq!((app.check(), calls.count("alice@example.com")), (Ok(()), 0));
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallCounter {
    counts: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl CallCounter {
    /// Returns the number of calls that a user has made, by the name that
    /// [`Caller::subject`](mcp_lambda::user::Caller::subject) gives.
    #[must_use]
    pub fn count(&self, user: &str) -> u64 {
        self.lock().get(user).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Middleware for CallCounter {
    /// Returns `false`: the counter hides nothing, so shared caches may keep lists as before
    /// ([`Middleware::depends_on_caller`]).
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        let user = call.caller().subject().to_string();
        *self.lock().entry(user).or_default() += 1;
        next.run(call).await
    }
}

#[cfg(test)]
mod tests {
    use mcp_lambda::middleware::laws;
    use mcp_lambda::testkit::{TestApp, block_on};
    use mcp_lambda::{App, Outcome, Prompt, Tool};
    use serde_json::json;

    use super::*;

    fn app(calls: CallCounter) -> App {
        let echo = Tool::raw("echo", json!({"type": "object"}), |_| async {
            Ok(Outcome::text("echo"))
        });
        let greet = Prompt::new("greet", |_| async { Ok("Say hello.") });
        App::new("counted")
            .tools([echo.description("Echoes.")])
            .prompts([greet.description("Greets.")])
            .layer(calls)
    }

    #[test]
    fn it_keeps_the_laws_of_a_middleware() {
        block_on(laws::all(Arc::new(CallCounter::default())));
    }

    #[test]
    fn calls_are_counted_for_each_user_whatever_is_called() {
        block_on(async {
            let calls = CallCounter::default();
            let app = TestApp::new(app(calls.clone())).await;
            let alice = app.user("alice@example.com").await;
            let bob = app.user("bob@example.com").await;
            for _ in 0..3 {
                assert_eq!(alice.call("echo", json!({})).await.tool_text(), "echo");
            }
            bob.mcp("prompts/get", json!({"name": "greet"}))
                .await
                .result();
            assert_eq!(calls.count("alice@example.com"), 3);
            assert_eq!(calls.count("bob@example.com"), 1);
        });
    }

    #[test]
    fn what_is_unknown_or_refused_before_is_not_counted() {
        block_on(async {
            let calls = CallCounter::default();
            let app = TestApp::new(app(calls.clone())).await;
            let alice = app.user("alice@example.com").await;
            alice.call("nowhere", json!({})).await;
            app.probe().call("echo", json!({})).await;
            assert_eq!(calls.count("alice@example.com"), 0);
            assert_eq!(calls.count("probe"), 0);
        });
    }

    #[test]
    fn a_list_that_all_see_stays_public() {
        block_on(async {
            let app = TestApp::new(app(CallCounter::default())).await;
            let alice = app.user("alice@example.com").await;
            let listed = alice.mcp("prompts/list", json!({})).await;
            assert_eq!(listed.result()["cacheScope"], "public");
        });
    }
}
