//! The [`Middleware`] trait: rules around everything that a server lists, resolves and calls.
//!
//! A rule is written once for tools, prompts and resources, and holds for every protocol. An app adds its own by
//! [`App::layer`](crate::App::layer), between the framework's. From the outside in, a call passes: log, scopes,
//! disabled names, reading of arguments, deadline, panic guard, the app's own layers, those of the
//! [toolset](crate::Toolset::layer), answer limit, elicitation, page addresses (of [`toolsets`](crate::toolsets)), the handler.

mod answer_limit;
mod arguments;
mod deadline;
mod disabled;
mod elicitation;
mod layered;
mod log;
mod panic_guard;
mod scopes;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

pub(crate) use answer_limit::AnswerLimit;
pub(crate) use arguments::ArgumentReader;
pub(crate) use deadline::CallDeadline;
pub(crate) use disabled::DisabledNames;
pub(crate) use elicitation::SealedElicitation;
pub(crate) use layered::Layered;
pub(crate) use log::CallLog;
pub(crate) use panic_guard::{PANICKED, PanicGuard};
pub(crate) use scopes::ScopeCheck;

use crate::call::Call;
use crate::error::Result;
use crate::provider::{Callable, CompletionRequest, DefinitionView, Reply, unknown};
use crate::user::Caller;

/// A rule around lists, look-ups and calls, for tools, prompts and resources alike.
///
/// Every method has a default that lets everything pass. [`visible`](Self::visible) decides what exists for a caller;
/// [`call`](Self::call) runs around one call and goes on by [`Next::run`]. A rule that is one function is made by
/// [`from_fn`]. Lists can be filtered and not rewritten. The laws in `middleware::laws` (feature `laws`) hold for every
/// implementation.
///
/// ```
/// use async_trait::async_trait;
/// use mcp_lambda::middleware::{Middleware, Next};
/// use mcp_lambda::call::Call;
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::provider::{DefinitionView, Reply};
/// use mcp_lambda::user::Caller;
///
/// /// Closes everything that changes something.
/// #[derive(Debug)]
/// struct Maintenance;
///
/// #[async_trait]
/// impl Middleware for Maintenance {
///     async fn call(&self, call: Call, next: Next) -> Result<Reply> {
///         if !next.definition().is_read_only() {
///             return Err(Error::unavailable("this server is being maintained; try again in an hour"));
///         }
///         next.run(call).await
///     }
///
///     fn depends_on_caller(&self, _: &DefinitionView<'_>) -> bool {
///         false
///     }
/// }
///
/// assert_eq!(App::new("notes").layer(Maintenance).check(), Ok(()));
/// ```
#[async_trait]
pub trait Middleware: fmt::Debug + Send + Sync + 'static {
    /// Returns whether a definition exists for this [`Caller`]. To a caller for whom it does not, it is unknown: it is
    /// neither listed, nor found, nor called.
    fn visible(&self, _caller: &Caller, _definition: &DefinitionView<'_>) -> bool {
        true
    }

    /// Returns whether [`visible`](Self::visible) may answer differently for another caller. The default is the safe one:
    /// a list that may differ is kept by no shared cache (MCP 2026-07-28, cache scope).
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        true
    }

    /// Runs around a [`Call`]; [`Next::run`] goes on with it.
    ///
    /// # Errors
    /// The rule's own, and whatever the rest of the call fails with.
    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        next.run(call).await
    }

    /// Runs around the suggestion of values for an argument (MCP, completion). A rule that refuses calls refuses here too,
    /// where values say something that a refused caller is not to know.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    async fn complete(&self, completion: CompletionRequest, next: Next) -> Result<Vec<String>> {
        next.complete(completion).await
    }

    /// Called when a caller names something that does not exist for that caller: for counting or an audit.
    ///
    /// `name` is the client's own text: a name, or the URI of a resource. It may be long, and may tell what the user
    /// reads, so it does not belong into a log.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use mcp_lambda::middleware::Middleware;
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    /// use mcp_lambda::user::Caller;
    /// use serde_json::json;
    ///
    /// #[derive(Clone, Debug, Default)]
    /// struct Audit(Arc<Mutex<Vec<String>>>);
    ///
    /// impl Middleware for Audit {
    ///     fn observe_unknown(&self, caller: &Caller, primitive: &'static str, name: &str) {
    ///         let line = format!("{} tried the {primitive} {name}", caller.subject());
    ///         self.0.lock().expect("no panic").push(line);
    ///     }
    /// }
    ///
    /// let audit = Audit::default();
    /// block_on(async {
    ///     let app = TestApp::new(App::new("notes").layer(audit.clone())).await;
    ///     app.user("alice@example.com").await.call("wipe", json!({})).await;
    /// });
    /// assert_eq!(*audit.0.lock().expect("no panic"), ["alice@example.com tried the tool wipe"]);
    /// ```
    fn observe_unknown(&self, _caller: &Caller, _primitive: &'static str, _name: &str) {}
}

