//! The checks of an app before it runs ([`App::check`]), all of whose problems are reported together.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{App, safe_tool};
use crate::http::route_problems;
use crate::prompt::Prompts;
use crate::provider::{
    Catalog, Definition, Facts, Joined, Primitive, Registration, SharedProvider,
};
use crate::resource::Resources;
use crate::tool::Tools;
use crate::toolsets::Members;

/// The providers of an app without a problem, before any rule.
pub(super) struct Providers {
    pub(super) tools: SharedProvider<Tools>,
    pub(super) prompts: SharedProvider<Prompts>,
    pub(super) resources: SharedProvider<Resources>,
}

impl App {
    /// Checks everything that can be checked without running; [`build`](Self::build) does so too.
    ///
    /// # Errors
    /// Every problem, each in a sentence.
    pub fn check(&self) -> Result<(), Vec<String>> {
        self.collect_providers().map(drop)
    }

    /// Collects what the app's code registers and the providers it adds.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub(super) fn collect_providers(&self) -> Result<Providers, Vec<String>> {
        let mut problems: Vec<_> = self.name_problem().into_iter().collect();
        let mut members = self.own.clone().into_members();
        problems.append(&mut members.problems);
        if self.handler.is_some() && !(members.is_empty() && self.providers.is_empty()) {
            problems.push(
                "an app offers either tools, prompts and resources or an rmcp handler; give the handler's up or leave it out".to_owned(),
            );
        }
        if self.page_size == 0 {
            problems.push("a page of a list must have one entry or more".to_owned());
        }
        if self.answer_limit == 0 {
            problems.push("the largest answer must have one byte or more".to_owned());
        }
        problems.extend(self.disable_in(&mut members));
        problems.extend(self.safe_tool_problem(&members.tools));
        problems.extend(self.missing_pages(&members));
        problems.extend(self.missing_states(&members));
        problems.extend(route_problems(&self.routes));
        let added = &self.providers;
        let providers = Providers {
            tools: join(members.tools, &added.tools, &mut problems),
            prompts: join(members.prompts, &added.prompts, &mut problems),
            resources: join(members.resources, &added.resources, &mut problems),
        };
        if problems.is_empty() {
            Ok(providers)
        } else {
            Err(problems)
        }
    }

    fn name_problem(&self) -> Option<String> {
        let name = self.name();
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = !name.is_empty()
            && name.len() <= 40
            && name.bytes().all(is_allowed)
            && !name.starts_with('-');
        (!is_name)
            .then(|| format!("app name `{name}` must be 1 to 40 lower-case letters, digits or `-`"))
    }

    /// Removes what is disabled ([`App::disable`]), and returns a problem for each name that nothing has.
    ///
    /// A provider whose contents change may have any name later: then none is missing.
    fn disable_in(&self, members: &mut Members) -> Vec<String> {
        let mut missing = self.disabled.clone();
        disable(&mut members.tools, &self.disabled, &mut missing);
        disable(&mut members.prompts, &self.disabled, &mut missing);
        disable(&mut members.resources, &self.disabled, &mut missing);
        let added = &self.providers;
        let may_change = find_missing(&added.tools, &mut missing)
            | find_missing(&added.prompts, &mut missing)
            | find_missing(&added.resources, &mut missing);
        let missing = missing.iter().filter(|_| !may_change);
        missing
            .map(|name| format!("`{name}` is to be disabled and is not there"))
            .collect()
    }

    /// Returns a problem for each [`State`](crate::State) that handlers or routes take and that the app does not have.
    fn missing_states(&self, members: &Members) -> BTreeSet<String> {
        let tools = members.tools.iter().flat_map(Registration::state_types);
        let prompts = members.prompts.iter().flat_map(Registration::state_types);
        let resources = members.resources.iter().flat_map(Registration::state_types);
        let missing = tools.chain(prompts).chain(resources);
        let missing = missing.filter(|state| !self.states.contains(**state));
        let missing = missing.map(|state| state.missing());
        let routes = self.routes.iter();
        let of_routes = routes.flat_map(|routes| routes.missing_states(&self.states));
        missing.chain(of_routes).collect()
    }

    fn safe_tool_problem(&self, tools: &[Registration<Tools>]) -> Option<String> {
        let name = self.safe_tool.as_ref()?;
        let facts = facts(&self.providers.tools);
        let own = tools.iter().map(Registration::definition);
        let mut all = own.chain(facts.definitions());
        match all.find(|tool| tool.name == *name) {
            Some(tool) => safe_tool::problem(tool),
            None if facts.may_change() => None,
            None => Some(format!("safe tool `{name}` is not among the tools")),
        }
    }

    /// Returns a problem for each tool whose page is no [`UiResource`](crate::resource::UiResource) of the app's.
    fn missing_pages(&self, members: &Members) -> Vec<String> {
        let facts = facts(&self.providers.resources);
        if facts.may_change() {
            return Vec::new();
        }
        let own = members.resources.iter().map(Registration::definition);
        let resources = own.chain(facts.definitions());
        let pages = resources.filter(|resource| resource.ui.is_some());
        let pages: BTreeSet<_> = pages.map(|page| page.uri.as_str()).collect();
        let tools = members.tools.iter().map(Registration::definition);
        let shown = tools.filter_map(|tool| Some((tool, tool.ui.as_deref()?)));
        let missing = shown.filter(|(_, page)| !pages.contains(page));
        let problem = |(tool, page): (&Arc<Definition<Tools>>, &str)| {
            let name = &tool.name;
            format!("tool `{name}`: its page `{page}` is not among the pages (`UiResource`)")
        };
        missing.map(problem).collect()
    }
}

