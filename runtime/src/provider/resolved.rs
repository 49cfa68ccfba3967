//! [`Resolved`], a name that was resolved for a caller: the only thing that can be called.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{CompletionRequest, Definition, DefinitionView, Primitive, Registration, Reply};
use crate::call::Call;
use crate::error::Result;

/// A definition with the handler behind it, found by [`Provider::resolve`](super::Provider::resolve).
///
/// Calling it is the only way to call anything: there is no second look-up by name that another rule could miss.
pub struct Resolved<P: Primitive> {
    definition: Arc<Definition<P>>,
    callable: Arc<dyn Callable>,
}

impl<P: Primitive> Resolved<P> {
    /// Resolves a name to this [`Registration`].
    #[must_use]
    pub fn new(registration: Registration<P>) -> Self {
        Self::with_captures(registration, None)
    }

    /// Resolves a name that matched the registration's pattern and held these variables.
    pub(super) fn with_captures(
        registration: Registration<P>,
        captures: Option<Map<String, Value>>,
    ) -> Self {
        Self {
            definition: Arc::clone(registration.definition()),
            callable: Arc::new(Target {
                registration,
                captures,
            }),
        }
    }

    /// Wraps the call, as [`Layered`](crate::middleware::Layered) puts middleware around it.
    pub(crate) fn wrap(self, wrap: impl FnOnce(Arc<dyn Callable>) -> Arc<dyn Callable>) -> Self {
        Self {
            definition: self.definition,
            callable: wrap(self.callable),
        }
    }

    /// Returns the [`Definition`].
    #[must_use]
    pub const fn definition(&self) -> &Arc<Definition<P>> {
        &self.definition
    }

    /// Makes a [`Call`] of the handler, under every rule that the provider puts around it. A failure that a tool
    /// reports is an answer.
    ///
    /// # Errors
    /// `NotFound` if the caller may not see it, `Invalid` if the arguments don't fit, `Forbidden`, `Stale`,
    /// `Unsupported`, `DeadlineExceeded`, `Unavailable`, `Internal`.
    pub async fn call(&self, call: Call) -> Result<Reply<P::Answer>> {
        self.callable.call(call).await?.downcast()
    }

    /// Suggests values for an argument, the best first (MCP, completion).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn complete(&self, completion: CompletionRequest) -> Result<Vec<String>> {
        self.callable.complete(completion).await
    }
}

impl<P: Primitive> fmt::Debug for Resolved<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition.fmt(f)
    }
}

/// Something that can be called, whatever its primitive; [`Resolved`] types its reply again.
#[async_trait]
pub(crate) trait Callable: Send + Sync {
    /// Returns a [`DefinitionView`] of what is called.
    fn view(&self) -> DefinitionView<'_>;

    /// Reads the arguments of a call by the definition's schema, unless that was done.
    ///
    /// # Errors
    /// `Invalid` for a name that is likely a misspelt argument.
    fn bind(&self, call: &mut Call) -> Result<()>;

    /// Calls it.
    async fn call(&self, call: Call) -> Result<Reply>;

    /// Answers a [`CompletionRequest`] of one of its arguments.
    async fn complete(&self, completion: CompletionRequest) -> Result<Vec<String>>;
}

/// A [`Registration`] as the innermost thing that is called.
struct Target<P: Primitive> {
    registration: Registration<P>,
    captures: Option<Map<String, Value>>,
}

#[async_trait]
impl<P: Primitive> Callable for Target<P> {
    fn view(&self) -> DefinitionView<'_> {
        DefinitionView::from(&**self.registration.definition())
    }

    fn bind(&self, call: &mut Call) -> Result<()> {
        if call.is_bound {
            return Ok(());
        }
        if let Some(captures) = &self.captures {
            call.arguments = Arc::new(captures.clone());
        }
        call.read_arguments(P::argument_schema(self.registration.definition()))
    }

    async fn call(&self, mut call: Call) -> Result<Reply> {
        self.bind(&mut call)?;
        self.registration.call(call).await.map(Reply::erase)
    }

    async fn complete(&self, completion: CompletionRequest) -> Result<Vec<String>> {
        self.registration.complete(completion).await
    }
}
