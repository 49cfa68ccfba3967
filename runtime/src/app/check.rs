//! Everything that can be wrong with an app before it runs, told all at once.

use std::collections::BTreeSet;

use serde_json::Value;

use super::App;
use crate::mcp::Catalogs;
use crate::provider::{Catalog, Primitive, Registration};
use crate::tool::Tool;
use crate::toolsets::Members;

impl App {
    /// Checks everything that can be checked without running.
    ///
    /// # Errors
    /// Every fault, each in a sentence.
    pub fn check(&self) -> std::result::Result<(), Vec<String>> {
        self.checked().map(drop)
    }

    /// What is offered, of an app without a fault.
    pub(super) fn checked(&self) -> std::result::Result<Catalogs, Vec<String>> {
        let mut faults = Vec::new();
        let name = self.name();
        let lawful = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(lawful) || name.starts_with('-')
        {
            faults.push(format!(
                "app name `{name}` must be 1 to 40 lower-case letters, digits or `-`"
            ));
        }
        let mut members = self.own.clone().into_members();
        faults.append(&mut members.faults);
        if self.handler.is_some() && !members.is_empty() {
            faults.push(
                "an app offers either tools, prompts and resources or an rmcp handler; give the handler's up or leave it out".to_owned(),
            );
        }
        if self.page_size == 0 {
            faults.push("a page of a list must have one entry or more".to_owned());
        }
        faults.extend(self.disable_in(&mut members));
        faults.extend(self.safe_tool_fault(&members.tools));
        faults.extend(missing_pages(&members));
        faults.extend(self.missing_states(&members));
        let Members {
            tools,
            prompts,
            resources,
            ..
        } = members;
        let catalogs = Catalogs {
            tools: or_faults(Catalog::new(tools), &mut faults),
            prompts: or_faults(Catalog::new(prompts), &mut faults),
            resources: or_faults(Catalog::new(resources), &mut faults),
        };
        if faults.is_empty() {
            Ok(catalogs)
        } else {
            Err(faults)
        }
    }

    /// Takes out what is disabled; says what of it was not there.
    fn disable_in(&self, members: &mut Members) -> Vec<String> {
        let mut absent = self.disabled.clone();
        disable(&mut members.tools, &self.disabled, &mut absent);
        disable(&mut members.prompts, &self.disabled, &mut absent);
        disable(&mut members.resources, &self.disabled, &mut absent);
        absent
            .iter()
            .map(|name| format!("`{name}` is to be disabled and is not there"))
            .collect()
    }

    /// The states that handlers take and that the app does not have.
    fn missing_states(&self, members: &Members) -> BTreeSet<String> {
        let tools = members.tools.iter().flat_map(Registration::required_states);
        let prompts = members
            .prompts
            .iter()
            .flat_map(Registration::required_states);
        let resources = members
            .resources
            .iter()
            .flat_map(Registration::required_states);
        let missing = tools.chain(prompts).chain(resources);
        let missing = missing.filter(|state| !self.states.contains(**state));
        missing.map(|state| state.missing()).collect()
    }

    fn safe_tool_fault(&self, tools: &[Tool]) -> Option<String> {
        let name = self.safe_tool.as_ref()?;
        let Some(tool) = tools.iter().find(|tool| tool.definition().name == *name) else {
            return Some(format!("safe tool `{name}` is not among the tools"));
        };
        if tool.definition().hints.read_only != Some(true) {
            return Some(format!(
                "safe tool `{name}` must be read-only: say so with `#[tool(read_only)]`"
            ));
        }
        let needed = tool
            .definition()
            .input_schema
            .get("required")
            .and_then(Value::as_array);
        let needs_arguments = needed.is_some_and(|needed| !needed.is_empty());
        needs_arguments.then(|| {
            format!(
                "safe tool `{name}` must need no arguments: give each a default, or name another"
            )
        })
    }
}

fn disable<P: Primitive>(
    offers: &mut Vec<Registration<P>>,
    disabled: &BTreeSet<String>,
    absent: &mut BTreeSet<String>,
) {
    offers.retain(|offer| {
        let names = [P::key(offer.definition()), offer.definition().name.as_str()];
        absent.retain(|name| !names.contains(&name.as_str()));
        !names.into_iter().any(|name| disabled.contains(name))
    });
}

/// The pages that tools are shown on and that nobody offers.
fn missing_pages(members: &Members) -> Vec<String> {
    let pages = members
        .resources
        .iter()
        .map(Registration::definition)
        .filter(|resource| resource.ui.is_some());
    let pages: BTreeSet<_> = pages.map(|page| page.uri.as_str()).collect();
    let shown = members
        .tools
        .iter()
        .filter_map(|tool| Some((tool.definition(), tool.definition().ui.as_deref()?)));
    let missing = shown.filter(|(_, page)| !pages.contains(page));
    missing
        .map(|(tool, page)| {
            format!(
                "tool `{}`: its page `{page}` is not among the pages (`UiResource`)",
                tool.name
            )
        })
        .collect()
}

fn or_faults<T: Default>(made: Result<T, Vec<String>>, faults: &mut Vec<String>) -> T {
    made.unwrap_or_else(|more| {
        faults.extend(more);
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::{Hints, Outcome};

    #[test]
    fn all_faults_of_an_app_are_reported_together() {
        let tool = |name: &str| {
            Tool::raw(name, json!({"type": "object"}), |_| async {
                Ok(Outcome::default())
            })
        };
        let app = App::new("My App")
            .tools([tool("one").description("One."), tool("two")])
            .safe_tool("one");
        let faults = app.check().expect_err("three faults");
        assert_eq!(faults.len(), 3, "{faults:?}");
        let needy = json!({"type": "object", "required": ["a"], "properties": {"a": {}}});
        let needy =
            Tool::raw("needy", needy, |_| async { Ok(Outcome::default()) }).description("Needs.");
        let read_only = Hints {
            read_only: Some(true),
            ..Hints::default()
        };
        let faults = App::new("x")
            .tools([needy.hints(read_only)])
            .safe_tool("needy")
            .check()
            .expect_err("one fault");
        assert!(faults[0].contains("must need no arguments"), "{faults:?}");
        let tool = Tool::raw("one", json!({"type": "object"}), |_| async {
            Ok(Outcome::default())
        })
        .description("One.");
        let faults = App::new("x")
            .tools([tool])
            .disable("one")
            .disable("two")
            .safe_tool("one")
            .check();
        let faults = faults.expect_err("two faults");
        assert_eq!(
            faults,
            [
                "`two` is to be disabled and is not there",
                "safe tool `one` is not among the tools"
            ]
        );
        let faults = App::new("x")
            .safe_tool("nowhere")
            .check()
            .expect_err("one fault");
        assert_eq!(faults, ["safe tool `nowhere` is not among the tools"]);
    }
}
