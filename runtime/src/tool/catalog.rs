//! An app's tools as one source: the innermost leaf.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Call, Definition, Outcome, Tool, ToolSource};
use crate::error::{Error, Result};
use crate::user::Caller;

/// The tools of an app, in order of name.
#[derive(Debug, Default)]
pub struct Catalog {
    tools: BTreeMap<String, Tool>,
    definitions: Vec<Arc<Definition>>,
}

impl Catalog {
    /// All these tools in one list.
    ///
    /// # Errors
    /// Everything that is wrong with them, all at once: names, duplicates, descriptions, schemas, scopes.
    pub fn new(tools: impl IntoIterator<Item = Tool>) -> std::result::Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut catalog = Self::default();
        for tool in tools {
            faults.extend(tool.definition().faults());
            let name = tool.definition().name.clone();
            if catalog.tools.insert(name.clone(), tool).is_some() {
                faults.push(format!("tool name `{name}` is used twice"));
            }
        }
        catalog.definitions = catalog.tools.values().map(|tool| Arc::new(tool.definition().clone())).collect();
        if faults.is_empty() { Ok(catalog) } else { Err(faults) }
    }

    /// What the tools say of themselves.
    #[must_use]
    pub fn definitions(&self) -> &[Arc<Definition>] {
        &self.definitions
    }
}

/// What anyone is told about a tool that is not there for them: the same for every reason.
#[must_use]
pub fn unknown(name: &str) -> Error {
    Error::not_found(format!("unknown tool `{name}`"))
}

#[async_trait]
impl ToolSource for Catalog {
    async fn list(&self, _caller: &Caller) -> Result<Vec<Arc<Definition>>> {
        Ok(self.definitions.clone())
    }

    async fn find(&self, _caller: &Caller, name: &str) -> Result<Option<Arc<Definition>>> {
        let place = self.definitions.binary_search_by(|definition| definition.name.as_str().cmp(name));
        Ok(place.ok().map(|place| Arc::clone(&self.definitions[place])))
    }

    async fn call(&self, call: Call) -> Result<Outcome> {
        let tool = self.tools.get(&call.name).ok_or_else(|| unknown(&call.name))?;
        tool.call(call).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(laws::catalog())).await;
    }

    #[test]
    fn all_faults_are_reported_together() {
        let tool = |name: &str, schema| Tool::raw(name, schema, |_| async { Ok(Outcome::default()) });
        let faults = Catalog::new([
            tool("a b", json!({"type": "object"})).description("Has a space in its name."),
            tool("twice", json!({"type": "object"})).description("First."),
            tool("twice", json!({"type": "array"})).description("Second."),
            tool("silent", json!(true)),
            tool("scoped", json!({"type": "object"})).description("Wants too much.").scopes(["admin"]),
            tool(&"x".repeat(49), json!({"type": "object"})).description("Too long."),
        ])
        .expect_err("all wrong");
        let expected = [
            "`a b`",
            "`twice`: the root",
            "`twice` is used twice",
            "`silent` has no",
            "`silent`: the root",
            "`admin`",
            "1 to 48",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        for part in expected {
            assert!(faults.iter().any(|fault| fault.contains(part)), "{part} in {faults:#?}");
        }
    }
}
