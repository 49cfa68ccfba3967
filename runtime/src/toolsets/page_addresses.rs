//! Tells tools the page addresses of their toolset's tools, and puts listed names in place of them in answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::address;
use crate::call::{Call, Content, ToolAddresses};
use crate::error::Result;
use crate::middleware::{Middleware, Next};
use crate::provider::{Definition, DefinitionView, Reply, SharedProvider};
use crate::tool::{Outcome, Tools};
use crate::user::Caller;

/// The key in an answer's `_meta` of the names it holds, with the addresses they stand for, so that a server which lists
/// these tools under other names can rename them again.
const TOOL_NAMES: &str = "mcp-lambda/toolNames";

/// Makes tools callable from their toolset's pages ([MCP Apps](https://github.com/modelcontextprotocol/ext-apps)).
///
/// A tool asks for an [`address`] by [`Context::address`](crate::Context::address); in the answer of a tool with a page it
/// becomes the name under which this server lists the tool.
#[derive(Debug)]
pub(crate) struct PageAddresses {
    /// The addresses of what is always there.
    fixed: Arc<Addresses>,
    /// The provider, where it may come to have other tools.
    changing: Option<SharedProvider<Tools>>,
}

/// The addresses of some tools.
#[derive(Debug)]
struct Addresses {
    /// The listed names of the tools, those without an address too.
    tools: BTreeSet<String>,
    names: Arc<Names>,
    /// The addresses by toolset, made once: every call of a tool takes those of its own.
    toolsets: BTreeMap<String, Arc<dyn ToolAddresses>>,
}

/// The listed name of each address.
type Names = BTreeMap<String, String>;

/// The addresses of one toolset's tools.
#[derive(Debug)]
struct ToolsetAddresses {
    toolset: String,
    names: Arc<Names>,
}

impl ToolAddresses for ToolsetAddresses {
    fn address(&self, tool: &str) -> Option<String> {
        Some(address(&self.toolset, tool)).filter(|address| self.names.contains_key(address))
    }
}

impl Addresses {
    /// Collects the addresses of these tools.
    fn new(definitions: &[Arc<Definition<Tools>>]) -> Self {
        let callable = definitions
            .iter()
            .filter(|tool| tool.may_be_called_by_pages());
        let named = callable.filter_map(|tool| {
            let origin = tool.origin.as_deref()?;
            Some((origin.address.clone(), tool.name.clone()))
        });
        let names: Arc<Names> = Arc::new(named.collect());
        let origins = definitions.iter().filter_map(|tool| tool.origin.as_deref());
        let toolsets = origins.map(|origin| origin.toolset.clone());
        let toolsets = toolsets.map(|toolset| {
            let addresses = ToolsetAddresses {
                toolset: toolset.clone(),
                names: Arc::clone(&names),
            };
            (toolset, Arc::new(addresses) as Arc<dyn ToolAddresses>)
        });
        Self {
            tools: definitions.iter().map(|tool| tool.name.clone()).collect(),
            toolsets: toolsets.collect(),
            names,
        }
    }

    /// Puts listed names in place of addresses, in the text too where it repeats the data for clients that show no page.
    fn rename(&self, outcome: &mut Outcome) {
        let Some(data) = &mut outcome.structured else {
            return;
        };
        let is_repeated =
            outcome.content.is_empty() || outcome.content == [Content::text(data.to_string())];
        let mut used = Map::new();
        rename(data, &self.names, &mut used);
        if is_repeated {
            outcome.content = vec![Content::text(data.to_string())];
        }
        if !used.is_empty() {
            outcome.meta.insert(TOOL_NAMES.to_owned(), used.into());
        }
    }
}

impl PageAddresses {
    /// Collects the addresses of the tools that this provider always has ([`Facts`](crate::provider::Facts)).
    pub(crate) fn new(tools: &SharedProvider<Tools>) -> Self {
        let facts = tools.facts();
        Self {
            fixed: Arc::new(Addresses::new(facts.definitions())),
            changing: facts.may_change().then(|| Arc::clone(tools)),
        }
    }

    /// Returns the addresses that a tool may use: those of its provider's list as it is now, if the tool is not always
    /// there. Only a tool that belongs to a toolset or has a page needs any, so no other call costs a list.
    async fn find(&self, tool: &Definition<Tools>, caller: &Caller) -> Result<Arc<Addresses>> {
        match &self.changing {
            Some(provider) if !self.fixed.tools.contains(&tool.name) => {
                let listing = provider.list(caller).await?;
                Ok(Arc::new(Addresses::new(&listing.definitions)))
            }
            _ => Ok(Arc::clone(&self.fixed)),
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
impl Middleware for PageAddresses {
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, mut call: Call, next: Next) -> Result<Reply> {
        let tool = next.definition().downcast::<Tools>();
        let Some(tool) = tool.filter(|tool| tool.origin.is_some() || tool.ui.is_some()) else {
            return next.run(call).await;
        };
        let addresses = self.find(tool, call.caller()).await?;
        let origin = tool.origin.as_ref();
        if let Some(toolset) = origin.and_then(|origin| addresses.toolsets.get(&origin.toolset)) {
            call.context = call.context.in_toolset(Arc::clone(toolset));
        }
        let mut reply = next.run(call).await?;
        if tool.ui.is_some()
            && let Some(outcome) = reply.downcast_mut::<Outcome>()
        {
            addresses.rename(outcome);
        }
        Ok(reply)
    }
}
