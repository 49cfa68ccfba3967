//! A [`Middleware`] that limits how often a user calls a tool, as each tool says of itself: [`CallQuota`] and [`PerMinute`].

use std::time::Duration;

use async_trait::async_trait;
use mcp_lambda::call::Call;
use mcp_lambda::middleware::{Middleware, Next};
use mcp_lambda::provider::{DefinitionView, Reply};
use mcp_lambda::store::Key;
use mcp_lambda::{Error, Result};

/// The length of the window that calls are counted in, in seconds.
const WINDOW_SECONDS: u64 = 60;

/// The number of calls that each user may make in a minute: an extension of a tool, a prompt or a resource
/// ([`Registration::extension`](mcp_lambda::provider::Registration::extension)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerMinute(pub i64);

/// A [`Middleware`] that refuses the calls of a user beyond what the tool allows; what has no [`PerMinute`] has no limit.
///
/// Calls are counted in the app's store, so that all instances of a Lambda function count together. Each limited call costs
/// one write.
///
/// ```
/// use extensions::call_quota::{CallQuota, PerMinute};
/// use mcp_lambda::prelude::*;
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Searches the web.
///     #[tool(read_only, extension = PerMinute(3))]
///     pub async fn search(query: String) -> String {
///         format!("nothing about {query}")
///     }
/// }
///
/// # fn main() {
/// let app = App::new("searches").tools(tools::tools()).layer(CallQuota);
/// assert_eq!(app.check(), Ok(()));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CallQuota;

#[async_trait]
impl Middleware for CallQuota {
    /// Returns `false`: the quota hides nothing ([`Middleware::depends_on_caller`]).
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        if let Some(PerMinute(allowed)) = next.definition().extension() {
            let window = Window::of(&call);
            let counter = window.key(&call, &next);
            let made = call.store().add(&counter, 1, Some(window.end)).await?;
            if made > *allowed {
                let refusal = format!("only {allowed} calls a minute are allowed");
                return Err(Error::rate_limited(refusal).with_retry_after(window.remaining));
            }
        }
        next.run(call).await
    }
}

/// The minute that a [`Call`] is made in.
struct Window {
    /// The end, in epoch seconds.
    end: u64,
    remaining: Duration,
}

impl Window {
    fn of(call: &Call) -> Self {
        let now = call.clock().now();
        let end = (now / WINDOW_SECONDS + 1) * WINDOW_SECONDS;
        Self {
            end,
            remaining: Duration::from_secs(end - now),
        }
    }

    /// Returns the key of the counter. It names the registration and not the email, so that a later user of the same email
    /// begins anew.
    fn key(&self, call: &Call, next: &Next) -> Key {
        let caller = call.caller();
        let user = caller.registration().map(ToString::to_string);
        let user = user.unwrap_or_else(|| caller.subject().to_string());
        let definition = next.definition();
        let called = format!("{} {}", definition.primitive(), definition.key());
        Key::new(format!("quota#{user}"), format!("{called} {}", self.end))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcp_lambda::middleware::laws;
    use mcp_lambda::testkit::{Client, TestApp, block_on};
    use mcp_lambda::{App, Outcome, Tool};
    use serde_json::json;

    use super::*;

    fn app() -> App {
        let tool = |name: &str| {
            let tool = Tool::raw(name, json!({"type": "object"}), |_| async {
                Ok(Outcome::text("done"))
            });
            tool.description("Works.")
        };
        let limited = ["search", "fetch"].map(|name| tool(name).extension(PerMinute(2)));
        App::new("limited")
            .tools(limited)
            .tools([tool("count")])
            .layer(CallQuota)
    }

    async fn call(client: &Client<'_>, tool: &str) -> String {
        client.call(tool, json!({})).await.tool_text().to_owned()
    }

    #[test]
    fn it_keeps_the_laws_of_a_middleware() {
        block_on(laws::all(Arc::new(CallQuota)));
    }

    #[test]
    fn each_user_has_a_quota_of_each_tool_that_names_one() {
        block_on(async {
            let app = TestApp::new(app()).await;
            let alice = app.user("alice@example.com").await;
            let bob = app.user("bob@example.com").await;
            for _ in 0..2 {
                assert_eq!(call(&alice, "search").await, "done");
            }
            let refused = call(&alice, "search").await;
            assert!(refused.contains("only 2 calls a minute"), "{refused}");
            assert_eq!(call(&alice, "fetch").await, "done");
            assert_eq!(call(&bob, "search").await, "done");
            for _ in 0..9 {
                assert_eq!(call(&alice, "count").await, "done");
            }
            app.clock().advance(60);
            assert_eq!(call(&alice, "search").await, "done");
        });
    }

    #[test]
    fn two_instances_count_together() {
        block_on(async {
            let one = TestApp::new(app()).await;
            let two = one.second_instance(app(), &[]).await;
            let alice = one.user("alice@example.com").await;
            let elsewhere = two.with_token(alice.token());
            for client in [&alice, &elsewhere] {
                assert_eq!(call(client, "search").await, "done");
            }
            assert!(call(&elsewhere, "search").await.contains("only 2 calls"));
        });
    }
}
