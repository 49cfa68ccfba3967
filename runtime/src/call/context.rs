//! What a running call knows besides who made it: how long it may take, whether anyone still waits, who listens, and what
//! its user was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::reports::Reports;
use super::{Channel, ClientInfo, Level, Progress, Trace};
use crate::clock::{Clock, SystemClock};
use crate::elicitation::{
    Capability, ElicitResult, InputRequest, InputRequired, PendingRequests, WaitingTime, form,
    worded,
};
use crate::error::{Error, ErrorKind, Result};
use crate::printable::shortened;

/// The time at which the entry point stops waiting for an answer; it is put into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Instant);

/// The id that Lambda gave to the request, as its own log lines carry it; it is put into the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// How often a question is put again whose answer does not fit, where answers come at once.
const ATTEMPTS: usize = 3;

/// The call a function is in; an extractor.
#[derive(Clone, Debug)]
pub struct Context {
    deadline: Instant,
    cancellation: CancellationToken,
    answers: Option<Arc<Answers>>,
    part: Option<Arc<dyn ToolAddresses>>,
    clock: Arc<dyn Clock>,
    run: Arc<Run>,
}

/// What all clones of a context share.
#[derive(Debug, Default)]
struct Run {
    channel: Option<Arc<dyn Channel>>,
    pending: PendingRequests,
    reports: Reports,
    has_ended: AtomicBool,
    waiting: WaitingTime,
}

/// What the user said when asked whether to go on ([`Context::confirm`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the user may have declined"]
pub enum Confirmation {
    /// Go on.
    Accepted,
    /// Don't, or no answer.
    Declined,
}

impl Confirmation {
    /// Whether to go on.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted)
    }
}

/// What the user has answered.
#[derive(Debug)]
struct Answers {
    by_key: Map<String, Value>,
    /// Whether they came with what was sealed when they were asked for.
    are_sealed: bool,
}

/// Where the tools of the part that is running can be called from its pages.
pub trait ToolAddresses: std::fmt::Debug + Send + Sync {
    /// The address of a tool of this part, by the name it was registered with.
    fn address(&self, tool: &str) -> Option<String>;
}

