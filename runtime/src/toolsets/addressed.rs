//! Tools that know where their part's other tools can be called, and whose answers for pages leave with the names under
//! which this server lists them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::address;
use crate::call::{Call, Content, ToolAddresses};
use crate::error::Result;
use crate::provider::{Completion, Definition, Listing, Provider, Reply, SharedProvider};
use crate::tool::{Outcome, Tools};
use crate::user::Caller;

/// Where an answer tells which of its names stand for which addresses, so that whoever lists this server's tools under
/// other names can rename them again.
const TOOL_NAMES: &str = "mcp-lambda/toolNames";

/// A source whose tools can be called from pages.
#[derive(Debug)]
pub struct PageAddresses {
    inner: SharedProvider<Tools>,
    names: Arc<Names>,
    parts: BTreeMap<String, Arc<dyn ToolAddresses>>,
}

/// The listed name of each address.
type Names = BTreeMap<String, String>;

/// The tools of one part.
#[derive(Debug)]
struct Part {
    name: String,
    names: Arc<Names>,
}

impl ToolAddresses for Part {
    fn address(&self, tool: &str) -> Option<String> {
        Some(address(&self.name, tool)).filter(|address| self.names.contains_key(address))
    }
}

impl PageAddresses {
    /// Gives the tools with these definitions their addresses.
    #[must_use]
    pub fn new(inner: SharedProvider<Tools>, definitions: &[Arc<Definition<Tools>>]) -> Self {
        let homes = || {
            definitions
                .iter()
                .filter_map(|tool| Some((tool, tool.home.as_deref()?)))
        };
        let callable = homes().filter(|(tool, _)| tool.may_be_called_by_pages());
        let names: Arc<Names> = Arc::new(
            callable
                .map(|(tool, home)| (home.address.clone(), tool.name.clone()))
                .collect(),
        );
        let part = |name: &String| -> Arc<dyn ToolAddresses> {
            Arc::new(Part {
                name: name.clone(),
                names: Arc::clone(&names),
            })
        };
        let parts = homes()
            .map(|(_, home)| (home.part.clone(), part(&home.part)))
            .collect();
        Self {
            inner,
            names,
            parts,
        }
    }

    /// An answer for a page: with listed names in place of addresses, and in text too, for who sees no page.
    fn shown(&self, mut outcome: Outcome) -> Outcome {
        let Some(mut data) = outcome.structured.take() else {
            return outcome;
        };
        let is_told_in_text =
            outcome.content.is_empty() || outcome.content == [Content::text(data.to_string())];
        let mut used = Map::new();
        rename(&mut data, &self.names, &mut used);
        if is_told_in_text {
            outcome.content = vec![Content::text(data.to_string())];
        }
        outcome.structured = Some(data);
        if used.is_empty() {
            outcome
        } else {
            outcome.with_meta(TOOL_NAMES, used)
        }
    }
}

fn rename(data: &mut Value, names: &Names, used: &mut Map<String, Value>) {
    match data {
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                used.insert(
                    name.clone(),
                    Value::String(std::mem::replace(text, name.clone())),
                );
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names, used)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| rename(field, names, used)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Provider<Tools> for PageAddresses {
    async fn list(&self, caller: &Caller) -> Result<Listing<Tools>> {
        self.inner.list(caller).await
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition<Tools>>>> {
        self.inner.find(caller, name).await
    }

    async fn call(&self, found: &Arc<Definition<Tools>>, mut call: Call) -> Result<Reply<Outcome>> {
        if let Some(part) = found
            .home
            .as_ref()
            .and_then(|home| self.parts.get(&home.part))
        {
            call.context = call.context.in_toolset(Arc::clone(part));
        }
        let reply = self.inner.call(found, call).await?;
        Ok(match reply {
            Reply::Answer(outcome) if found.ui.is_some() => Reply::Answer(self.shown(outcome)),
            reply => reply,
        })
    }

    async fn complete(
        &self,
        found: &Arc<Definition<Tools>>,
        completion: Completion,
    ) -> Result<Vec<String>> {
        self.inner.complete(found, completion).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        let catalog = laws::catalog();
        let definitions = catalog.definitions().to_vec();
        laws::all(Arc::new(PageAddresses::new(
            Arc::new(catalog),
            &definitions,
        )))
        .await;
    }
}
