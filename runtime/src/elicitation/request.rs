//! Asking the user, or the user's client, in the middle of a call (MCP 2026-07-28, multi round-trip requests).
//!
//! A call that asks is given up where it waits and begins anew when the answers come: what it did before it asked, it does
//! again. Nothing here seals or opens what the client carries in between; that is `guard`'s work.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::Capability;
use crate::error::Result;
use crate::printable::shortened;

/// Something that can be asked.
pub trait InputRequest: Send + Sync {
    /// An answer that was given.
    type Answer: Send;

    /// What the client must be able to do.
    fn needs(&self) -> Capability;

    /// Whether it can be put at all.
    ///
    /// # Errors
    /// `Internal`: a fault of the app.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The request in the words of the protocol: `method` and `params`.
    fn request(&self) -> Value;

    /// Reads the client's result.
    fn read(&self, result: &Value) -> ElicitResult<Self::Answer>;

    /// Whether the answers of this round may be used once and no more.
    fn is_for_once(&self) -> bool {
        false
    }
}

/// What a client's result says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElicitResult<T> {
    /// The answer.
    Accepted(T),
    /// The user would not say.
    Declined,
    /// It is no answer to this question, and why not, in words for the user.
    Invalid(String),
}

/// What a client brings back that was asked something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputResponses {
    /// Its answers by key.
    pub responses: Map<String, Value>,
    /// What it was given to carry.
    pub state: Option<String>,
}

/// What a call wants to know before it goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputRequired {
    /// The requests by key, at least one.
    pub requests: BTreeMap<String, Value>,
    /// Whether the answers of this round may be used once and no more.
    pub is_for_once: bool,
    /// What the client must carry, once it is sealed.
    pub state: Option<String>,
}

/// What a running call has asked so far.
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
            .insert(key.to_owned(), worded(question, wrong));
        asked.is_for_once |= question.is_for_once();
        self.anew.notify_one();
    }

    /// Returns when something was asked.
    pub(crate) async fn asked(&self) -> InputRequired {
        self.anew.notified().await;
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A page that the user is sent to, for what must not pass through a client: secrets, payments, consent elsewhere.
///
/// The answer says that the user agreed to go, and not what came of it. Whoever opens the page must be shown to be the
/// user who was asked; the URL must not say who that is, nor let anyone in.
#[derive(Clone, Debug)]
pub struct UrlElicitation {
    url: String,
    message: String,
}

/// Sends the user to a page.
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

/// What is wrong with a result that does not say what the user did.
pub(super) const NO_ACTION: &str = "`action` must be accept, decline or cancel";

/// A question in the words of the protocol; put once more, with what was wrong with the last answer.
pub(crate) fn worded(question: &impl InputRequest, wrong: Option<&str>) -> Value {
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

/// What the user did with an elicitation.
pub(super) fn action(result: &Value) -> Option<&str> {
    result["action"]
        .as_str()
        .filter(|action| ["accept", "decline", "cancel"].contains(action))
}

/// A question for the client itself, passed on as it is. Deprecated by MCP 2026-07-28; do not build on it.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    capability: Capability,
    request: Value,
    answer: &'static str,
}

/// Asks the client's model (`sampling/createMessage`, with these parameters).
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

/// Asks which folders the client works in (`roots/list`).
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
