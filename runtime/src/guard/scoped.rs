//! A token sees and calls only what it is good for; to everyone else such a tool is not there.

use std::sync::Arc;

use async_trait::async_trait;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::source::{Completion, Definition, Kind, Listing, Reply, Shared, Source, unknown};
use crate::user::{Caller, Subject};

/// A source that heeds the scopes of its callers.
#[derive(Debug)]
pub struct Scoped<K: Kind> {
    inner: Shared<K>,
}

impl<K: Kind> Scoped<K> {
    /// Heeds scopes before this source.
    #[must_use]
    pub const fn new(inner: Shared<K>) -> Self {
        Self { inner }
    }

    /// Refuses whoever may not call at all, or not this.
    fn check(found: &Definition<K>, call: &Call) -> Result<()> {
        if *call.caller.subject() == Subject::Probe {
            let noun = K::NOUN;
            return Err(Error::forbidden(format!("a probe token may discover and list, and may not call a {noun}")));
        }
        if call.caller.scopes().contain(&found.scopes) { Ok(()) } else { Err(unknown::<K>(&call.name)) }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<K: Kind> Source<K> for Scoped<K> {
    async fn list(&self, caller: &Caller) -> Result<Listing<K>> {
        let mut listing = self.inner.list(caller).await?;
        listing.is_private |= listing.definitions.iter().any(|definition| !definition.scopes.is_empty());
        listing.definitions.retain(|definition| caller.scopes().contain(&definition.scopes));
        Ok(listing)
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition<K>>>> {
        let found = self.inner.find(caller, name).await?;
        Ok(found.filter(|definition| caller.scopes().contain(&definition.scopes)))
    }

    async fn call(&self, found: &Arc<Definition<K>>, call: Call) -> Result<Reply<K::Answer>> {
        Self::check(found, &call)?;
        self.inner.call(found, call).await
    }

    async fn complete(&self, found: &Arc<Definition<K>>, completion: Completion) -> Result<Vec<String>> {
        Self::check(found, &completion.call)?;
        self.inner.complete(found, completion).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;
    use crate::source::{Catalog, reach};
    use crate::tool::{Outcome, Tool, Tools, laws};
    use crate::user::Scopes;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(Scoped::new(Arc::new(laws::catalog())))).await;
    }

    fn scoped() -> Scoped<Tools> {
        let tool = Tool::raw("write", json!({"type": "object"}), |_| async { Ok(Outcome::text("written")) });
        let catalog = Catalog::new([tool.description("Writes.").scopes(["notes:write"])]).expect("well made");
        Scoped::new(Arc::new(catalog))
    }

    async fn fate(caller: Caller) -> (usize, Result<Outcome>) {
        let source = scoped();
        let listing = source.list(&caller).await.expect("listable");
        assert!(listing.is_private, "what needs a scope is not everyone's");
        let reply = reach(&source, laws::call("write", &json!({}), Arc::new(caller))).await;
        (listing.definitions.len(), reply.and_then(|(_, reply)| reply.answer()))
    }

    fn user(scope: Option<&str>) -> Caller {
        Caller::user("alice@example.com".parse().expect("valid"), Scopes::from_claim(scope), None)
    }

    #[tokio::test]
    async fn what_a_token_is_not_good_for_is_not_there() {
        for scope in [None, Some("notes:read notes:write")] {
            let (listed, outcome) = fate(user(scope)).await;
            assert_eq!((listed, outcome.expect("callable")), (1, Outcome::text("written")));
        }
        let (listed, outcome) = fate(user(Some("notes:read"))).await;
        assert_eq!((listed, outcome.expect_err("hidden").message()), (0, "unknown tool `write`"));
    }

    #[tokio::test]
    async fn the_probe_lists_and_never_calls() {
        let (listed, outcome) = fate(Caller::probe()).await;
        assert_eq!((listed, outcome.expect_err("refused").kind()), (1, ErrorKind::Forbidden));
    }
}
