//! Questions of a running call to its user (MCP, elicitation).
//!
//! A client of MCP 2026-07-28 is answered with the question, and the call begins anew with the answer; a client of an older
//! revision over a connection that stays is asked while the call waits. Handlers see one method, [`Context::ask`].

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Channel, Context};
use crate::elicitation::{Capability, ElicitResult, InputRequest, form, write_request};
use crate::error::{Error, Result};
use crate::printable::{hex, shorten};

/// The number of times that a question is asked whose answer does not fit, where answers come at once.
const ATTEMPTS: usize = 3;

/// The user's answer to [`Context::confirm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the user may have declined"]
pub enum Confirmation {
    /// The user agreed.
    Accepted,
    /// The user declined or gave no answer.
    Declined,
}

impl Confirmation {
    /// Returns `true` if the user agreed.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted)
    }
}

impl Context {
    /// Asks the user (MCP, elicitation) and returns the answer, or `None` if the user declined.
    ///
    /// A client of MCP 2026-07-28 is answered with the question and calls again with the answer: **the handler begins
    /// anew**, and gets the answer at this place. So do what must be done once after the last question. Questions
    /// asked side by side (`tokio::join!`) are sent together. A key names one question of the handler, and its answer.
    ///
    /// ```
    /// use mcp_lambda::elicitation::form;
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    /// use serde_json::json;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// pub struct City {
    ///     /// Such as Oslo.
    ///     name: String,
    /// }
    ///
    /// #[tools]
    /// pub mod tools {
    ///     use super::*;
    ///
    ///     /// Tells the weather in a city that the user chooses.
    ///     pub async fn weather(context: Context) -> Result<String> {
    ///         let city: Option<City> = context.ask("city", form::<City>("Which city?")).await?;
    ///         Ok(city.map_or("As you wish.".into(), |city| format!("It rains in {}.", city.name)))
    ///     }
    /// }
    ///
    /// # fn main() {
    /// block_on(async {
    ///     let app = TestApp::new(App::new("weather").tools(tools::tools())).await;
    ///     let alice = app.user("alice@example.com").await.answer("city", json!({"name": "Oslo"}));
    ///     assert_eq!(alice.call("weather", json!({})).await.tool_text(), "It rains in Oslo.");
    /// });
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), if the client can't ask its user, and where it
    /// answers at once, if the answer does not fit; [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) if there is
    /// none for ten minutes; [`Internal`](crate::ErrorKind::Internal) for a question that the protocol does not have.
    pub async fn ask<Q: InputRequest>(&self, key: &str, question: Q) -> Result<Option<Q::Answer>> {
        let result = self.result_for(key, &question);
        let problem = match result.map(|result| question.parse_result(result)) {
            Some(ElicitResult::Accepted(answer)) => return Ok(Some(answer)),
            Some(ElicitResult::Declined) => return Ok(None),
            Some(ElicitResult::Invalid(problem)) => Some(problem),
            None => None,
        };
        question.check()?;
        let channel = self.channel_for(question.capability())?;
        if channel.answers_at_once() {
            return self.ask_at_once(channel, &question).await;
        }
        // This call never goes on from here: whoever polls it sees the pending request, drops the call, and answers the
        // client with it. The handler runs anew in the next round, in which the answer is found above.
        self.run.pending.ask(key, &question, problem.as_deref());
        std::future::pending().await
    }

    /// Returns the client's result for a question of an earlier round, if it brought one.
    fn result_for(&self, key: &str, question: &impl InputRequest) -> Option<&Value> {
        // An answer that may be used once must come with sealed state: only that can tell a first use from a second.
        let answers = self.answers.as_ref();
        let answers = answers.filter(|answers| answers.are_sealed || !question.is_single_use());
        answers?.by_key.get(key)
    }

    /// Returns the way to the client, if it has this capability.
    fn channel_for(&self, capability: Capability) -> Result<&dyn Channel> {
        let channel = self.listener();
        let channel = channel.filter(|channel| channel.client().can(capability));
        channel.ok_or_else(|| {
            let lack = self.describe_lack(capability);
            Error::invalid(format!("this needs an answer from the user, and {lack}"))
        })
    }

    /// Asks the user whether to go on, by a form without fields.
    ///
    /// A question as [`ask`](Self::ask) asks it, whose key is a digest of the message: the same message twice in a call is
    /// one question.
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
    ///     /// Empties the trash.
    ///     #[tool(destructive)]
    ///     pub async fn empty_trash(context: Context, data: UserData) -> Result<&'static str> {
    ///         if !context.confirm("Delete everything in the trash for good?").await?.is_accepted() {
    ///             return Ok("nothing was deleted");
    ///         }
    ///         data.delete("trash").await?;
    ///         Ok("the trash is empty")
    ///     }
    /// }
    ///
    /// # fn main() {
    /// block_on(async {
    ///     let app = TestApp::new(App::new("trash").tools(tools::tools())).await;
    ///     let alice = app.user("alice@example.com").await;
    ///     let declined = alice.clone().confirm(false).call("empty_trash", json!({})).await;
    ///     assert_eq!(declined.tool_text(), "nothing was deleted");
    ///     let agreed = alice.confirm(true).call("empty_trash", json!({})).await;
    ///     assert_eq!(agreed.tool_text(), "the trash is empty");
    /// });
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn confirm(&self, message: impl Into<String> + Send) -> Result<Confirmation> {
        let message = message.into();
        let digest = Sha256::digest(&message);
        let key = format!("confirm_{}", hex(&digest[..6]));
        let accepted = self.ask(&key, form::<()>(message)).await?;
        Ok(if accepted.is_some() {
            Confirmation::Accepted
        } else {
            Confirmation::Declined
        })
    }

    /// Says why the client can't do this, and which client could.
    pub(super) fn describe_lack(&self, capability: Capability) -> String {
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

    /// Sends the progress that was left out, before the client shows a question.
    pub(super) async fn catch_up(&self) {
        if let (Some(channel), Some(report)) = (self.listener(), self.run.reports.take_pending()) {
            channel.progress(report).await;
        }
    }

    /// Asks over a connection that stays, and again where the answer does not fit.
    async fn ask_at_once<Q: InputRequest>(
        &self,
        channel: &dyn Channel,
        question: &Q,
    ) -> Result<Option<Q::Answer>> {
        let mut problem = None;
        for _ in 0..ATTEMPTS {
            self.catch_up().await;
            let request = write_request(question, problem.as_deref());
            // The time of the user is not that of the handler: `waiting` moves the deadline by it.
            let result = tokio::select! {
                result = self.run.waiting.wait(channel.ask(request)) => result?,
                () = self.until_cancelled() => return Err(Error::unavailable("the client gave the call up")),
            };
            match question.parse_result(&result?) {
                ElicitResult::Accepted(answer) => return Ok(Some(answer)),
                ElicitResult::Declined => return Ok(None),
                ElicitResult::Invalid(misfit) => problem = Some(misfit),
            }
        }
        let problem = problem.unwrap_or_default();
        Err(Error::invalid(format!(
            "the user's answer does not fit the question: {}",
            shorten(&problem)
        )))
    }
}
