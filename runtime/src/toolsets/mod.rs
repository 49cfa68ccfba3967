//! Toolsets: tools, prompts, resources and pages that are mounted in an app as one, under any name.
//!
//! A [`Toolset`] is a value: mounting copies it, there is no global registry, and an app has only
//! what was mounted in it. [`approval()`], [`choice()`] and [`form_toolset`] are ready to be mounted.

mod approval;
mod choice;
mod form;
mod identity;
mod layers;
mod page_addresses;
mod question;

pub use approval::approval;
pub use choice::choice;
pub use form::form_toolset;
pub use identity::address;
pub(crate) use layers::ToolsetLayers;
pub(crate) use page_addresses::PageAddresses;

use std::sync::Arc;

use crate::middleware::{Middleware, SharedMiddleware};
use crate::prompt::Prompt;
use crate::resource::Resource;
use crate::tool::{Tool, ToolOrigin, Visibility};

/// A set of tools, prompts, resources and pages that is mounted as one.
///
/// By default the model sees only tools with a page ([`Tool::ui`]), and only pages call the others
/// (MCP Apps, `_meta.ui.visibility`); [`Tool::visibility`] says otherwise.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use serde_json::json;
///
/// let save = Tool::raw("save", json!({"type": "object"}), |_| async { Ok(Outcome::text("saved")) });
/// let crm = Toolset::new("crm").tools([save.description("Saves a contact.")]);
/// assert_eq!(App::new("office").mount_as("sales", crm).check(), Ok(()));
/// ```
#[derive(Clone, Debug)]
pub struct Toolset {
    name: String,
    tools: Vec<Tool>,
    prompts: Vec<Prompt>,
    resources: Vec<Resource>,
    mounts: Vec<Mount>,
    layers: Vec<SharedMiddleware>,
    problems: Vec<String>,
}

/// A toolset within another, with the prefix of its names.
#[derive(Clone, Debug)]
struct Mount {
    prefix: Option<String>,
    toolset: Toolset,
}

/// The contents of a [`Toolset`] and of all that is mounted in it, under their full names.
#[derive(Debug, Default)]
pub(crate) struct Members {
    pub(crate) tools: Vec<Tool>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) resources: Vec<Resource>,
    /// The problems of the toolsets themselves.
    pub(crate) problems: Vec<String>,
}

impl Members {
    pub(crate) const fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.prompts.is_empty() && self.resources.is_empty()
    }
}

impl Toolset {
    /// Makes an empty toolset. Its name is part of the [`address`] of each of its tools.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            tools: Vec::new(),
            prompts: Vec::new(),
            resources: Vec::new(),
            mounts: Vec::new(),
            layers: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Adds tools, such as those of a [`#[tools]`](crate::tools) module.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Adds prompts, such as those of a [`#[prompts]`](crate::prompts) module.
    #[must_use]
    pub fn prompts(mut self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        self.prompts.extend(prompts);
        self
    }

