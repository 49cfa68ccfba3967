//! A registered tool, prompt or resource: its definition and its handler.
//!
//! The macros write these builder calls. The current user is entered here, around the author's function, and nowhere else.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Extensions;
use tracing::{Instrument, Span};

use super::{Completer, CompletionRequest, Definition, IntoAnswer, Primitive, Reply};
use crate::call::{Call, StateType};
use crate::error::Result;
use crate::user::enter;

/// The handler of a registration: an async function from a [`Call`] to an answer.
type HandlerFn<A> = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<A>> + Send + Sync>;

/// A registered tool, prompt or resource: a [`Definition`] and its handler.
///
/// [`Tool`](crate::Tool), [`Prompt`](crate::Prompt) and [`Resource`](crate::Resource) are this for their primitive. A clone
/// shares definition and handler.
pub struct Registration<P: Primitive> {
    definition: Arc<Definition<P>>,
    handler: HandlerFn<P::Answer>,
    completers: Arc<BTreeMap<String, Completer>>,
    states: Vec<StateType>,
}

impl<P: Primitive> Registration<P> {
    /// Registers a handler under a name; [`IntoAnswer`] converts what it returns into the primitive's answer.
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
            extensions: Extensions::new(),
        };
        let handler: HandlerFn<P::Answer> = Arc::new(move |call| {
            let work = handler(call);
            Box::pin(async move { work.await?.into_answer() })
        });
        Self {
            definition: Arc::new(definition),
            handler,
            completers: Arc::default(),
            states: Vec::new(),
        }
    }

    /// Sets the description that the model reads.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.definition_mut().description = text.into();
        self
    }

    /// Sets the title that people see instead of the name.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition_mut().title = Some(title.into());
        self
    }

    /// Requires these scopes of a token that names any (RFC 6749 §3.3).
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.definition_mut().scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the longest time that a call may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.definition_mut().timeout = Some(timeout);
        self
    }

    /// Attaches a value for a [`Middleware`](crate::middleware::Middleware) to find by its type
    /// ([`DefinitionView::extension`](super::DefinitionView::extension)); a later one of the same type takes its place.
    ///
    /// Nothing of it is listed. In a module of [`#[tools]`](macro@crate::tools) it is `#[tool(extension = VALUE)]`.
    ///
    /// ```
    /// use mcp_lambda::call::Call;
    /// use mcp_lambda::middleware::{Next, from_fn};
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    /// use serde_json::json;
    ///
    /// /// Closes a tool while its feature is being prepared.
    /// #[derive(Clone)]
    /// pub struct Preview;
    ///
    /// #[tools]
    /// pub mod tools {
    ///     use super::*;
    ///
    ///     /// Forecasts the weather.
    ///     #[tool(read_only, extension = Preview)]
    ///     pub async fn forecast() -> String {
    ///         "rain".to_owned()
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let previews = from_fn(async |call: Call, next: Next| {
    ///     if next.definition().extension::<Preview>().is_some() {
    ///         return Err(Error::unavailable("this tool opens next week"));
    ///     }
    ///     next.run(call).await
    /// });
    /// block_on(async {
    ///     let app = TestApp::new(App::new("weather").tools(tools::tools()).layer(previews)).await;
    ///     let answer = app.user("alice@example.com").await.call("forecast", json!({})).await;
    ///     assert_eq!(answer.tool_text(), "this tool opens next week");
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.definition_mut().extensions.insert(value);
        self
    }

    /// Sets the [`Completer`] that suggests values for an argument (MCP, completion).
    #[must_use]
    pub fn completes(mut self, argument: impl Into<String>, completer: Completer) -> Self {
        Arc::make_mut(&mut self.completers).insert(argument.into(), completer);
        self
    }

    /// Names the types of the app's states that the handler takes, for [`App::check`](crate::App::check).
    #[must_use]
    #[doc(hidden)] // For the code that the macros generate.
    pub fn requires(mut self, states: impl IntoIterator<Item = StateType>) -> Self {
        self.states.extend(states);
        self
    }

    /// Returns the types of the app's [`State`](crate::State)s that the handler takes.
    #[must_use]
    pub(crate) fn state_types(&self) -> &[StateType] {
        &self.states
    }

    /// Returns the [`Definition`].
    #[must_use]
    pub const fn definition(&self) -> &Arc<Definition<P>> {
        &self.definition
    }

    /// Sets the name.
    pub(crate) fn with_name(mut self, name: String) -> Self {
        self.definition_mut().name = name;
        self
    }

    pub(crate) fn definition_mut(&mut self) -> &mut Definition<P> {
        Arc::make_mut(&mut self.definition)
    }

    /// Returns whether it suggests values for any argument.
    #[must_use]
    pub(crate) fn has_completions(&self) -> bool {
        !self.completers.is_empty()
    }

    /// Runs the handler on a [`Call`], with the caller as the [current user](crate::current_user).
    ///
    /// # Errors
    /// `Invalid` if the arguments don't fit, and what the extractors refuse with.
    pub(crate) async fn call(&self, mut call: Call) -> Result<Reply<P::Answer>> {
        call.context = call.context.with_clock(Arc::clone(&call.clock));
        let caller = Arc::clone(&call.caller);
        let context = call.context.clone();
        let span = span(&self.definition, &call);
        let work = enter(caller, (self.handler)(call)).instrument(span);
        // A handler that asks its user waits for an answer that only the next call brings: its future is dropped here, and
        // the handler runs from the beginning when the client comes back (MCP 2026-07-28, multi round-trip requests).
        match context.run_until_asking(work).await {
            Ok(answer) => answer.map(Reply::Answer),
            Err(input) => Ok(Reply::InputRequired(input)),
        }
    }

    /// Suggests values by the argument's [`Completer`], with the caller as the current user; none for an argument
    /// without one.
    ///
    /// # Errors
    /// What the author's function fails with.
    pub(crate) async fn complete(&self, completion: CompletionRequest) -> Result<Vec<String>> {
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

impl<P: Primitive> Clone for Registration<P> {
    fn clone(&self) -> Self {
        Self {
            definition: Arc::clone(&self.definition),
            handler: Arc::clone(&self.handler),
            completers: Arc::clone(&self.completers),
            states: self.states.clone(),
        }
    }
}

impl<P: Primitive> fmt::Debug for Registration<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition.fmt(f)
    }
}
