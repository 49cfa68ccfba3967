//! Progress ([`Context::progress`]) and log messages ([`Context::log`]) while a tool runs, for
//! clients that ask for them.

use std::time::Duration;

use mcp_lambda::call::Level;
use mcp_lambda::prelude::*;
use tokio::time::sleep;

/// The time that each step of a tool takes here.
const STEP: Duration = Duration::from_millis(50);

/// Tools that tell what they do while they do it.
#[tools]
pub mod tools {
    use super::*;

    /// Says how far it has come: 0, 50 and 100 of 100.
    #[tool(read_only)]
    pub async fn test_tool_with_progress(context: Context) -> &'static str {
        for done in [0.0, 50.0, 100.0] {
            context.progress(done, 100.0, "working").await;
            sleep(STEP).await;
        }
        "All of it is done."
    }

    /// Logs three messages.
    #[tool(read_only)]
    pub async fn test_tool_with_logging(context: Context) -> &'static str {
        for message in [
            "Tool execution started",
            "Tool processing data",
            "Tool execution completed",
        ] {
            context.log(Level::Info, message).await;
            sleep(STEP).await;
        }
        "Three messages were logged."
    }

    /// Logs a message with data, for clients that want any of its level.
    #[tool(read_only)]
    pub async fn test_logging_tool(context: Context) -> &'static str {
        context
            .log(
                Level::Notice,
                serde_json::json!({ "noticed": "a call", "by": [context.client().name, context.client().version] }),
            )
            .await;
        "A message was logged."
    }

    /// Announces something: in the client's log, and as the answer.
    #[tool(read_only)]
    pub async fn announce(
        context: Context,
        /// What to announce.
        #[arg(default = "nothing in particular")]
        what: String,
    ) -> String {
        context.log(Level::Info, &what).await;
        format!("announced {what}")
    }

    /// Counts, a tenth of a second for each number, and stops when nobody waits any more.
    #[tool(read_only, timeout = "5m")]
    pub async fn count_slowly(
        context: Context,
        /// The last number.
        to: u32,
    ) -> String {
        for number in 1..=to {
            context
                .progress(f64::from(number), f64::from(to), None)
                .await;
            tokio::select! {
                () = sleep(Duration::from_millis(100)) => {}
                () = context.until_cancelled() => return format!("stopped at {number}"),
            }
        }
        format!("counted to {to}")
    }
}
