//! [Requests](InputRequest) to the user, or to the user's client, in the middle of a call
//! (MCP 2026-07-28, multi round-trip requests).
//!
//! A call that asks is given up where it waits and begins anew when the answers come: it does again
//! what it did before it asked. Nothing here seals the state that the client carries in between; the
//! middleware does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::Capability;
use crate::error::Result;
use crate::printable::shorten;

/// A request to the user or to the user's client; [`Context::ask`](crate::Context::ask) sends it.
///
/// ```
/// use mcp_lambda::elicitation::{Capability, ElicitResult, InputRequest, url};
/// use serde_json::json;
///
/// let consent = url("https://example.com/consent", "Please agree on this page.");
/// assert_eq!(consent.capability(), Capability::Url);
/// assert_eq!(consent.request()["method"], "elicitation/create");
/// assert_eq!(consent.parse_result(&json!({"action": "accept"})), ElicitResult::Accepted(()));
/// assert_eq!(consent.parse_result(&json!({"action": "cancel"})), ElicitResult::Declined);
/// ```
pub trait InputRequest: Send + Sync {
    /// The type of an accepted answer.
    type Answer: Send;

    /// Returns the capability that the client must have.
    fn capability(&self) -> Capability;

    /// Checks that the request is one that the protocol has.
    ///
    /// # Errors
    /// `Internal`, for a bug of the app.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Returns the request as the protocol has it: `method` and `params`.
    fn request(&self) -> Value;

    /// Reads the client's result.
    fn parse_result(&self, result: &Value) -> ElicitResult<Self::Answer>;

    /// Returns `true` if the answers of this round may be used only once.
    fn is_single_use(&self) -> bool {
        false
    }
}

/// The meaning of a client's result (MCP `ElicitResult`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElicitResult<T> {
    /// The answer.
    Accepted(T),
    /// The user declined or cancelled.
    Declined,
    /// The result does not fit the request; the message is for the user.
    Invalid(String),
}

/// The answers that a client brings back to its [requests](InputRequired), with the sealed state
/// (MCP 2026-07-28, multi round-trip requests).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InputResponses {
    /// The answers by the keys of [`InputRequired::requests`].
    pub responses: Map<String, Value>,
    /// The state that the client carried.
    pub state: Option<String>,
}

/// The [requests](InputRequest) of a call that needs input before it goes on (MCP 2026-07-28 `InputRequiredResult`).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InputRequired {
    /// The requests by key, at least one.
    pub requests: BTreeMap<String, Value>,
    /// `true` if the answers of this round may be used only once.
    pub is_single_use: bool,
    /// The state that the client must carry, once it is sealed.
    pub state: Option<String>,
}

/// The requests of a running call that have no answer yet.
#[derive(Debug, Default)]
pub(crate) struct PendingRequests {
    asked: Mutex<InputRequired>,
    anew: Notify,
}

impl PendingRequests {
    /// Adds a request, with the problem of its last answer if there was one.
    pub(crate) fn ask(&self, key: &str, question: &impl InputRequest, wrong: Option<&str>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked
            .requests
            .insert(key.to_owned(), write_request(question, wrong));
        // The answers of a round come back together, so one question whose answer may be used once
        // makes the round so.
        asked.is_single_use |= question.is_single_use();
        self.anew.notify_one();
    }

    /// Waits until there is a request, and removes and returns all of them.
    pub(crate) async fn wait(&self) -> InputRequired {
        // A handler may ask several questions side by side. This is polled after the handler has gone
        // as far as it can, so one round takes all of them; `Notify` stores a notification that comes
        // earlier, so none is lost.
        self.anew.notified().await;
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A page that the user is sent to (MCP 2026-07-28, elicitation, URL mode), for secrets, payments
/// and consent, which must not pass through a client.
///
/// The answer says that the user agreed to go, and not what came of it. The page
/// must verify that its visitor is the user who was asked; the URL must neither name that user nor
/// let anyone in.
#[derive(Clone, Debug)]
pub struct UrlElicitation {
    url: String,
    message: String,
}

/// Makes a request that sends the user to a page.
#[must_use]
pub fn url(url: impl Into<String>, message: impl Into<String>) -> UrlElicitation {
    UrlElicitation {
        url: url.into(),
        message: message.into(),
    }
}

impl InputRequest for UrlElicitation {
    type Answer = ();

    fn capability(&self) -> Capability {
        Capability::Url
    }

    fn request(&self) -> Value {
        let params =
            json!({ "mode": "url", "url": self.url, "message": self.message, "elicitationId": "" });
        json!({ "method": "elicitation/create", "params": params })
    }

    fn parse_result(&self, result: &Value) -> ElicitResult<()> {
        match action(result) {
            Some("accept") => ElicitResult::Accepted(()),
            Some(_) => ElicitResult::Declined,
            None => ElicitResult::Invalid(NO_ACTION.to_owned()),
        }
    }
}

/// The message about a result without a valid `action`.
pub(super) const NO_ACTION: &str = "`action` must be accept, decline or cancel";

/// Writes a request as the protocol has it; asked once more, with the problem of the last answer.
pub(crate) fn write_request(question: &impl InputRequest, wrong: Option<&str>) -> Value {
    let mut request = question.request();
    // A client has no place for what was wrong, so it goes into the message that the user reads. A
    // request without a message, as for roots, is asked unchanged.
    if let Some(wrong) = wrong
        && let Some(Value::String(message)) = request.pointer_mut("/params/message")
    {
        message.push_str(&format!(
            " (The last answer did not fit: {}.)",
            shorten(wrong)
        ));
    }
    request
}

/// Returns the `action` of a result, if it is one of the protocol's.
pub(super) fn action(result: &Value) -> Option<&str> {
    result["action"]
        .as_str()
        .filter(|action| ["accept", "decline", "cancel"].contains(action))
}

/// A request to the client itself, passed on unchanged.
///
/// MCP 2026-07-28 deprecates sampling and roots; do not build on them.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    capability: Capability,
    request: Value,
    answer: &'static str,
}

/// Makes a request to the client's model (`sampling/createMessage`, with these parameters).
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "an author writes `json!` here"
)]
pub fn sampling(params: Value) -> ClientRequest {
    let request = json!({ "method": "sampling/createMessage", "params": params });
    ClientRequest {
        capability: Capability::Sampling,
        request,
        answer: "content",
    }
}

/// Makes a request for the folders that the client works in (`roots/list`).
#[must_use]
pub fn roots() -> ClientRequest {
    let request = json!({ "method": "roots/list", "params": {} });
    ClientRequest {
        capability: Capability::Roots,
        request,
        answer: "roots",
    }
}

impl InputRequest for ClientRequest {
    type Answer = Value;

    fn capability(&self) -> Capability {
        self.capability
    }

    fn request(&self) -> Value {
        self.request.clone()
    }

    fn parse_result(&self, result: &Value) -> ElicitResult<Value> {
        // The result goes to the author as it is, so only its kind is checked here: it must have the
        // field by which results of this request are known.
        let is_answer = result[self.answer].is_array() || result[self.answer].is_object();
        if is_answer {
            ElicitResult::Accepted(result.clone())
        } else {
            ElicitResult::Invalid(format!("there is no `{}`", self.answer))
        }
    }
}
