//! Parts: tools, prompts, resources and pages that belong together, to be mounted in any app under any name.
//!
//! Nothing is registered anywhere: a part is a value, mounting copies it, and an app knows only what was mounted in it.
//! [`approval`], [`choice`] and [`form_toolset`] are ready to be mounted.

mod approval;
mod choice;
mod form;
mod identity;
mod page_addresses;
mod question;

pub use approval::approval;
pub use choice::choice;
pub use form::form_toolset;
pub use identity::address;
pub(crate) use page_addresses::PageAddresses;

use std::sync::Arc;

use crate::prompt::Prompt;
use crate::resource::Resource;
use crate::tool::{Home, Tool, Visibility};

/// A part in the making.
///
/// A tool with a page ([`Tool::ui`]) is an entry point, for the model; one without, unless it says otherwise, is there for
/// pages alone.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use serde_json::json;
///
/// let save = Tool::raw("save", json!({"type": "object"}), |_| async { Ok(Outcome::text("saved")) });
/// let crm = Toolset::new("crm").tools([save.description("Saves a contact.")]);
/// assert_eq!(App::new("desk").mount_as("sales", crm).check(), Ok(()));
/// ```
#[derive(Clone, Debug)]
pub struct Toolset {
    name: String,
    tools: Vec<Tool>,
    prompts: Vec<Prompt>,
    resources: Vec<Resource>,
    mounts: Vec<(Option<String>, Self)>,
    problems: Vec<String>,
}

/// Everything in a part and what is mounted in it, under the names it has there.
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
    /// A part with nothing in it. Its name, with those of its tools, is what its pages call them by.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            tools: Vec::new(),
            prompts: Vec::new(),
            resources: Vec::new(),
            mounts: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Offers these tools too.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Offers these prompts too.
    #[must_use]
    pub fn prompts(mut self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        self.prompts.extend(prompts);
        self
    }

    /// Offers these resources too, or pages.
    #[must_use]
    pub fn resources<R: Into<Resource>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.resources.extend(resources.into_iter().map(Into::into));
        self
    }

    /// Offers what another part offers, under the same names.
    #[must_use]
    pub fn mount(mut self, part: Self) -> Self {
        self.mounts.push((None, part));
        self
    }

    /// Offers what another part offers, with this before each name: `sales_save`, `ui://sales/contacts`.
    #[must_use]
    pub fn mount_as(mut self, name: impl Into<String>, part: Self) -> Self {
        self.mounts.push((Some(name.into()), part));
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds problems, for [`App::check`](crate::App::check) to report.
    fn with_problems(mut self, problems: Vec<String>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// What an app offers whose own tools are these: they are for everyone, if they don't say otherwise.
    pub(crate) fn into_members(self) -> Members {
        let mut members = Members::default();
        self.collect(&[], true, &mut members);
        members
    }

    fn collect(self, path: &[&str], is_app: bool, members: &mut Members) {
        let Self {
            name,
            tools,
            prompts,
            resources,
            mounts,
            problems,
        } = self;
        members.problems.extend(problems);
        members.tools.extend(
            tools
                .into_iter()
                .map(|tool| placed(tool, &name, path, is_app)),
        );
        members.prompts.extend(prompts.into_iter().map(|prompt| {
            let listed = under(path, &prompt.definition().name);
            prompt.with_name(listed)
        }));
        members
            .resources
            .extend(resources.into_iter().map(|resource| {
                let (listed, uri) = (
                    under(path, &resource.definition().name),
                    uri_under(path, &resource.definition().uri),
                );
                resource.with_name(listed).move_to(uri)
            }));
        for (space, part) in mounts {
            let path: Vec<&str> = path.iter().copied().chain(space.as_deref()).collect();
            part.collect(&path, false, members);
        }
    }
}

/// A copy of a tool as it is listed where its part is mounted.
fn placed(tool: Tool, part: &str, path: &[&str], is_app: bool) -> Tool {
    let name = tool.definition().name.clone();
    let home = Home {
        part: part.to_owned(),
        address: address(part, &name),
        tool: name.clone(),
    };
    let page = tool
        .definition()
        .ui
        .as_deref()
        .map(|uri| uri_under(path, uri));
    let by_default = match (is_app, &page) {
        (true, _) => None,
        (false, Some(_)) => Some(Visibility::Model),
        (false, None) => Some(Visibility::App),
    };
    let visibility = tool.definition().visibility.or(by_default);
    let mut tool = tool.with_name(under(path, &name));
    let detail = &mut tool.definition_mut().detail;
    (detail.home, detail.ui, detail.visibility) = (Some(Arc::new(home)), page, visibility);
    tool
}

fn under(path: &[&str], name: &str) -> String {
    path.iter()
        .chain([&name])
        .copied()
        .collect::<Vec<_>>()
        .join("_")
}

fn uri_under(path: &[&str], uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme, rest)) if !path.is_empty() => format!("{scheme}://{}/{rest}", path.join("/")),
        _ => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests;
