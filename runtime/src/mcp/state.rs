//! What a server speaks for, and what it says of itself because of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::model::{
    ExtensionCapabilities, Implementation, JsonObject, PromptsCapability, ProtocolVersion,
    ResourcesCapability, ServerCapabilities, ServerConfig, Tool, ToolsCapability,
};
use serde_json::Value;

use super::convert;
use super::pages::Pages;
use super::peer::same;
use crate::call::States;
use crate::clock::Clock;
use crate::prompt::Prompts;
use crate::provider::{Catalog, SharedProvider};
use crate::resource::Resources;
use crate::seal::Sealer;
use crate::store;
use crate::tool::Tools;

/// The revisions we speak, newest last.
pub(super) const VERSIONS: [ProtocolVersion; 4] = [
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// The extension for tools with pages.
const UI: &str = "io.modelcontextprotocol/ui";

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppInfo {
    /// The app's name.
    pub name: String,
    /// The app's version.
    pub version: String,
    /// What a model should know before it uses the tools.
    pub instructions: Option<String>,
    /// Whether clients of older revisions may subscribe to resources, which never change.
    pub accepts_subscriptions: bool,
}

/// What is there, before any rule.
#[derive(Debug, Default)]
pub struct Catalogs {
    /// The tools.
    pub tools: Catalog<Tools>,
    /// The prompts.
    pub prompts: Catalog<Prompts>,
    /// The resources and their templates.
    pub resources: Catalog<Resources>,
}

/// What a server speaks for.
#[derive(Debug)]
pub struct ServerState {
    pub(super) tools: SharedProvider<Tools>,
    pub(super) prompts: SharedProvider<Prompts>,
    pub(super) resources: SharedProvider<Resources>,
    pub(super) store: store::SharedStore,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) states: States,
    pub(super) pages: Pages,
    pub(super) info: ServerConfig,
    pub(super) accepts_subscriptions: bool,
    /// Who answers, as every result says it.
    pub(super) server_info: Value,
    /// Tools of which some arguments are told in headers too, by name and address.
    pub(super) in_headers: BTreeMap<String, Tool>,
}

impl ServerState {
    /// What these catalogs hold, and what a server says of itself because of it; the sources are added by
    /// [`ServerInfo::over`].
    #[must_use]
    pub fn describe(about: &AppInfo, catalogs: &Catalogs) -> ServerInfo {
        let mut info = ServerConfig::new(capabilities(catalogs))
            .with_server_info(Implementation::new(&about.name, &about.version));
        info.instructions.clone_from(&about.instructions);
        let tools = catalogs
            .tools
            .definitions()
            .iter()
            .filter(|tool| tool.has_headers());
        let named = tools.flat_map(|tool| {
            let address = tool.home.as_ref().map(|home| home.address.clone());
            [Some(tool.name.clone()), address]
                .into_iter()
                .flatten()
                .map(|name| (name, convert::tool(tool)))
        });
        ServerInfo {
            info,
            accepts_subscriptions: about.accepts_subscriptions,
            in_headers: named.collect(),
        }
    }

    /// Shares these states with every call.
    #[must_use]
    pub fn with_states(mut self, states: States) -> Self {
        self.states = states;
        self
    }
}

/// What a server says of itself.
#[derive(Debug)]
pub struct ServerInfo {
    info: ServerConfig,
    accepts_subscriptions: bool,
    in_headers: BTreeMap<String, Tool>,
}

impl ServerInfo {
    /// Speaks for these sources, in pages of this size, by this clock; users' data are in this store.
    #[must_use]
    pub fn over(
        self,
        (tools, prompts, resources): (
            SharedProvider<Tools>,
            SharedProvider<Prompts>,
            SharedProvider<Resources>,
        ),
        store: store::SharedStore,
        clock: Arc<dyn Clock>,
        sealer: Sealer,
        page_size: usize,
    ) -> ServerState {
        let Self {
            info,
            accepts_subscriptions,
            in_headers,
        } = self;
        let (pages, server_info) = (
            Pages::new(sealer, page_size),
            same(&info.server_info).unwrap_or_default(),
        );
        ServerState {
            tools,
            prompts,
            resources,
            store,
            clock,
            states: States::default(),
            pages,
            info,
            accepts_subscriptions,
            server_info,
            in_headers,
        }
    }
}

fn capabilities(catalogs: &Catalogs) -> ServerCapabilities {
    let Catalogs {
        tools,
        prompts,
        resources,
    } = catalogs;
    let mut capabilities = ServerCapabilities::builder().build();
    let has_tools = !tools.definitions().is_empty();
    capabilities.tools = has_tools.then(ToolsCapability::default);
    capabilities.prompts = (!prompts.definitions().is_empty()).then(PromptsCapability::default);
    capabilities.resources =
        (!resources.definitions().is_empty()).then(ResourcesCapability::default);
    capabilities.completions =
        (prompts.has_completions() || resources.has_completions()).then(JsonObject::default);
    capabilities.logging = has_tools.then(JsonObject::default);
    let has_pages = tools.definitions().iter().any(|tool| tool.ui.is_some());
    capabilities.extensions =
        has_pages.then(|| ExtensionCapabilities::from([(UI.to_owned(), JsonObject::default())]));
    capabilities
}
