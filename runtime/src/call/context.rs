//! The context of a running call: its deadline and cancellation, the way back to its [client](ClientInfo), and the answers that its user
//! gave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::reports::Reports;
use super::{Channel, ClientInfo, Level, Progress, Trace};
use crate::clock::{Clock, SystemClock};
use crate::elicitation::{Capability, InputRequired, PendingRequests, WaitingTime};
use crate::error::{Error, ErrorKind, Result};

/// The time at which the entry point stops waiting for an answer; it is put into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(pub(crate) Instant);

/// The id that Lambda gave to the request, as its own log lines carry it; it is put into the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(pub String);

/// The running call, for its handler: deadline, progress, log messages and questions to the user. An extractor.
#[derive(Clone, Debug)]
pub struct Context {
    deadline: Instant,
    cancellation: CancellationToken,
    pub(super) answers: Option<Arc<Answers>>,
    toolset_addresses: Option<Arc<dyn ToolAddresses>>,
    clock: Arc<dyn Clock>,
    pub(super) run: Arc<Run>,
}

/// The state that all clones of a [`Context`] share.
#[derive(Debug, Default)]
pub(super) struct Run {
    channel: Option<Arc<dyn Channel>>,
    pub(super) pending: PendingRequests,
    pub(super) reports: Reports,
    has_ended: AtomicBool,
    pub(super) waiting: WaitingTime,
}

/// The user's answers.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) by_key: Map<String, Value>,
    /// `true` if they came with the sealed state of their questions.
    pub(super) are_sealed: bool,
}

/// The addresses at which a [toolset](crate::Toolset)'s pages call its tools.
pub(crate) trait ToolAddresses: std::fmt::Debug + Send + Sync {
    /// Returns the address of a tool of this toolset, by the name it was registered under.
    fn address(&self, tool: &str) -> Option<String>;
}

impl Context {
    /// Makes the context of a call that must end by this instant, may be cancelled before, and has this way back to its client.
    #[must_use]
    pub(crate) fn new(
        deadline: Instant,
        cancellation: CancellationToken,
        channel: Option<Arc<dyn Channel>>,
    ) -> Self {
        let run = Arc::new(Run {
            channel,
            ..Run::default()
        });
        Self {
            deadline,
            cancellation,
            answers: None,
            toolset_addresses: None,
            clock: Arc::new(SystemClock),
            run,
        }
    }

    /// Makes the context of a call that may take this long from now, and has no client that listens.
    #[must_use]
    pub fn with_timeout(time: Duration) -> Self {
        Self::new(Instant::now() + time, CancellationToken::new(), None)
    }

    /// Adds the user's answers, by key.
    #[must_use]
    pub(crate) fn with_answers(mut self, by_key: Map<String, Value>) -> Self {
        self.answers = Some(Arc::new(Answers {
            by_key,
            are_sealed: false,
        }));
        self
    }

    /// Adds the user's answers of sealed rounds, and the progress that the last of them reported.
    #[must_use]
    pub(crate) fn resume(mut self, by_key: Map<String, Value>, reported: Option<f64>) -> Self {
        self.answers = Some(Arc::new(Answers {
            by_key,
            are_sealed: true,
        }));
        self.run.reports.resume(reported);
        self
    }

    /// Returns the progress that the client has heard of.
    pub(crate) fn last_progress(&self) -> Option<f64> {
        self.run.reports.last()
    }

    /// Adds the addresses of the tools of the [toolset](crate::Toolset) that is called.
    #[must_use]
    pub(crate) fn in_toolset(mut self, addresses: Arc<dyn ToolAddresses>) -> Self {
        self.toolset_addresses = Some(addresses);
        self
    }

    /// Returns the time at which the call fails with `DeadlineExceeded` if it has no answer by then.
    #[must_use]
    pub fn deadline(&self) -> std::time::Instant {
        self.deadline.into_std()
    }

    /// Returns the time of day by the server's clock, in whole seconds since 1970-01-01T00:00:00Z
    /// ([`format_rfc3339`](crate::clock::format_rfc3339) writes it).
    ///
    /// A test's clock stands still until it is moved:
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    /// use serde_json::json;
    ///
    /// #[tools]
    /// pub mod tools {
    ///     use super::*;
    ///
    ///     /// Tells the time.
    ///     #[tool(read_only)]
    ///     pub async fn time(context: Context) -> String {
    ///         mcp_lambda::clock::format_rfc3339(context.now())
    ///     }
    /// }
    ///
    /// # fn main() {
    /// block_on(async {
    ///     let app = TestApp::new(App::new("clock").tools(tools::tools())).await;
    ///     let alice = app.user("alice@example.com").await;
    ///     assert_eq!(alice.call("time", json!({})).await.tool_text(), "2027-01-15T08:00:00Z");
    ///     app.clock().advance(60);
    ///     assert_eq!(alice.call("time", json!({})).await.tool_text(), "2027-01-15T08:01:00Z");
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Returns the time until the [`deadline`](Self::deadline); zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Returns `true` if the client no longer waits for an answer. Lambda does not tell of a client that leaves.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// Waits until the client no longer waits for an answer; for `select!` in long work.
    pub async fn until_cancelled(&self) {
        self.cancellation.cancelled().await;
    }