impl Context {
    /// A call that must end by this instant, may be cancelled before, and has this way back to its client.
    #[must_use]
    pub fn new(
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
            part: None,
            clock: Arc::new(SystemClock),
            run,
        }
    }

    /// A call that may take this long from now, and that nobody listens to.
    #[must_use]
    pub fn lasting(time: Duration) -> Self {
        Self::new(Instant::now() + time, CancellationToken::new(), None)
    }

    /// The same call with what its user has answered, by key.
    #[must_use]
    pub fn with_answers(mut self, by_key: Map<String, Value>) -> Self {
        self.answers = Some(Arc::new(Answers {
            by_key,
            are_sealed: false,
        }));
        self
    }

    /// The same call with what its user has answered in rounds that were sealed, the last of which had come this far.
    #[must_use]
    pub(crate) fn resumed(mut self, by_key: Map<String, Value>, reported: Option<f64>) -> Self {
        self.answers = Some(Arc::new(Answers {
            by_key,
            are_sealed: true,
        }));
        self.run.reports.go_on(reported);
        self
    }

    /// How far the client knows the call to be.
    pub(crate) fn reported(&self) -> Option<f64> {
        self.run.reports.done()
    }

    /// The same call as one of a part.
    #[must_use]
    pub fn in_toolset(mut self, part: Arc<dyn ToolAddresses>) -> Self {
        self.part = Some(part);
        self
    }

    /// When the call is answered with an error if nothing else has answered it.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns the time of day by the server's clock, in whole seconds since 1970-01-01T00:00:00Z
    /// ([`rfc3339`](crate::clock::rfc3339) writes it).
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
    ///         mcp_lambda::clock::rfc3339(context.now())
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

    /// How much time is left; zero when the deadline has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether the client no longer waits for an answer. On Lambda a client that leaves is not seen.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// Returns when the client no longer waits for an answer; for `select!` in long work.
    pub async fn cancelled(&self) {
        self.cancellation.cancelled().await;
    }

    /// What the client says of itself. It may say anything: never decide by it who may do what.
    #[must_use]
    pub fn client(&self) -> ClientInfo {
        self.channel().map(Channel::client).unwrap_or_default()
    }

    /// The trace that the call is part of; its [`headers`](Trace::headers) belong on every request to an upstream.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.channel().map(Channel::trace).unwrap_or_default()
    }

    /// Returns Lambda's id of the request, to find its `REPORT` line by; `None` elsewhere.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        self.channel().and_then(Channel::request_id)
    }

    /// Refuses the call if the client does not say that it can do this (MCP -32021).
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn require(&self, capability: Capability) -> Result<()> {
        if self.client().can(capability) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unsupported, self.lack_of(capability)).with_source(capability))
    }

    /// Tells a client that asked for it how far the call has come; anyone else hears nothing.
    ///
    /// Reports only ever increase, also over several rounds: one that does not, or that follows the last by less than 20 ms, is left out, but for
    /// the one that says `done` is `total`, and the one that stands while the user is asked. After the call's end nothing is
    /// sent.
    pub async fn progress(
        &self,
        done: f64,
        total: impl Into<Option<f64>> + Send,
        message: impl Into<Option<&str>> + Send,
    ) {
        let (total, message) = (total.into(), message.into().map(str::to_owned));
        let Some(channel) = self.listener().filter(|channel| channel.wants_progress()) else {
            return;
        };
        if let Some(report) = self.run.reports.worth_sending(Progress {
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

    /// Asks the user, and gives the answer, or `None` if the user would not say.
    ///
    /// A client of MCP 2026-07-28 is sent away with the question and comes again with the answer: **the function begins
    /// anew**, and is given the answer at this place. So do what must be done once after the last question. Questions
    /// asked side by side (`tokio::join!`) are put together. A key names one question of the function's, and its answer.
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::call::form;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct City {
    ///     /// Such as Oslo.
    ///     name: String,
    /// }
    ///
    /// async fn weather(context: Context) -> Result<String> {
    ///     let city: Option<City> = context.ask("city", form::<City>("Which city?")).await?;
    ///     Ok(city.map_or("As you wish.".into(), |city| format!("It rains in {}.", city.name)))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), in words for the model, if the client can't ask its user, and where it
    /// answers at once, if the answer does not fit; [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) if there is
    /// none for ten minutes; [`Internal`](crate::ErrorKind::Internal) for a question that can't be put.
    pub async fn ask<Q: InputRequest>(&self, key: &str, question: Q) -> Result<Option<Q::Answer>> {
        // Only what was sealed can be told to be used for the first time.
        let answers = self
            .answers
            .as_ref()
            .filter(|answers| answers.are_sealed || !question.is_for_once());
        let told = answers.and_then(|answers| answers.by_key.get(key));
        let wrong = match told.map(|result| question.read(result)) {
            Some(ElicitResult::Accepted(answer)) => return Ok(Some(answer)),
            Some(ElicitResult::Declined) => return Ok(None),
            Some(ElicitResult::Invalid(wrong)) => Some(wrong),
            None => None,
        };
        question.check()?;
        let channel = self
            .listener()
            .filter(|channel| channel.client().can(question.needs()));
        let channel = channel.ok_or_else(|| {
            Error::invalid(format!(
                "this needs an answer from the user, and {}",
                self.lack_of(question.needs())
            ))
        })?;
        if channel.answers_at_once() {
            return self.ask_at_once(channel, &question).await;
        }
        self.run.pending.ask(key, &question, wrong.as_deref());
        std::future::pending().await
    }

    /// Asks the user whether to go on, with this in a form without fields.
    ///
    /// A question as [`ask`](Self::ask) puts it, named by its own words: the same words asked twice in a call are one question.
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    ///
    /// async fn empty_the_trash(context: Context, data: UserData) -> Result<&'static str> {
    ///     if !context.confirm("Delete everything in the trash for good?").await?.is_accepted() {
    ///         return Ok("nothing was deleted");
    ///     }
    ///     data.delete("trash").await?;
    ///     Ok("the trash is empty")
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn confirm(&self, message: impl Into<String> + Send) -> Result<Confirmation> {
        let message = message.into();
        let digest = Sha256::digest(&message);
        let key = digest
            .iter()
            .take(6)
            .fold("confirm_".to_owned(), |key, byte| {
                format!("{key}{byte:02x}")
            });
        let accepted = self.ask(&key, form::<()>(message)).await?;
        Ok(if accepted.is_some() {
            Confirmation::Accepted
        } else {
            Confirmation::Declined
        })
    }

    /// Why the client can't do this, and what could.
    fn lack_of(&self, capability: Capability) -> String {
        if self
            .channel()
            .is_some_and(|channel| !channel.can_be_asked())
        {
            return format!(
                "over HTTP only a client of MCP 2026-07-28 can {capability}, since no session is kept for older ones; use a \
                 client of that revision, or this server over stdio"
            );
        }
        format!("this client can't {capability}; use a client that declares that it can")
    }

    /// The address of a tool of the part that is running, for its page to call.
    ///
    /// It is the same wherever the part is mounted. On its way out in an answer of a tool with a page, it becomes the name
    /// under which this server lists the tool.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if the part has no such tool: a button would be dead.
    pub fn address(&self, tool: &str) -> Result<String> {
        let address = self.part.as_ref().and_then(|part| part.address(tool));
        address.ok_or_else(|| {
            Error::not_found(format!(
                "this part has no tool `{tool}` that its pages may call"
            ))
        })
    }

    /// The same call, whose time of day is that of this clock.
    #[must_use]
    pub(crate) fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The same call with an earlier end.
    #[must_use]
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.deadline = self.deadline.min(deadline);
        self
    }

    /// Runs a function until it has answered, or waits for answers it does not have.
    pub(crate) async fn run_until_asking<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> std::result::Result<T, InputRequired> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            asked = self.run.pending.asked() => {
                self.catch_up().await;
                Err(asked)
            }
        }
    }

    /// When the function must have answered: the time in which its user was asked is not the function's.
    pub(crate) fn extended_deadline(&self) -> Instant {
        self.run.waiting.extend(self.deadline)
    }

    /// From now on nothing is sent: the client has its answer.
    pub(crate) fn end(&self) {
        self.run.has_ended.store(true, Ordering::Relaxed);
    }

    fn channel(&self) -> Option<&dyn Channel> {
        self.run.channel.as_deref()
    }

    fn listener(&self) -> Option<&dyn Channel> {
        self.channel()
            .filter(|_| !self.run.has_ended.load(Ordering::Relaxed) && !self.is_cancelled())
    }

    /// While a client puts a question, it shows how far the call has come.
    async fn catch_up(&self) {
        if let (Some(channel), Some(report)) = (self.listener(), self.run.reports.held_back()) {
            channel.progress(report).await;
        }
    }

    async fn ask_at_once<Q: InputRequest>(
        &self,
        channel: &dyn Channel,
        question: &Q,
    ) -> Result<Option<Q::Answer>> {
        let mut wrong = None;
        for _ in 0..ATTEMPTS {
            self.catch_up().await;
            let request = worded(question, wrong.as_deref());
            let result = tokio::select! {
                result = self.run.waiting.wait(channel.ask(request)) => result?,
                () = self.cancelled() => return Err(Error::unavailable("the client gave the call up")),
            };
            match question.read(&result?) {
                ElicitResult::Accepted(answer) => return Ok(Some(answer)),
                ElicitResult::Declined => return Ok(None),
                ElicitResult::Invalid(fault) => wrong = Some(fault),
            }
        }
        let wrong = wrong.unwrap_or_default();
        Err(Error::invalid(format!(
            "the user's answer does not fit the question: {}",
            shortened(&wrong)
        )))
    }
}
