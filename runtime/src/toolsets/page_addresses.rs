//! Tells tools the page addresses of their toolset's tools, and puts listed names in place of them in answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::address;
use crate::call::{Call, Content, ToolAddresses};
use crate::error::Result;
use crate::middleware::{Middleware, Next};
use crate::provider::{Definition, DefinitionView, Reply};
use crate::tool::{Outcome, Tools};

/// The key in an answer's `_meta` of the names it holds, with the addresses they stand for, so that a server which lists
/// these tools under other names can rename them again.
const TOOL_NAMES: &str = "mcp-lambda/toolNames";

/// Makes tools callable from their toolset's pages ([MCP Apps](https://github.com/modelcontextprotocol/ext-apps)).
///
/// A tool asks for an [`address`] by [`Context::address`](crate::Context::address); in the answer of a tool with a page it
/// becomes the name under which this server lists the tool.
#[derive(Debug)]
pub(crate) struct PageAddresses {
    names: Arc<Names>,
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

impl PageAddresses {
    /// Collects the addresses of these tools.
    pub(crate) fn new(definitions: &[Arc<Definition<Tools>>]) -> Self {
        let mut names = Names::new();
        let mut toolsets = Vec::new();
        for tool in definitions {
            let Some(origin) = tool.origin.as_deref() else {
                continue;
            };
            toolsets.push(origin.toolset.clone());
            if tool.may_be_called_by_pages() {
                names.insert(origin.address.clone(), tool.name.clone());
            }
        }
        let names = Arc::new(names);
        let addresses = |toolset: String| -> (String, Arc<dyn ToolAddresses>) {
            let names = Arc::clone(&names);
            let addresses = ToolsetAddresses {
                toolset: toolset.clone(),
                names,
            };
            (toolset, Arc::new(addresses))
        };
        let toolsets = toolsets.into_iter().map(addresses).collect();
        Self { names, toolsets }
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
        let Some(tool) = next.definition().downcast::<Tools>() else {
            return next.run(call).await;
        };
        let toolset = tool
            .origin
            .as_ref()
            .and_then(|origin| self.toolsets.get(&origin.toolset));
        if let Some(toolset) = toolset {
            call.context = call.context.in_toolset(Arc::clone(toolset));
        }
        let mut reply = next.run(call).await?;
        if tool.ui.is_some()
            && let Some(outcome) = reply.downcast_mut::<Outcome>()
        {
            self.rename(outcome);
        }
        Ok(reply)
    }
}