    /// Returns the client's description of itself. It may say anything: never grant rights by it.
    #[must_use]
    pub fn client(&self) -> ClientInfo {
        self.channel().map(Channel::client).unwrap_or_default()
    }

    /// Returns the trace of the call; its [`headers`](Trace::headers) belong on every request to an upstream.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.channel().map(Channel::trace).unwrap_or_default()
    }

    /// Returns Lambda's id of the request, to find its `REPORT` line by; `None` elsewhere.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        self.channel().and_then(Channel::request_id)
    }

    /// Refuses the call if the client does not declare this capability (MCP -32021).
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn require(&self, capability: Capability) -> Result<()> {
        if self.client().can(capability) {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::Unsupported, self.describe_lack(capability))
                .with_source(capability),
        )
    }

    /// Reports progress to a client that asked for it (MCP 2026-07-28, progress); does nothing for any other.
    ///
    /// Reports only ever increase, also over several rounds: one that does not, or that follows the last by less than 20 ms, is left out, but for
    /// the one that says `done` is `total`, and the one that is shown while the user is asked. After the call's end nothing is
    /// sent.
    pub async fn progress(
        &self,
        done: f64,
        total: impl Into<Option<f64>> + Send,
        message: impl Into<Option<&str>> + Send,
    ) {
        let total = total.into();
        let message = message.into().map(str::to_owned);
        let Some(channel) = self.listener().filter(|channel| channel.wants_progress()) else {
            return;
        };
        if let Some(report) = self.run.reports.admit(Progress {
            done,
            total,
            message,
        }) {
            channel.progress(report).await;
        }
    }

    /// Sends the client a log message, if it wants any of this level; anything that serializes.
    pub async fn log(&self, level: Level, data: impl Serialize + Send) {
        let Some(channel) = self.listener() else {
            return;
        };
        if channel.log_level().is_some_and(|least| level >= least)
            && let Ok(data) = serde_json::to_value(data)
        {
            channel.log(level, data).await;
        }
    }

    /// Returns the address of a tool of the toolset that is called, for its page to call.
    ///
    /// It is the same wherever the toolset is mounted. On its way out in an answer of a tool with a page, it becomes the name
    /// under which this server lists the tool.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if the toolset has no such tool: a button would be dead.
    pub fn address(&self, tool: &str) -> Result<String> {
        let address = self
            .toolset_addresses
            .as_ref()
            .and_then(|addresses| addresses.address(tool));
        address.ok_or_else(|| {
            Error::not_found(format!(
                "this toolset has no tool `{tool}` that its pages may call"
            ))
        })
    }

    /// Sets the clock that [`now`](Self::now) reads.
    #[must_use]
    pub(crate) fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets an earlier deadline.
    #[must_use]
    pub(crate) fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = self.deadline.min(deadline);
        self
    }

    /// Runs a handler until it has answered, or waits for answers of its user that it does not have.
    pub(crate) async fn run_until_asking<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> std::result::Result<T, InputRequired> {
        // A handler that has answered while it asked has answered: `biased` polls it first. One that waits for an answer it does
        // not have never ends; its requests end the round, and it is dropped where it waits.
        tokio::select! {
            biased;
            done = work => Ok(done),
            required = self.run.pending.wait() => {
                self.catch_up().await;
                Err(required)
            }
        }
    }

    /// Returns the deadline of the handler: time in which its user was asked does not count.
    pub(crate) fn handler_deadline(&self) -> Instant {
        self.run.waiting.extend(self.deadline)
    }

    /// Ends the call: the client has its answer, and nothing more is sent.
    pub(crate) fn end(&self) {
        self.run.has_ended.store(true, Ordering::Relaxed);
    }

    pub(super) fn channel(&self) -> Option<&dyn Channel> {
        self.run.channel.as_deref()
    }

    /// Returns the way to the client while it listens: until it leaves, or has its answer.
    pub(super) fn listener(&self) -> Option<&dyn Channel> {
        self.channel()
            .filter(|_| !self.run.has_ended.load(Ordering::Relaxed) && !self.is_cancelled())
    }
}
