//! The lookup of an app's safe tool ([`App::safe_tool`](super::App::safe_tool)).

use async_trait::async_trait;
use serde_json::Value;

use crate::admin::{FindSafeTool, SafeTool};
use crate::error::Result;
use crate::provider::{Definition, SharedProvider};
use crate::tool::Tools;
use crate::user::Caller;

/// The safe tool of an app, looked up by name in what its providers hold at the moment.
pub(super) struct NamedSafeTool {
    pub(super) name: Option<String>,
    pub(super) tools: SharedProvider<Tools>,
}

#[async_trait]
impl FindSafeTool for NamedSafeTool {
    async fn find(&self) -> Result<SafeTool> {
        let Some(name) = &self.name else {
            return Ok(SafeTool::none());
        };
        // The probe sees every tool, and calls none.
        let resolved = self.tools.resolve(&Caller::probe(), name).await?;
        let tool = resolved.filter(|tool| problem(tool.definition()).is_none());
        Ok(tool.map_or_else(SafeTool::none, |tool| {
            let tool = tool.definition();
            SafeTool::of_tool(tool.name.clone(), tool.description.clone())
        }))
    }
}

/// Returns the reason why a tool can't be the safe one, if there is one.
pub(super) fn problem(tool: &Definition<Tools>) -> Option<String> {
    let name = &tool.name;
    if tool.hints.read_only != Some(true) {
        return Some(format!(
            "safe tool `{name}` must be read-only: say so with `#[tool(read_only)]`"
        ));
    }
    let required = tool.input_schema.get("required").and_then(Value::as_array);
    let needs_arguments = required.is_some_and(|required| !required.is_empty());
    needs_arguments.then(|| {
        format!("safe tool `{name}` must need no arguments: give each a default, or name another")
    })
}
