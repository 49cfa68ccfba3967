//! The server that a [`Handler`](super::Handler) speaks for, and what it announces.

use std::sync::Arc;

use rmcp::model::{
    ExtensionCapabilities, Implementation, JsonObject, PromptsCapability, ProtocolVersion,
    ResourcesCapability, ServerCapabilities, ServerConfig, ToolsCapability,
};
use serde_json::Value;

use super::peer::convert_via_json;
use crate::provider::Facts;
use crate::registry::Registry;
use crate::tool::Tools;

/// The revisions of MCP that are spoken, newest last.
pub(super) const VERSIONS: [ProtocolVersion; 4] = [
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// The extension for tools with pages (MCP Apps).
const UI: &str = "io.modelcontextprotocol/ui";

/// The name, version and instructions of an app, for its clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AppInfo {
    /// The app's name.
    pub(crate) name: String,
    /// The app's version.
    pub(crate) version: String,
    /// The text that a model should read before it uses the tools.
    pub(crate) instructions: Option<String>,
    /// True where clients of older revisions may subscribe to resources, which never change.
    pub(crate) accepts_subscriptions: bool,
}

/// A built server as MCP sees it: its [`Registry`], and what it announces of it.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(super) registry: Arc<Registry>,
    pub(super) info: ServerConfig,
    pub(super) accepts_subscriptions: bool,
    /// The server's name and version, as every result of MCP 2026-07-28 carries them.
    pub(super) server_info: Value,
}

impl ServerState {
    /// Announces an app with these providers, by their [`Facts`]. A provider that may come to have a primitive is
    /// announced as if it had it.
    #[must_use]
    pub(crate) fn new(app: &AppInfo, registry: Arc<Registry>) -> Self {
        let tools = registry.tools.facts();
        let mut info = ServerConfig::new(capabilities(&registry, &tools))
            .with_server_info(Implementation::new(&app.name, &app.version));
        info.instructions.clone_from(&app.instructions);
        Self {
            server_info: convert_via_json(&info.server_info).unwrap_or_default(),
            accepts_subscriptions: app.accepts_subscriptions,
            info,
            registry,
        }
    }
}

fn capabilities(registry: &Registry, tools: &Facts<Tools>) -> ServerCapabilities {
    let prompts = registry.prompts.facts();
    let resources = registry.resources.facts();
    let has_completions = prompts.has_completions() || resources.has_completions();
    let has_pages = tools.may_change() || tools.definitions().iter().any(|tool| tool.ui.is_some());
    let mut capabilities = ServerCapabilities::builder().build();
    capabilities.tools = (!tools.is_empty()).then(ToolsCapability::default);
    capabilities.prompts = (!prompts.is_empty()).then(PromptsCapability::default);
    capabilities.resources = (!resources.is_empty()).then(ResourcesCapability::default);
    capabilities.completions = has_completions.then(JsonObject::default);
    capabilities.logging = (!tools.is_empty()).then(JsonObject::default);
    capabilities.extensions =
        has_pages.then(|| ExtensionCapabilities::from([(UI.to_owned(), JsonObject::default())]));
    capabilities
}
