//! [`SealedElicitation`]: seals the state of a call that asks its user, and opens it when the client comes back.
//!
//! Over HTTP nothing is kept between requests, so the client carries the answers so far (MCP 2026-07-28, multi round-trip
//! requests, `requestState`). The seal holds for one registration of a user, one definition with one set of arguments, and
//! ten minutes; where the author asks for it, for one use. A state that does not hold is refused alike for every reason,
//! and must never be taken for a first round.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Middleware, Next};
use crate::call::{Call, Context};
use crate::clock::Clock;
use crate::elicitation::{InputRequired, InputResponses};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{DefinitionView, Reply};
use crate::seal::Sealer;
use crate::store::{self, Key, Put, When};
use crate::user::Caller;

/// The time in which a question can be answered, in seconds.
const MAX_WAIT_SECONDS: u64 = 600;

/// The longest state, in bytes: a request must hold it, sealed and as text, beside the rest.
const MAX_STATE_BYTES: usize = 1_000_000;

/// The purpose that states are sealed for.
const PURPOSE: &str = "request-state/v1";

/// The rule that lets handlers ask their user: it seals the [`RequestState`] that the client must carry, and gives the
/// client's [`InputResponses`] to the handler.
///
/// ```text
/// call ──▶ handler asks ──▶ InputRequired ──▶ seal ──▶ client asks its user
///                                                          │
/// answer ◀── handler runs anew, with the answers ◀── open ◀─┘ the same call, with requestState
/// ```
#[derive(Debug)]
pub(crate) struct SealedElicitation {
    sealer: Sealer,
    clock: Arc<dyn Clock>,
}

/// The state that is sealed into `requestState` by [`Sealer`].
#[derive(Debug, Serialize, Deserialize)]
struct RequestState {
    /// The answers of earlier rounds, by key.
    answers: Map<String, Value>,
    /// The keys of the questions of this round.
    asked: Vec<String>,
    /// The progress that the client knows of.
    reported: Option<f64>,
    /// The end of its validity, in epoch seconds.
    expires: u64,
    /// A random id by which a second use is noticed.
    id: String,
    /// True where it may be used once.
    is_single_use: bool,
}

/// The answers of earlier rounds.
#[derive(Default)]
struct Past {
    answers: Map<String, Value>,
    /// True where an answer among them may be used once.
    is_single_use: bool,
}

/// The call that a [`RequestState`] belongs to. It shares the arguments, and writes them as text only when something is
/// sealed or opened, which most calls never do.
struct Binding<'a> {
    caller: Arc<Caller>,
    definition: DefinitionView<'a>,
    arguments: Arc<Map<String, Value>>,
}

impl Binding<'_> {
    /// Returns the texts that the seal is bound to.
    fn texts(&self) -> Result<[String; 4]> {
        let arguments = serde_json::to_string(&*self.arguments).map_err(|error| {
            Error::internal("the arguments can't be written as JSON").with_source(error)
        })?;
        Ok([
            self.caller.seal_owner(),
            self.definition.primitive().to_owned(),
            self.definition.key().to_owned(),
            arguments,
        ])
    }
}

impl SealedElicitation {
    /// Creates the rule with this [`Sealer`] and this [`Clock`].
    pub(crate) const fn new(sealer: Sealer, clock: Arc<dyn Clock>) -> Self {
        Self { sealer, clock }
    }

    /// Gives a call the client's responses, and returns the answers to carry on to a later round as [`Past`].
    async fn resume(&self, call: &mut Call, binding: &Binding<'_>) -> Result<Past> {
        let Some(InputResponses { responses, state }) = call.input_responses.take() else {
            return Ok(Past::default());
        };
        let Some(sealed) = state else {
            // Nothing was sealed that they could answer: they serve this round, and are not carried on.
            call.context = call.context.clone().with_answers(responses);
            return Ok(Past::default());
        };
        let state = self.open(&call.store, binding, &sealed).await?;
        let state = state.answer(responses);
        let answers = state.answers.clone();
        call.context = call.context.clone().resume(answers, state.reported);
        Ok(state.into())
    }

    async fn open(
        &self,
        store: &store::SharedStore,
        binding: &Binding<'_>,
        sealed: &str,
    ) -> Result<RequestState> {
        let texts = binding.texts()?;
        let texts = texts.each_ref().map(String::as_str);
        let opened = self.sealer.open(PURPOSE, &texts, sealed).await?;
        let state = opened.and_then(|text| serde_json::from_str::<RequestState>(&text).ok());
        let state = state
            .filter(|state| state.expires > self.clock.now())
            .ok_or_else(stale)?;
        if state.is_single_use {
            use_up(store, &state).await?;
        }
        Ok(state)
    }

    async fn seal(
        &self,
        binding: &Binding<'_>,
        past: Past,
        context: &Context,
        mut input: InputRequired,
    ) -> Result<InputRequired> {
        let state = RequestState {
            answers: past.answers,
            asked: input.requests.keys().cloned().collect(),
            reported: context.last_progress(),
            expires: self.clock.now() + MAX_WAIT_SECONDS,
            id: uuid::Uuid::new_v4().simple().to_string(),
            is_single_use: input.is_single_use || past.is_single_use,
        };
        let texts = binding.texts()?;
        let texts = texts.each_ref().map(String::as_str);
        let sealed = self.sealer.seal(PURPOSE, &texts, &state.to_text()?).await?;
        input.state = Some(sealed);
        Ok(input)
    }
}

impl RequestState {
    /// Takes the responses to the questions of this round; others were never asked for.
    fn answer(mut self, responses: Map<String, Value>) -> Self {
        let asked = responses
            .into_iter()
            .filter(|(key, _)| self.asked.contains(key));
        self.answers.extend(asked);
        self
    }

    fn to_text(&self) -> Result<String> {
        let text = serde_json::to_string(self).map_err(|error| {
            Error::internal("the answers so far can't be kept").with_source(error)
        })?;
        let size = text.len();
        if size > MAX_STATE_BYTES {
            return Err(Error::too_large(format!(
                "the answers so far have {size} bytes; at most {MAX_STATE_BYTES} can travel with a client: ask for less"
            )));
        }
        Ok(text)
    }
}

impl From<RequestState> for Past {
    fn from(state: RequestState) -> Self {
        Self {
            answers: state.answers,
            is_single_use: state.is_single_use,
        }
    }
}

/// Records the use of a state that may be used once. The write succeeds only where there is no record, so of two requests
/// at the same time one is refused, whichever instances they reach.
async fn use_up(store: &store::SharedStore, state: &RequestState) -> Result<()> {
    let put = Put {
        expires: Some(state.expires),
        ..Put::new("{}".to_owned(), When::Absent)
    };
    let key = Key::new(format!("asked#{}", state.id), "used");
    match store.put(&key, put).await {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(stale()),
        written => written.map(drop),
    }
}

fn stale() -> Error {
    Error::stale(
        "this request state does not hold: changed, used, older than ten minutes, or of another call; start anew",
    )
}

#[async_trait]
impl Middleware for SealedElicitation {
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, mut call: Call, next: Next) -> Result<Reply> {
        let binding = Binding {
            caller: Arc::clone(&call.caller),
            definition: next.definition(),
            arguments: Arc::clone(&call.arguments),
        };
        let past = self.resume(&mut call, &binding).await?;
        let context = call.context.clone();
        match next.run(call).await? {
            Reply::InputRequired(input) => {
                let sealed = self.seal(&binding, past, &context, input).await?;
                Ok(Reply::InputRequired(sealed))
            }
            answer @ Reply::Answer(_) => Ok(answer),
        }
    }
}
