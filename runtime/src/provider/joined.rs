//! [`Joined`], several providers as one.

use std::sync::Arc;

use async_trait::async_trait;

use super::index;
use super::{Definition, Facts, Listing, Primitive, Provider, Resolved, SharedProvider};
use crate::error::Result;
use crate::user::Caller;

/// Several [`Provider`]s served as one: of two that know a name, the one that was added first is asked.
#[derive(Clone, Debug)]
pub(crate) struct Joined<P: Primitive> {
    providers: Vec<SharedProvider<P>>,
}

impl<P: Primitive> Joined<P> {
    /// Returns a [`SharedProvider`]: a single provider as it is, several as this one.
    pub(crate) fn into_shared(mut self) -> SharedProvider<P> {
        match self.providers.pop() {
            Some(only) if self.providers.is_empty() => only,
            last => {
                self.providers.extend(last);
                Arc::new(self)
            }
        }
    }

    /// Returns every name, key and alias that two of the providers always have ([`Facts::definitions`]), each as a
    /// sentence.
    #[must_use]
    pub(crate) fn collisions(&self) -> Vec<String> {
        let facts = self.providers.iter().map(|provider| provider.facts());
        let named = facts.map(|facts| facts.definitions().iter().flat_map(names).collect());
        index::find_collisions(P::NAME, named.collect())
    }
}

/// The names that a definition answers to.
fn names<P: Primitive>(definition: &Arc<Definition<P>>) -> Vec<String> {
    let alias = P::alias(definition).map(str::to_owned);
    let names = [definition.name.clone(), P::key(definition).to_owned()];
    names.into_iter().chain(alias).collect()
}

impl<P: Primitive> From<Vec<SharedProvider<P>>> for Joined<P> {
    fn from(providers: Vec<SharedProvider<P>>) -> Self {
        Self { providers }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: Primitive> Provider<P> for Joined<P> {
    async fn list(&self, caller: &Caller) -> Result<Listing<P>> {
        let mut joined = Listing::default();
        for provider in &self.providers {
            let listing = provider.list(caller).await?;
            joined.is_private |= listing.is_private;
            joined.definitions.extend(listing.definitions);
        }
        // Of two with one key the first stays: it is the one that resolves.
        let keys: Vec<_> = joined.definitions.iter().map(|one| P::key(one)).collect();
        let order = index::sort_places(&keys);
        joined.definitions = index::pick(joined.definitions, &order);
        Ok(joined)
    }

    async fn resolve(&self, caller: &Caller, name: &str) -> Result<Option<Resolved<P>>> {
        for provider in &self.providers {
            if let Some(resolved) = provider.resolve(caller, name).await? {
                return Ok(Some(resolved));
            }
        }
        Ok(None)
    }

    fn facts(&self) -> Facts<P> {
        let facts = self.providers.iter().map(|provider| provider.facts());
        facts.fold(Facts::from_definitions(Vec::new(), false), Facts::join)
    }
}
