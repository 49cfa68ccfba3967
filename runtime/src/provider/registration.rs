//! One thing that an app offers: its definition and the function behind it.
//!
//! The macros write these builder calls. The current user is entered here, around the author's function, and nowhere else.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tracing::{Instrument, Span};

use super::{Completer, Completion, Definition, IntoAnswer, Primitive, Reply};
use crate::call::{Call, StateType};
use crate::error::Result;
use crate::user::enter;

/// The function behind it.
pub type Handler<A> = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<A>> + Send + Sync>;

/// A tool, a prompt or a resource that an app offers.
#[derive(Clone)]
pub struct Registration<P: Primitive> {
    definition: Arc<Definition<P>>,
    handler: Handler<P::Answer>,
    completers: BTreeMap<String, Completer>,
    states: Vec<StateType>,
}

impl<P: Primitive> Registration<P> {
    /// Makes a registration of this name, whose calls this handler answers.
    pub(crate) fn make<F, W, R>(name: impl Into<String>, detail: P::Detail, handler: F) -> Self
    where
        F: Fn(Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R>> + Send + 'static,
        R: IntoAnswer<P>,
    {
        let definition = Definition {
            name: name.into(),
            title: None,
            description: String::new(),
            scopes: Vec::new(),
            timeout: None,
            detail,
        };
        let handler: Handler<P::Answer> = Arc::new(move |call| {
            let work = handler(call);
            Box::pin(async move { work.await?.into_answer() })
        });
        Self {
            definition: Arc::new(definition),
            handler,
            completers: BTreeMap::new(),
            states: Vec::new(),
        }
    }

    /// What the model reads about it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.definition_mut().description = text.into();
        self
    }

    /// What people see instead of the name.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition_mut().title = Some(title.into());
        self
    }

    /// What a token that names scopes must name to use it.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.definition_mut().scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// How long a call may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.definition_mut().timeout = Some(timeout);
        self
    }

    /// Suggests values for an argument while somebody types it.
    #[must_use]
    pub fn completes(mut self, argument: impl Into<String>, completer: Completer) -> Self {
        self.completers.insert(argument.into(), completer);
        self
    }

    /// Names the types of the app's states that the handler takes, for [`App::check`](crate::App::check).
    #[must_use]
    pub fn requires(mut self, states: impl IntoIterator<Item = StateType>) -> Self {
        self.states.extend(states);
        self
    }

    /// Returns the types of the app's states that the handler takes.
    #[must_use]
    pub fn required_states(&self) -> &[StateType] {
        &self.states
    }

    /// What it says of itself.
    #[must_use]
    pub const fn definition(&self) -> &Arc<Definition<P>> {
        &self.definition
    }

    /// The same under another name.
    pub(crate) fn renamed(mut self, name: String) -> Self {
        self.definition_mut().name = name;
        self
    }

    pub(crate) fn definition_mut(&mut self) -> &mut Definition<P> {
        Arc::make_mut(&mut self.definition)
    }

    /// Whether it suggests values for anything.
    #[must_use]
    pub fn has_completions(&self) -> bool {
        !self.completers.is_empty()
    }

    /// Runs it with the caller as the current user.
    ///
    /// # Errors
    /// `Invalid` if the arguments don't fit, and what the extractors refuse with.
    pub async fn call(&self, mut call: Call) -> Result<Reply<P::Answer>> {
        call.context = call.context.with_clock(Arc::clone(&call.clock));
        let (caller, context) = (Arc::clone(&call.caller), call.context.clone());
        let span = span(&self.definition, &call);
        let work = enter(caller, (self.handler)(call)).instrument(span);
        match context.run_until_asking(work).await {
            Ok(answer) => answer.map(Reply::Answer),
            Err(asked) => Ok(Reply::Asks(asked)),
        }
    }

    /// Suggests values, with the caller as the current user; none for an argument that it has no suggestions for.
    ///
    /// # Errors
    /// What the author's function fails with.
    pub async fn complete(&self, completion: Completion) -> Result<Vec<String>> {
        match self.completers.get(&completion.argument) {
            Some(completer) => {
                enter(Arc::clone(&completion.call.caller), completer(completion)).await
            }
            None => Ok(Vec::new()),
        }
    }
}

/// Returns the span that the handler runs in, so that its own log lines tell whose call they are of.
///
/// It is enabled wherever anything is: a warning is read with its call, also where calls themselves are not logged. The
/// line of the call is written outside of it and does not grow. Arguments are left out, and so is a resource's URI.
fn span<P: Primitive>(definition: &Definition<P>, call: &Call) -> Span {
    let name_of = |primitive| Some(&*definition.name).filter(|_| P::NAME == primitive);
    tracing::error_span!(
        "call",
        tool = name_of("tool"),
        prompt = name_of("prompt"),
        resource = name_of("resource"),
        user.email = %call.caller.subject(),
        trace = call.context.trace().id(),
        request_id = call.context.request_id(),
    )
}

impl<P: Primitive> fmt::Debug for Registration<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition.fmt(f)
    }
}