/// A [`Middleware`] that several owners share.
pub(crate) type SharedMiddleware = Arc<dyn Middleware>;

/// A boxed future, as the methods of [`Middleware`] return.
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The rest of a [`Call`]: the rules further in, and the handler.
#[derive(Clone)]
pub struct Next {
    chain: Arc<Chain>,
    /// The number of rules that the call has passed.
    passed: usize,
}

/// The rules around one thing that can be called, the outermost first.
pub(crate) struct Chain {
    layers: Arc<[SharedMiddleware]>,
    target: Arc<dyn Callable>,
}

impl Next {
    /// Makes the whole of a call: all these rules around the target.
    pub(crate) fn new(layers: Arc<[SharedMiddleware]>, target: Arc<dyn Callable>) -> Self {
        Self {
            chain: Arc::new(Chain { layers, target }),
            passed: 0,
        }
    }

    /// Returns a [`DefinitionView`] of what is called.
    #[must_use]
    pub fn definition(&self) -> DefinitionView<'_> {
        self.chain.target.view()
    }

    /// Goes on with the call. A [`Middleware`] may call this more than once, to try again, or not at all.
    ///
    /// # Errors
    /// `NotFound` if the next rule hides the definition from this caller, and whatever the call fails with.
    pub fn run(&self, call: Call) -> BoxFuture<'_, Result<Reply>> {
        // The rule's own boxed future, and not one around it: a call is a large value, and each future
        // that holds it copies it once more.
        match self.layer(&call) {
            Ok(Some((layer, next))) => layer.call(call, next),
            Ok(None) => self.chain.target.call(call),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Goes on with the suggestion of values.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn complete(&self, completion: CompletionRequest) -> BoxFuture<'_, Result<Vec<String>>> {
        match self.layer(&completion.call) {
            Ok(Some((layer, next))) => layer.complete(completion, next),
            Ok(None) => self.chain.target.complete(completion),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Returns the next rule with what comes behind it.
    ///
    /// The definition was visible to whoever resolved it. A rule is asked again for whoever calls it, so that no way
    /// leads around it.
    fn layer(&self, call: &Call) -> Result<Option<(&SharedMiddleware, Self)>> {
        let Some(layer) = self.chain.layers.get(self.passed) else {
            return Ok(None);
        };
        if !layer.visible(&call.caller, &self.definition()) {
            return Err(unknown(call.primitive, &call.name));
        }
        let next = Self {
            chain: Arc::clone(&self.chain),
            passed: self.passed + 1,
        };
        Ok(Some((layer, next)))
    }
}

/// The whole of a call, as something that is called in the target's place.
#[async_trait]
impl Callable for Next {
    fn view(&self) -> DefinitionView<'_> {
        self.definition()
    }

    fn bind(&self, call: &mut Call) -> Result<()> {
        self.chain.target.bind(call)
    }

    async fn call(&self, call: Call) -> Result<Reply> {
        self.run(call).await
    }

    async fn complete(&self, completion: CompletionRequest) -> Result<Vec<String>> {
        Self::complete(self, completion).await
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition().fmt(f)
    }
}

/// A [`Middleware`] that is one function; see [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F> {
    function: F,
}

/// Makes a [`Middleware`] of an async function that runs around each call.
///
/// ```
/// use mcp_lambda::call::Call;
/// use mcp_lambda::middleware::{Next, from_fn};
/// use mcp_lambda::prelude::*;
///
/// let slow = from_fn(async |call: Call, next: Next| {
///     let started = std::time::Instant::now();
///     let reply = next.run(call).await;
///     println!("{} took {:?}", next.definition().name(), started.elapsed());
///     reply
/// });
/// assert_eq!(App::new("notes").layer(slow).check(), Ok(()));
/// ```
pub const fn from_fn<F, W>(function: F) -> FromFn<F>
where
    F: Fn(Call, Next) -> W + Send + Sync + 'static,
    W: Future<Output = Result<Reply>> + Send + 'static,
{
    FromFn { function }
}

#[async_trait]
impl<F, W> Middleware for FromFn<F>
where
    F: Fn(Call, Next) -> W + Send + Sync + 'static,
    W: Future<Output = Result<Reply>> + Send + 'static,
{
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        (self.function)(call, next).await
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

#[cfg(test)]
mod tests;