    /// Adds resources, or [pages](crate::resource::UiResource).
    #[must_use]
    pub fn resources<R: Into<Resource>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.resources.extend(resources.into_iter().map(Into::into));
        self
    }

    /// Adds another toolset's members under the names that they have in it.
    #[must_use]
    pub fn mount(mut self, toolset: Self) -> Self {
        self.mounts.push(Mount {
            prefix: None,
            toolset,
        });
        self
    }

    /// Adds another toolset's members with a prefix before each name: `sales_save`,
    /// `ui://sales/contacts`.
    #[must_use]
    pub fn mount_as(mut self, name: impl Into<String>, toolset: Self) -> Self {
        self.mounts.push(Mount {
            prefix: Some(name.into()),
            toolset,
        });
        self
    }

    /// Adds a rule around the members of this toolset and of those mounted in it, inside the app's own
    /// ([`App::layer`](crate::App::layer)) and inside those that were added before.
    ///
    /// It is asked and called for its members alone. A name that nothing has is in no toolset, so
    /// [`observe_unknown`](Middleware::observe_unknown) is not called.
    ///
    /// ```
    /// use mcp_lambda::call::Call;
    /// use mcp_lambda::middleware::{Next, from_fn};
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    /// use serde_json::json;
    ///
    /// let tool = |name: &str| {
    ///     let tool = Tool::raw(name, json!({"type": "object"}), |_| async { Ok(Outcome::text("done")) });
    ///     tool.description("Works.").visibility(mcp_lambda::tool::Visibility::Both)
    /// };
    /// let closed = from_fn(async |_: Call, _: Next| Err(Error::unavailable("the shop is closed")));
    /// let shop = Toolset::new("shop").tools([tool("order")]).layer(closed);
    /// let app = App::new("office").tools([tool("count")]).mount(shop);
    /// block_on(async {
    ///     let app = TestApp::new(app).await;
    ///     let alice = app.user("alice@example.com").await;
    ///     assert_eq!(alice.call("order", json!({})).await.tool_text(), "the shop is closed");
    ///     assert_eq!(alice.call("count", json!({})).await.tool_text(), "done");
    /// });
    /// ```
    #[must_use]
    pub fn layer(mut self, layer: impl Middleware) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the tools under their full names, as mounting gives them, for a [`Provider`](crate::provider::Provider)
    /// whose contents change.
    ///
    /// They have the addresses by which pages call them, the visibility and the [`layer`](Self::layer)s of their toolset. A
    /// [`Catalog`](crate::provider::Catalog) of them resolves names and addresses.
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::provider::Catalog;
    /// use mcp_lambda::toolsets::address;
    /// use serde_json::json;
    ///
    /// let tool = Tool::raw("save", json!({"type": "object"}), |_| async { Ok(Outcome::text("saved")) });
    /// let crm = Toolset::new("crm").tools([tool.description("Saves a contact.")]);
    /// let catalog = Catalog::new(crm.into_tools()).expect("well made");
    /// assert_eq!(catalog.definitions()[0].name, "save");
    /// assert!(address("crm", "save").ends_with("_save"));
    /// ```
    #[must_use]
    pub fn into_tools(self) -> Vec<Tool> {
        let mut members = Members::default();
        self.collect(&[], false, &[], &mut members);
        members.tools
    }

    /// Returns whether a toolset in it has a layer.
    pub(crate) fn has_layers(&self) -> bool {
        let mut mounts = self.mounts.iter();
        !self.layers.is_empty() || mounts.any(|mount| mount.toolset.has_layers())
    }

    /// Adds problems, for [`App::check`](crate::App::check) to report.
    fn with_problems(mut self, problems: Vec<String>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// Flattens an app's own toolset, whose tools are for models and pages by default.
    pub(crate) fn into_members(self) -> Members {
        let mut members = Members::default();
        self.collect(&[], true, &[], &mut members);
        members
    }

    /// Collects the members under the names that a path gives them and behind the layers of the toolsets around them.
    fn collect(
        self,
        path: &[&str],
        is_app: bool,
        outer: &[SharedMiddleware],
        members: &mut Members,
    ) {
        let layers: Arc<[_]> = outer.iter().chain(&self.layers).cloned().collect();
        let name = &self.name;
        members.problems.extend(self.problems);
        members.tools.extend(self.tools.into_iter().map(|tool| {
            let tool = mount_tool(tool, name, path, is_app);
            layers::put_around(tool, &layers)
        }));
        members
            .prompts
            .extend(self.prompts.into_iter().map(|prompt| {
                let listed = prefix_name(path, &prompt.definition().name);
                layers::put_around(prompt.with_name(listed), &layers)
            }));
        let resources = self.resources.into_iter().map(|resource| {
            let listed = prefix_name(path, &resource.definition().name);
            let uri = prefix_uri(path, &resource.definition().uri);
            layers::put_around(resource.with_name(listed).move_to(uri), &layers)
        });
        members.resources.extend(resources);
        for Mount { prefix, toolset } in self.mounts {
            let path: Vec<&str> = path.iter().copied().chain(prefix.as_deref()).collect();
            toolset.collect(&path, false, &layers, members);
        }
    }
}

/// Renames a tool of a toolset for the path at which the toolset is mounted.
fn mount_tool(tool: Tool, toolset: &str, path: &[&str], is_app: bool) -> Tool {
    let name = tool.definition().name.clone();
    // The address is made of the registered name, before the prefix: pages are written once and
    // must find the tool under every prefix.
    let origin = ToolOrigin {
        toolset: toolset.to_owned(),
        address: address(toolset, &name),
        tool: name.clone(),
    };
    let page = tool
        .definition()
        .ui
        .as_deref()
        .map(|uri| prefix_uri(path, uri));
    // A tool without a page is there for the pages of its toolset. A model that called it would do
    // in the user's place what the user is to do on the page.
    let by_default = match (is_app, &page) {
        (true, _) => None,
        (false, Some(_)) => Some(Visibility::Model),
        (false, None) => Some(Visibility::App),
    };
    let visibility = tool.definition().visibility.or(by_default);
    let mut tool = tool.with_name(prefix_name(path, &name));
    let detail = &mut tool.definition_mut().detail;
    detail.origin = Some(Arc::new(origin));
    detail.ui = page;
    detail.visibility = visibility;
    tool
}

/// Returns a name with the prefixes of a path before it, such as `sales_save`.
fn prefix_name(path: &[&str], name: &str) -> String {
    path.iter()
        .chain([&name])
        .copied()
        .collect::<Vec<_>>()
        .join("_")
}

/// Returns a URI with the prefixes of a path before its authority (RFC 3986 §3.2): of
/// `ui://contacts`, such as `ui://sales/contacts`.
fn prefix_uri(path: &[&str], uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme, rest)) if !path.is_empty() => format!("{scheme}://{}/{rest}", path.join("/")),
        _ => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests;
