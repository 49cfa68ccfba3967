//! The input of the [laws](super::laws): an app, and values that its types alone don't tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::app::TestApp;
use super::client::Client;
use super::sample::{Fill, sample};
use crate::app::App;

/// An app, and the values that its [`laws`](super::laws) call it with.
#[derive(Clone, Debug)]
pub struct Suite {
    app: App,
    profile: Option<Value>,
    arguments: BTreeMap<String, Value>,
    after: BTreeMap<String, After>,
    shared: BTreeSet<String>,
    may_fail: BTreeSet<String>,
    any_schema: BTreeSet<String>,
}

/// A call before that of a tool, whose arguments are made of its data.
#[derive(Clone, Debug)]
struct After {
    tool: String,
    arguments: Value,
    make: fn(&Value) -> Value,
}

impl From<App> for Suite {
    fn from(app: App) -> Self {
        Self::new(app)
    }
}

impl Suite {
    /// Makes a suite for an app whose profiles and arguments are made from their types.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self {
            app,
            profile: None,
            arguments: BTreeMap::new(),
            after: BTreeMap::new(),
            shared: BTreeSet::new(),
            may_fail: BTreeSet::new(),
            any_schema: BTreeSet::new(),
        }
    }

    /// Gives every user this profile, as if it must name a server on this machine.
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

    /// Calls another tool each time before this one, and makes this one's arguments of
    /// its data: a tool that removes needs what it can remove.
    ///
    /// ```
    /// # mod notes { pub fn app() -> mcp_lambda::App { mcp_lambda::App::new("notes") } }
    /// use mcp_lambda::testkit::Suite;
    /// use serde_json::json;
    ///
    /// let suite = Suite::new(notes::app())
    ///     .after("remove_note", "add_note", json!({"text": "milk"}), |added| json!({"id": added["id"]}));
    /// ```
    #[must_use]
    pub fn after(
        mut self,
        tool: impl Into<String>,
        earlier: impl Into<String>,
        arguments: Value,
        make: fn(&Value) -> Value,
    ) -> Self {
        self.after.insert(
            tool.into(),
            After {
                tool: earlier.into(),
                arguments,
                make,
            },
        );
        self
    }

    /// Lets a tool have a schema that some common client may not take.
    #[must_use]
    pub fn any_schema(mut self, tool: impl Into<String>) -> Self {
        self.any_schema.insert(tool.into());
        self
    }

    /// Returns `true` if common clients must accept the schemas of a listed tool.
    #[must_use]
    pub(crate) fn needs_common_schema(&self, tool: &Value) -> bool {
        tool["name"]
            .as_str()
            .is_some_and(|name| !self.any_schema.contains(name))
    }

    /// Lets others change what this read-only tool answers, as where users share a board,
    /// or it tells the time.
    #[must_use]
    pub fn share(mut self, tool: impl Into<String>) -> Self {
        self.shared.insert(tool.into());
        self
    }

    /// Accepts a failure as an answer, as of a tool that looks for what is not there.
    #[must_use]
    pub fn may_fail(mut self, tool: impl Into<String>) -> Self {
        self.may_fail.insert(tool.into());
        self
    }

    /// Returns `true` if a listed tool may answer with a failure.
    #[must_use]
    pub(crate) fn can_fail(&self, tool: &Value) -> bool {
        tool["name"]
            .as_str()
            .is_some_and(|name| self.may_fail.contains(name))
    }

    /// Returns the app.
    #[must_use]
    pub(crate) fn app(&self) -> App {
        self.app.clone()
    }

    /// Builds the app in memory.
    pub(crate) async fn open(&self) -> TestApp {
        TestApp::new(self.app()).await
    }

    /// Returns the body that registers a user.
    #[must_use]
    pub(crate) fn registration(&self, email: &str) -> Value {
        let made = || {
            self.app
                .profile_type()
                .map(|profile| sample(profile.schema(), Fill::Needed))
        };
        match self.profile.clone().or_else(made) {
            Some(profile) => json!({ "email": email, "profile": profile }),
            None => json!({ "email": email }),
        }
    }

    /// Registers a user of the app.
    pub(crate) async fn user<'a>(&self, app: &'a TestApp, email: &str) -> Client<'a> {
        app.user_with(self.registration(email)).await
    }

    /// Returns `true` if a listed tool answers each user from that user's own data.
    #[must_use]
    pub(crate) fn is_own(&self, tool: &Value) -> bool {
        let is_shared = tool["name"]
            .as_str()
            .is_some_and(|name| self.shared.contains(name));
        tool["annotations"]["readOnlyHint"] == true && !is_shared
    }

    /// Returns arguments for a listed tool: the author's, or generated ones.
    #[must_use]
    pub(crate) fn arguments_for(&self, tool: &Value, fill: Fill) -> Value {
        let given = tool["name"]
            .as_str()
            .and_then(|name| self.arguments.get(name));
        given
            .cloned()
            .unwrap_or_else(|| sample(&tool["inputSchema"], fill))
    }

    /// Returns [arguments](Self::arguments_for), after the call that they depend on
    /// ([`after`](Self::after)).
    pub(crate) async fn prepare_arguments(
        &self,
        client: &Client<'_>,
        tool: &Value,
        fill: Fill,
    ) -> Value {
        match tool["name"].as_str().and_then(|name| self.after.get(name)) {
            Some(After {
                tool,
                arguments,
                make,
            }) => make(client.call(tool, arguments.clone()).await.data()),
            None => self.arguments_for(tool, fill),
        }
    }
}
