//! A token sees and calls only what it is good for; to everyone else such a tool is not there.

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::tool::{Call, Definition, Outcome, Shared, ToolSource, unknown};
use crate::user::{Caller, Subject};

/// A source that heeds the scopes of its callers.
#[derive(Debug)]
pub struct Scoped {
    inner: Shared,
}

impl Scoped {
    /// Heeds scopes before this source.
    #[must_use]
    pub const fn new(inner: Shared) -> Self {
        Self { inner }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ToolSource for Scoped {
    async fn list(&self, caller: &Caller) -> Result<Vec<Arc<Definition>>> {
        let mut tools = self.inner.list(caller).await?;
        tools.retain(|tool| caller.scopes().contain(&tool.scopes));
        Ok(tools)
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition>>> {
        let tool = self.inner.find(caller, name).await?;
        Ok(tool.filter(|tool| caller.scopes().contain(&tool.scopes)))
    }

    async fn call(&self, call: Call) -> Result<Outcome> {
        if *call.caller.subject() == Subject::Probe {
            return Err(Error::forbidden("a probe token may discover and list tools, and may not call them"));
        }
        match self.find(&call.caller, &call.name).await? {
            Some(_) => self.inner.call(call).await,
            None => Err(unknown(&call.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;
    use crate::tool::{Catalog, Tool, laws};
    use crate::user::Scopes;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(Scoped::new(Arc::new(laws::catalog())))).await;
    }

    fn scoped() -> Scoped {
        let tool = Tool::raw("write", json!({"type": "object"}), |_| async { Ok(Outcome::text("written")) });
        let catalog = Catalog::new([tool.description("Writes.").scopes(["notes:write"])]).expect("well made");
        Scoped::new(Arc::new(catalog))
    }

    async fn fate(caller: Caller) -> (usize, Result<Outcome>) {
        let source = scoped();
        let listed = source.list(&caller).await.expect("listable").len();
        (listed, source.call(laws::call("write", &json!({}), Arc::new(caller))).await)
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
