//! What a client carries between the rounds of a call that asks its user: the answers so far, sealed.
//!
//! The seal holds for one registration of a user, one thing called with one set of arguments, and ten minutes; where the author asks for it,
//! for one use. What does not hold is refused alike for every reason, and never taken for a first round.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::{Call, Context};
use crate::clock::Clock;
use crate::elicitation::{InputRequired, InputResponses};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{
    Completion, Definition, Listing, Primitive, Provider, Reply, SharedProvider,
};
use crate::seal::Sealer;
use crate::store::{self, Key, Put, When};
use crate::user::Caller;

/// How long a question waits for its answer, in seconds.
const MAX_WAIT_SECONDS: u64 = 600;

/// The most that answers may have: a request must hold them, sealed and as text, beside the rest.
const MAX_STATE_BYTES: usize = 1_000_000;

const PURPOSE: &str = "request-state/v1";

/// A source whose calls may ask.
#[derive(Debug)]
pub struct Asking<P: Primitive> {
    inner: SharedProvider<P>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
}

/// What is sealed.
#[derive(Debug, Serialize, Deserialize)]
struct RequestState {
    /// What was answered in earlier rounds, by key.
    answers: Map<String, Value>,
    /// What is asked in this round.
    asked: Vec<String>,
    /// How far the client knows the call to be.
    reported: Option<f64>,
    /// Epoch seconds.
    expires: u64,
    /// By which one use is told from another.
    id: String,
    is_for_once: bool,
}

/// What is carried from earlier rounds to later ones.
#[derive(Default)]
struct Past {
    answers: Map<String, Value>,
    /// Whether an answer among them may be used once.
    is_for_once: bool,
}

impl<P: Primitive> Asking<P> {
    /// Seals with these keys, by this clock.
    #[must_use]
    pub fn new(inner: SharedProvider<P>, sealer: Sealer, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            sealer,
            clock,
        }
    }

    /// The state that a client brings back.
    async fn unsealed(
        &self,
        store: &store::SharedStore,
        bound_to: &Binding,
        sealed: &str,
    ) -> Result<RequestState> {
        let opened = self.sealer.open(PURPOSE, &bound_to.parts(), sealed).await?;
        let state = opened.and_then(|text| serde_json::from_str::<RequestState>(&text).ok());
        let state = state
            .filter(|state| state.expires > self.clock.now())
            .ok_or_else(stale)?;
        if state.is_for_once {
            use_up(store, &state).await?;
        }
        Ok(state)
    }

    async fn seal(
        &self,
        bound_to: &Binding,
        past: Past,
        context: &Context,
        mut asked: InputRequired,
    ) -> Result<InputRequired> {
        let state = RequestState {
            answers: past.answers,
            asked: asked.requests.keys().cloned().collect(),
            reported: context.last_progress(),
            expires: self.clock.now() + MAX_WAIT_SECONDS,
            id: uuid::Uuid::new_v4().simple().to_string(),
            is_for_once: asked.is_for_once || past.is_for_once,
        };
        let text = serde_json::to_string(&state).map_err(|error| {
            Error::internal("the answers so far can't be kept").with_source(error)
        })?;
        if text.len() > MAX_STATE_BYTES {
            let size = text.len();
            return Err(Error::too_large(format!(
                "the answers so far have {size} bytes; at most {MAX_STATE_BYTES} can travel with a client: ask for less"
            )));
        }
        asked.state = Some(self.sealer.seal(PURPOSE, &bound_to.parts(), &text).await?);
        Ok(asked)
    }
}

impl RequestState {
    /// What is carried on, and the call that goes on with it.
    fn resume(self, context: Context, responses: Map<String, Value>) -> (Past, Context) {
        let Self {
            mut answers,
            asked,
            reported,
            is_for_once,
            ..
        } = self;
        answers.extend(responses.into_iter().filter(|(key, _)| asked.contains(key)));
        (
            Past {
                answers: answers.clone(),
                is_for_once,
            },
            context.resume(answers, reported),
        )
    }
}

/// The call that a state belongs to.
struct Binding {
    user: String,
    primitive: &'static str,
    name: String,
    arguments: String,
}

impl Binding {
    fn of(call: &Call) -> Self {
        Self {
            user: call.caller.identity(),
            primitive: call.primitive,
            name: call.name.clone(),
            arguments: serde_json::to_string(&call.arguments).unwrap_or_default(),
        }
    }

    fn parts(&self) -> [&str; 4] {
        [&self.user, self.primitive, &self.name, &self.arguments]
    }
}

async fn use_up(store: &store::SharedStore, state: &RequestState) -> Result<()> {
    let put = Put {
        expires: Some(state.expires),
        ..Put::new("{}".to_owned(), When::Absent)
    };
    match store
        .put(&Key::new(format!("asked#{}", state.id), "used"), put)
        .await
    {
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
#[deny(clippy::missing_trait_methods)]
impl<P: Primitive> Provider<P> for Asking<P> {
    async fn list(&self, caller: &Caller) -> Result<Listing<P>> {
        self.inner.list(caller).await
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition<P>>>> {
        self.inner.find(caller, name).await
    }

    async fn call(&self, found: &Arc<Definition<P>>, mut call: Call) -> Result<Reply<P::Answer>> {
        let bound_to = Binding::of(&call);
        let mut past = Past::default();
        if let Some(InputResponses { responses, state }) = call.retry.take() {
            (past, call.context) = match state {
                Some(sealed) => self
                    .unsealed(&call.store, &bound_to, &sealed)
                    .await?
                    .resume(call.context, responses),
                // Nothing was sealed that they could answer: they serve this round, and are not carried on.
                None => (past, call.context.with_answers(responses)),
            };
        }
        let context = call.context.clone();
        match self.inner.call(found, call).await? {
            Reply::Asks(asked) => self
                .seal(&bound_to, past, &context, asked)
                .await
                .map(Reply::Asks),
            answer @ Reply::Answer(_) => Ok(answer),
        }
    }

    async fn complete(
        &self,
        found: &Arc<Definition<P>>,
        completion: Completion,
    ) -> Result<Vec<String>> {
        self.inner.complete(found, completion).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::keys::{Given, SigningKey};
    use crate::tool::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        let keys = Given::new(SigningKey::new([7; 32]).expect("long enough"));
        let sealer = Sealer::new(Arc::new(keys), "laws", None);
        laws::all(Arc::new(Asking::new(
            Arc::new(laws::catalog()),
            sealer,
            Arc::new(SystemClock),
        )))
        .await;
    }
}
