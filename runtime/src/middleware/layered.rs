//! [`Layered`], a provider with rules around it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::time::timeout;

use super::{Middleware, Next, PANICKED, SharedMiddleware};
use crate::error::{Error, Result};
use crate::provider::{
    DefinitionView, Facts, Listing, Primitive, Provider, Resolved, SharedProvider,
};
use crate::user::Caller;

/// A [`Provider`] behind a list of [`Middleware`], the outermost first.
///
/// A definition that any of them hides is not listed and does not resolve, and what resolves carries all of them around
/// its call. Lists and look-ups end in time and with an answer too, whatever the provider does.
#[derive(Debug)]
pub(crate) struct Layered<P: Primitive> {
    inner: SharedProvider<P>,
    layers: Arc<[SharedMiddleware]>,
    timeout: Duration,
}

impl<P: Primitive> Layered<P> {
    /// Puts these [`Middleware`]s around a provider, whose lists and look-ups may take `timeout`.
    #[must_use]
    pub(crate) fn new(
        inner: SharedProvider<P>,
        layers: impl Into<Arc<[Arc<dyn Middleware>]>>,
        timeout: Duration,
    ) -> Self {
        Self {
            inner,
            layers: layers.into(),
            timeout,
        }
    }

    fn is_visible(&self, caller: &Caller, definition: &DefinitionView<'_>) -> bool {
        self.layers
            .iter()
            .all(|layer| layer.visible(caller, definition))
    }

    fn depends_on_caller(&self, definition: &DefinitionView<'_>) -> bool {
        self.layers
            .iter()
            .any(|layer| layer.depends_on_caller(definition))
    }

    async fn list_visible(&self, caller: &Caller) -> Result<Listing<P>> {
        let mut listing = self.inner.list(caller).await?;
        listing.definitions.retain(|definition| {
            let view = DefinitionView::from(&**definition);
            listing.is_private |= self.depends_on_caller(&view);
            self.is_visible(caller, &view)
        });
        Ok(listing)
    }

    async fn resolve_visible(&self, caller: &Caller, name: &str) -> Result<Option<Resolved<P>>> {
        let resolved = self.inner.resolve(caller, name).await?;
        let resolved = resolved.filter(|resolved| {
            self.is_visible(caller, &DefinitionView::from(&**resolved.definition()))
        });
        if resolved.is_none() {
            for layer in &*self.layers {
                layer.observe_unknown(caller, P::NAME, name);
            }
        }
        Ok(resolved.map(|resolved| {
            resolved.wrap(|target| Arc::new(Next::new(Arc::clone(&self.layers), target)))
        }))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: Primitive> Provider<P> for Layered<P> {
    async fn list(&self, caller: &Caller) -> Result<Listing<P>> {
        guard(self.timeout, P::NAME, self.list_visible(caller)).await
    }

    async fn resolve(&self, caller: &Caller, name: &str) -> Result<Option<Resolved<P>>> {
        guard(self.timeout, P::NAME, self.resolve_visible(caller, name)).await
    }

    fn facts(&self) -> Facts<P> {
        self.inner.facts()
    }
}

/// Ends a list or a look-up in time and without a panic. Nobody may be asked in one, so its deadline does not move as
/// that of a call does ([`CallDeadline`](super::CallDeadline)).
async fn guard<T>(
    time: Duration,
    primitive: &str,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    match timeout(time, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Error::internal(format!("listing {primitive}s {PANICKED}"))),
        Err(_) => Err(Error::deadline_exceeded(format!(
            "the {primitive}s could not be listed in time; try again later"
        ))),
    }
}
