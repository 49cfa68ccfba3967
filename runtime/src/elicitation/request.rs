//! Asking the user, or the user's client, in the middle of a call (MCP 2026-07-28, multi round-trip [requests](InputRequest)).
//!
//! A call that asks is given up where it waits and begins anew when the answers come: what it did before it asked, it does
//! again. Nothing here seals the state that the client carries in between; the middleware does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::Capability;
use crate::error::Result;
use crate::printable::shortened;

/// A request to the user or to the user's client; [`Context::ask`](crate::Context::ask) sends it.
pub trait InputRequest: Send + Sync {
    /// The type of an accepted [answer](InputResponses).
    type Answer: Send;

    /// Returns the [capability](Capability) that the client must have.
    fn needs(&self) -> Capability;

    /// Checks that the [request](InputRequest) is one that the protocol has.
    ///
    /// # Errors
    /// `Internal`, for a bug of the app.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Returns the [request](InputRequest) as the protocol has it: `method` and `params`.
    fn request(&self) -> Value;

    /// Reads the client's result.
    fn read(&self, result: &Value) -> ElicitResult<Self::Answer>;

    /// Returns `true` if the [answers](InputResponses) of this round may be used only once.
    fn is_for_once(&self) -> bool {
        false
    }
}

/// The meaning of a client's result (MCP `ElicitResult`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElicitResult<T> {
    /// The answer.
    Accepted(T),
    /// The user declined or cancelled.
    Declined,
    /// The result does not fit the request; the message is for the user.
    Invalid(String),
}

/// The answers that a client brings back, with the sealed state (MCP 2026-07-28, multi round-trip [requests](InputRequest)).
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
    /// The [requests](InputRequest) by key, at least one.
    pub requests: BTreeMap<String, Value>,
    /// Returns `true` if the [answers](InputResponses) of this round may be used only once.
    pub is_for_once: bool,
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
    pub(crate) fn ask(&self, key: &str, question: &impl InputRequest, wrong: Option<&str>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked
            .requests
            .insert(key.to_owned(), write_request(question, wrong));
        // The answers of a round come back together, so one question whose answer may be used once makes the round so.
        asked.is_for_once |= question.is_for_once();
        self.anew.notify_one();
    }

    /// Waits until there is a request, and removes and returns all of them.
    pub(crate) async fn wait(&self) -> InputRequired {
        self.anew.notified().await;
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A page that the user is sent to (MCP 2026-07-28, elicitation, URL mode), for what must not pass through a client: secrets, payments, consent elsewhere.
///
/// The [answer](InputResponses) says that the user agreed to go, and not what came of it. Whoever opens the page must be shown to be the
/// user who was asked; the URL must not say who that is, nor let anyone in.
#[derive(Clone, Debug)]
pub struct UrlElicitation {
    url: String,
    message: String,
}

/// Makes a [request](InputRequest) that sends the user to a page.
#[must_use]
pub fn url(url: impl Into<String>, message: impl Into<String>) -> UrlElicitation {
    UrlElicitation {
        url: url.into(),
        message: message.into(),
    }
}

impl InputRequest for UrlElicitation {
    type Answer = ();

    fn needs(&self) -> Capability {
        Capability::Url
    }

    fn request(&self) -> Value {
        let params =
            json!({ "mode": "url", "url": self.url, "message": self.message, "elicitationId": "" });
        json!({ "method": "elicitation/create", "params": params })
    }

    fn read(&self, result: &Value) -> ElicitResult<()> {
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
    if let Some(wrong) = wrong
        && let Some(Value::String(message)) = request.pointer_mut("/params/message")
    {
        message.push_str(&format!(
            " (The last answer did not fit: {}.)",
            shortened(wrong)
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

/// A [request](InputRequest) to the client itself, passed on unchanged. Deprecated by MCP 2026-07-28; do not build on it.
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

/// Makes a [request](InputRequest) for the folders that the client works in (`roots/list`).
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

    fn needs(&self) -> Capability {
        self.capability
    }

    fn request(&self) -> Value {
        self.request.clone()
    }

    fn read(&self, result: &Value) -> ElicitResult<Value> {
        let is_answer = result[self.answer].is_array() || result[self.answer].is_object();
        if is_answer {
            ElicitResult::Accepted(result.clone())
        } else {
            ElicitResult::Invalid(format!("there is no `{}`", self.answer))
        }
    }
}
