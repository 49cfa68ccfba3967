//! A token sees and calls only what it is good for, by its scopes and by whether it may only read; to everyone else such a
//! tool is not there.

use std::sync::Arc;

use async_trait::async_trait;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::provider::{
    Completion, Definition, Listing, Primitive, Provider, Reply, SharedProvider, unknown,
};
use crate::user::{Caller, Subject};

/// A source that heeds the scopes of its callers.
#[derive(Debug)]
pub struct Scoped<P: Primitive> {
    inner: SharedProvider<P>,
}

impl<P: Primitive> Scoped<P> {
    /// Heeds scopes before this source.
    #[must_use]
    pub const fn new(inner: SharedProvider<P>) -> Self {
        Self { inner }
    }

    /// Refuses whoever may not call at all, or not this.
    fn check(found: &Definition<P>, call: &Call) -> Result<()> {
        if *call.caller.subject() == Subject::Probe {
            let primitive = P::NAME;
            return Err(Error::forbidden(format!(
                "a probe token may discover and list, and may not call a {primitive}"
            )));
        }
        if is_visible(found, &call.caller) {
            Ok(())
        } else {
            Err(unknown::<P>(&call.name))
        }
    }
}

/// Whether this caller's token is good for it.
fn is_visible<P: Primitive>(definition: &Definition<P>, caller: &Caller) -> bool {
    caller.may_use(&definition.scopes, P::changes_nothing(definition))
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: Primitive> Provider<P> for Scoped<P> {
    async fn list(&self, caller: &Caller) -> Result<Listing<P>> {
        let mut listing = self.inner.list(caller).await?;
        // A token that only reads sees less than another does.
        let differs = |definition: &Arc<Definition<P>>| {
            !definition.scopes.is_empty() || !P::changes_nothing(definition)
        };
        listing.is_private |= listing.definitions.iter().any(differs);
        listing
            .definitions
            .retain(|definition| is_visible(definition, caller));
        Ok(listing)
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition<P>>>> {
        let found = self.inner.find(caller, name).await?;
        Ok(found.filter(|definition| is_visible(definition, caller)))
    }

    async fn call(&self, found: &Arc<Definition<P>>, call: Call) -> Result<Reply<P::Answer>> {
        Self::check(found, &call)?;
        self.inner.call(found, call).await
    }

    async fn complete(
        &self,
        found: &Arc<Definition<P>>,
        completion: Completion,
    ) -> Result<Vec<String>> {
        Self::check(found, &completion.call)?;
        self.inner.complete(found, completion).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;
    use crate::provider::{Catalog, reach};
    use crate::tool::{Hints, Outcome, Tool, Tools, laws};
    use crate::user::Scopes;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(Scoped::new(Arc::new(laws::catalog())))).await;
    }

    fn scoped() -> Scoped<Tools> {
        let tool = Tool::raw("write", json!({"type": "object"}), |_| async {
            Ok(Outcome::text("written"))
        });
        let catalog =
            Catalog::new([tool.description("Writes.").scopes(["notes:write"])]).expect("well made");
        Scoped::new(Arc::new(catalog))
    }

    async fn fate(caller: Caller) -> (usize, Result<Outcome>) {
        let source = scoped();
        let listing = source.list(&caller).await.expect("listable");
        assert!(listing.is_private, "what needs a scope is not everyone's");
        let reply = reach(&source, laws::call("write", &json!({}), Arc::new(caller))).await;
        (
            listing.definitions.len(),
            reply.and_then(|(_, reply)| reply.answer()),
        )
    }

    fn user(scope: Option<&str>) -> Caller {
        Caller::user(
            "alice@example.com".parse().expect("valid"),
            Scopes::from_claim(scope),
            None,
        )
    }

    #[tokio::test]
    async fn what_a_token_is_not_good_for_is_not_there() {
        for scope in [None, Some("notes:read notes:write")] {
            let (listed, outcome) = fate(user(scope)).await;
            assert_eq!(
                (listed, outcome.expect("callable")),
                (1, Outcome::text("written"))
            );
        }
        let (listed, outcome) = fate(user(Some("notes:read"))).await;
        assert_eq!(
            (listed, outcome.expect_err("hidden").message()),
            (0, "unknown tool `write`")
        );
    }

    #[tokio::test]
    async fn a_token_that_only_reads_finds_what_says_that_it_changes_nothing() {
        let tool = |name: &str, read_only| {
            let tool = Tool::raw(name, json!({"type": "object"}), |_| async {
                Ok(Outcome::text("done"))
            });
            tool.description("Does.").hints(Hints {
                read_only,
                ..Hints::default()
            })
        };
        let tools = [
            tool("reads", Some(true)),
            tool("writes", Some(false)),
            tool("says_nothing", None),
        ];
        let source = Scoped::new(Arc::new(Catalog::new(tools).expect("well made")));
        let reader = Arc::new(user(None).reading_only(true));
        let listing = source.list(&reader).await.expect("listable");
        assert!(listing.is_private, "another token sees more");
        let names: Vec<_> = listing
            .definitions
            .iter()
            .map(|definition| definition.name.as_str())
            .collect();
        assert_eq!(names, ["reads"]);
        reach(
            &source,
            laws::call("reads", &json!({}), Arc::clone(&reader)),
        )
        .await
        .expect("callable");
        for name in ["writes", "says_nothing"] {
            let error = reach(&source, laws::call(name, &json!({}), Arc::clone(&reader)))
                .await
                .expect_err("hidden");
            assert_eq!(error.message(), format!("unknown tool `{name}`"));
            let whole = Arc::new(user(None));
            let found = source
                .find(&whole, name)
                .await
                .expect("findable")
                .expect("there for others");
            let error = source
                .call(&found, laws::call(name, &json!({}), Arc::clone(&reader)))
                .await
                .expect_err("refused");
            assert_eq!(
                error.message(),
                format!("unknown tool `{name}`"),
                "by the back way too"
            );
        }
    }

    #[tokio::test]
    async fn the_probe_lists_and_never_calls() {
        let (listed, outcome) = fate(Caller::probe()).await;
        assert_eq!(
            (listed, outcome.expect_err("refused").kind()),
            (1, ErrorKind::Forbidden)
        );
    }
}
