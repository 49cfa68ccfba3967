//! What the laws are run over: an app, and what its types alone don't say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::app::TestApp;
use super::client::Client;
use super::sample::{Fill, sample};
use crate::app::App;

/// An app, and what its laws call it with.
#[derive(Clone, Debug)]
pub struct Suite {
    app: App,
    profile: Option<Value>,
    arguments: BTreeMap<String, Value>,
    shared: BTreeSet<String>,
    may_fail: BTreeSet<String>,
}

impl From<App> for Suite {
    fn from(app: App) -> Self {
        Self::new(app)
    }
}

impl Suite {
    /// An app whose profiles and arguments are made from their types.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self { app, profile: None, arguments: BTreeMap::new(), shared: BTreeSet::new(), may_fail: BTreeSet::new() }
    }

    /// Gives every user this profile, as where it must lead to a server on this machine.
    #[must_use]
    pub fn profile(mut self, profile: Value) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Calls a tool with these arguments.
    #[must_use]
    pub fn arguments(mut self, tool: impl Into<String>, arguments: Value) -> Self {
        self.arguments.insert(tool.into(), arguments);
        self
    }

    /// Lets others change what this read-only tool answers, as where users share a board, or it tells the time.
    #[must_use]
    pub fn shared(mut self, tool: impl Into<String>) -> Self {
        self.shared.insert(tool.into());
        self
    }

    /// Takes a failure in words for an answer, as of a tool that looks for what is not there.
    #[must_use]
    pub fn may_fail(mut self, tool: impl Into<String>) -> Self {
        self.may_fail.insert(tool.into());
        self
    }

    /// Whether a listed tool may answer with a failure.
    #[must_use]
    pub fn can_fail(&self, tool: &Value) -> bool {
        tool["name"].as_str().is_some_and(|name| self.may_fail.contains(name))
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> App {
        self.app.clone()
    }

    /// The app in memory.
    pub async fn open(&self) -> TestApp {
        TestApp::new(self.app()).await
    }

    /// The body that registers a user.
    #[must_use]
    pub fn registration(&self, email: &str) -> Value {
        let made = || self.app.profile_type().map(|profile| sample(profile.schema(), Fill::Needed));
        match self.profile.clone().or_else(made) {
            Some(profile) => json!({ "email": email, "profile": profile }),
            None => json!({ "email": email }),
        }
    }

    /// A user of the app.
    pub async fn user<'a>(&self, app: &'a TestApp, email: &str) -> Client<'a> {
        app.user_with(self.registration(email)).await
    }

    /// Whether a listed tool answers each user from what is that user's own.
    #[must_use]
    pub fn is_own(&self, tool: &Value) -> bool {
        let is_shared = tool["name"].as_str().is_some_and(|name| self.shared.contains(name));
        tool["annotations"]["readOnlyHint"] == true && !is_shared
    }

    /// What to call a listed tool with: the author's arguments, or made ones.
    #[must_use]
    pub fn arguments_for(&self, tool: &Value, fill: Fill) -> Value {
        let given = tool["name"].as_str().and_then(|name| self.arguments.get(name));
        given.cloned().unwrap_or_else(|| sample(&tool["inputSchema"], fill))
    }
}