/// Takes disabled registrations out, and the names that are found out of the missing ones.
fn disable<P: Primitive>(
    registrations: &mut Vec<Registration<P>>,
    disabled: &BTreeSet<String>,
    missing: &mut BTreeSet<String>,
) {
    registrations.retain(|registration| {
        let names = names(registration.definition());
        names.iter().for_each(|name| {
            missing.remove(*name);
        });
        !names.into_iter().any(|name| disabled.contains(name))
    });
}

/// Takes the names that added providers have out of the missing ones, and returns whether they may come to have others.
fn find_missing<P: Primitive>(added: &[SharedProvider<P>], missing: &mut BTreeSet<String>) -> bool {
    let mut may_change = false;
    for facts in added.iter().map(|provider| provider.facts()) {
        for definition in facts.definitions() {
            names(definition).iter().for_each(|name| {
                missing.remove(*name);
            });
        }
        may_change |= facts.may_change();
    }
    may_change
}

fn names<P: Primitive>(definition: &Definition<P>) -> [&str; 2] {
    [P::key(definition), definition.name.as_str()]
}

fn facts<P: Primitive>(added: &[SharedProvider<P>]) -> Facts<P> {
    Joined::from(added.to_vec()).into_shared().facts()
}

/// Joins what the app's code registers, as a [`Catalog`], with the providers it adds.
fn join<P: Primitive>(
    registrations: Vec<Registration<P>>,
    added: &[SharedProvider<P>],
    problems: &mut Vec<String>,
) -> SharedProvider<P> {
    let catalog = Catalog::new(registrations).unwrap_or_else(|wrong| {
        problems.extend(wrong);
        Catalog::default()
    });
    let catalog: SharedProvider<P> = Arc::new(catalog);
    let all: Vec<_> = [catalog].into_iter().chain(added.iter().cloned()).collect();
    let joined = Joined::from(all);
    problems.extend(joined.collisions());
    joined.into_shared()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::{Hints, Outcome, Tool};

    #[test]
    fn all_problems_of_an_app_are_reported_together() {
        let tool = |name: &str| {
            Tool::raw(name, json!({"type": "object"}), |_| async {
                Ok(Outcome::default())
            })
        };
        let app = App::new("My App")
            .tools([tool("one").description("One."), tool("two")])
            .safe_tool("one");
        let problems = app.check().expect_err("three problems");
        assert_eq!(problems.len(), 3, "{problems:?}");
        let needy = json!({"type": "object", "required": ["a"], "properties": {"a": {}}});
        let needy =
            Tool::raw("needy", needy, |_| async { Ok(Outcome::default()) }).description("Needs.");
        let read_only = Hints {
            read_only: Some(true),
            ..Hints::default()
        };
        let problems = App::new("x")
            .tools([needy.hints(read_only)])
            .safe_tool("needy")
            .check()
            .expect_err("one problem");
        assert!(
            problems[0].contains("must need no arguments"),
            "{problems:?}"
        );
        let tool = Tool::raw("one", json!({"type": "object"}), |_| async {
            Ok(Outcome::default())
        })
        .description("One.");
        let problems = App::new("x")
            .tools([tool])
            .disable("one")
            .disable("two")
            .safe_tool("one")
            .check();
        let problems = problems.expect_err("two problems");
        assert_eq!(
            problems,
            [
                "`two` is to be disabled and is not there",
                "safe tool `one` is not among the tools"
            ]
        );
        let problems = App::new("x")
            .safe_tool("nowhere")
            .check()
            .expect_err("one problem");
        assert_eq!(problems, ["safe tool `nowhere` is not among the tools"]);
    }
}
