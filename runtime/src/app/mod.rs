//! An app: what its author declares, and the one place where all parts are put together.
//!
//! Declaring is pure: [`App`] reads no environment and opens nothing until [`App::open`].

mod embedded;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::admin::{self, AdminApi, SafeTool};
use crate::backend::{Backend, Opened};
use crate::clock::{Clock, SystemClock};
use crate::config::{Place, Settings};
use crate::error::{Error, Result};
use crate::guard::{Bounded, Logged, Scoped};
use crate::health::Checkup;
use crate::http::{Front, Router};
use crate::identity::{self, Identity};
use crate::keys::{Given, SigningKeys};
use crate::mcp::{About, Identified, Seat, Server, Speaker};
use crate::profile::ProfileType;
use crate::records::Users;
use crate::store;
use crate::tool::{Catalog, Shared, Tool};

/// How long a call may take if neither the tool nor Lambda says less.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

type MakeSpeaker = Arc<dyn Fn(Seat) -> Arc<dyn Speaker> + Send + Sync>;

/// An MCP server in the making.
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// /// Everything public in here is a tool.
/// #[tools]
/// pub mod tools {
///     use mcp_lambda::prelude::*;
///
///     /// Says hello to the current user.
///     #[tool(read_only)]
///     pub async fn hello(user: CurrentUser) -> String {
///         format!("hello {}", user.email())
///     }
/// }
///
/// let app = App::new("greeter").tools(tools::tools()).safe_tool("hello");
/// assert_eq!(app.check(), Ok(()));
/// ```
#[derive(Clone)]
pub struct App {
    about: About,
    tools: Vec<Tool>,
    handler: Option<MakeSpeaker>,
    profile: Option<ProfileType>,
    safe_tool: Option<String>,
    timeout: Duration,
    backend: Option<Arc<dyn Backend>>,
    opened: Option<Opened>,
    clock: Arc<dyn Clock>,
}

/// An app with its parts put together, ready for any door.
#[derive(Clone, Debug)]
pub struct House {
    /// Answers HTTP.
    pub router: Router,
    /// Speaks MCP to one caller.
    pub speaker: Arc<dyn Speaker>,
    /// Knows users.
    pub identity: Identity,
    /// Does what operators ask.
    pub admin: Arc<dyn AdminApi>,
    /// Where things are kept and signed, for people to read.
    pub whereabouts: (String, String),
}

impl App {
    /// An app without tools. The name is also that of its data folder.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let about = About { name: name.into(), version: "0.0.0".to_owned(), instructions: None };
        Self {
            about,
            tools: Vec::new(),
            handler: None,
            profile: None,
            safe_tool: None,
            timeout: DEFAULT_TIMEOUT,
            backend: None,
            opened: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// The version clients are told; `env!("CARGO_PKG_VERSION")` as a rule.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.about.version = version.into();
        self
    }

    /// What a model should know before it uses the tools.
    #[must_use]
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.about.instructions = Some(text.into());
        self
    }

    /// Offers these tools too.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Offers an existing rmcp server instead of tools: it is given identity, users, admin and every door.
    #[must_use]
    pub fn serve_handler<H: rmcp::ServerHandler + fmt::Debug + Clone>(mut self, handler: H) -> Self {
        self.handler = Some(Arc::new(move |seat| Arc::new(Identified::new(handler.clone(), seat))));
        self
    }

    /// Keeps a profile of this type about each user.
    #[must_use]
    pub fn profile<T: DeserializeOwned + JsonSchema>(mut self) -> Self {
        self.profile = Some(ProfileType::of::<T>());
        self
    }

    /// Names the tool that an operator may call to see whether tools work: read-only, and telling little.
    #[must_use]
    pub fn safe_tool(mut self, name: impl Into<String>) -> Self {
        self.safe_tool = Some(name.into());
        self
    }

    /// How long a call may take, where the tool does not say; 60 seconds if this isn't called.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Opens what `USERS_TABLE` and `SIGNING_KEY_SECRET` name through this backend; what they don't name stays embedded.
    #[must_use]
    pub fn backend(mut self, backend: impl Backend) -> Self {
        self.backend = Some(Arc::new(backend));
        self
    }

    /// Runs on this store and these keys, whatever the settings name, as tests do.
    #[must_use]
    pub fn opened(mut self, opened: Opened) -> Self {
        self.opened = Some(opened);
        self
    }

    /// Reads the time from this clock, as tests do.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The app's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// The version clients are told.
    #[must_use]
    pub fn version_told(&self) -> &str {
        &self.about.version
    }

    /// The profile type the app declares.
    #[must_use]
    pub const fn profile_type(&self) -> Option<&ProfileType> {
        self.profile.as_ref()
    }

    /// Checks everything that can be checked without running.
    ///
    /// # Errors
    /// Every fault, each in a sentence.
    pub fn check(&self) -> std::result::Result<(), Vec<String>> {
        self.checked().map(drop)
    }

    /// The tools in one list, of an app without a fault.
    fn checked(&self) -> std::result::Result<Catalog, Vec<String>> {
        let mut faults = Vec::new();
        let name = self.name();
        let lawful = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(lawful) || name.starts_with('-') {
            faults.push(format!("app name `{name}` must be 1 to 40 lower-case letters, digits or `-`"));
        }
        if self.handler.is_some() && !self.tools.is_empty() {
            faults.push(
                "an app offers either tools or an rmcp handler; give the handler's tools up or leave it out".to_owned(),
            );
        }
        let catalog = Catalog::new(self.tools.iter().cloned()).unwrap_or_else(|more| {
            faults.extend(more);
            Catalog::default()
        });
        faults.extend(self.safe_tool_fault());
        if faults.is_empty() { Ok(catalog) } else { Err(faults) }
    }

    fn safe_tool_fault(&self) -> Option<String> {
        let name = self.safe_tool.as_ref()?;
        let Some(tool) = self.tools.iter().find(|tool| tool.definition().name == *name) else {
            return Some(format!("safe tool `{name}` is not among the tools"));
        };
        if tool.definition().hints.read_only != Some(true) {
            return Some(format!("safe tool `{name}` must be read-only: say so with `#[tool(read_only)]`"));
        }
        let needed = tool.definition().input_schema.get("required").and_then(Value::as_array);
        let needs_arguments = needed.is_some_and(|needed| !needed.is_empty());
        needs_arguments
            .then(|| format!("safe tool `{name}` must need no arguments: give each a default, or name another"))
    }

    /// Opens the store and the keys and puts the app together.
    ///
    /// # Errors
    /// `Invalid` with every fault of [`check`](Self::check), or for settings this build can't follow; `Unavailable` if
    /// the store or the keys can't be opened.
    pub async fn open(&self, settings: &Settings) -> Result<House> {
        let catalog = self.checked().map_err(|faults| Error::invalid(faults.join("\n")))?;
        let opened = match &self.opened {
            Some(opened) => opened.clone(),
            None => {
                let (store, keys) = tokio::join!(self.open_store(settings), self.open_keys(settings));
                Opened { store: store?, keys: keys? }
            }
        };
        Ok(self.assemble(opened, catalog, settings))
    }

    async fn open_store(&self, settings: &Settings) -> Result<store::Shared> {
        match &settings.users_table {
            Some(table) => self.aws("USERS_TABLE")?.store(table, Arc::clone(&self.clock)).await,
            None => embedded::store(settings, Arc::clone(&self.clock)),
        }
    }

    async fn open_keys(&self, settings: &Settings) -> Result<Arc<dyn SigningKeys>> {
        match (&settings.signing_key, &settings.signing_key_secret) {
            (Some(key), _) => Ok(Arc::new(Given::new(key.clone()))),
            (None, Some(secret)) => self.aws("SIGNING_KEY_SECRET")?.keys(secret, Arc::clone(&self.clock)).await,
            (None, None) => embedded::keys(settings),
        }
    }

    /// What is named must be used: a build that can't reach AWS does not serve from somewhere else.
    fn aws(&self, setting: &str) -> Result<&Arc<dyn Backend>> {
        let fault = || {
            Error::invalid(format!(
                "{setting}: this app was built without AWS; give it `mcp-lambda-dynamo`'s backend (an app of `mcp-lambda new` has the feature `dynamo`), or unset it"
            ))
        };
        self.backend.as_ref().ok_or_else(fault)
    }

    fn assemble(&self, opened: Opened, catalog: Catalog, settings: &Settings) -> House {
        let Opened { store, keys } = opened;
        let users = Users::new(Arc::clone(&store));
        let tokens =
            identity::Config { audience: settings.audience.clone(), duration_seconds: settings.duration_seconds };
        let identity = Identity::new(Arc::clone(&keys), users.clone(), Arc::clone(&self.clock), tokens);
        let whereabouts = (store.to_string(), keys.to_string());
        let checkup =
            Arc::new(Checkup::new(Arc::clone(&store), keys, Arc::clone(&self.clock), self.about_for_operators()));
        let admin: Arc<dyn AdminApi> = Arc::new(admin::Local {
            users,
            identity: identity.clone(),
            checkup: Arc::clone(&checkup),
            clock: Arc::clone(&self.clock),
            profile: self.profile.clone(),
            safe_tool: self.safe_tool_told(),
        });
        let speaker = self.speaker(catalog, &store);
        let router = Router {
            identity: identity.clone(),
            admin: Arc::clone(&admin),
            checkup,
            mcp: speaker.endpoint(),
            front: front(settings),
            allow_query_token: settings.allow_query_token,
        };
        House { router, speaker, identity, admin, whereabouts }
    }

    /// Every rule a call passes, innermost first.
    fn stack(&self, catalog: Catalog) -> Shared {
        let definitions = catalog.definitions().to_vec();
        let bounded = Bounded::new(Arc::new(catalog), self.timeout, &definitions);
        let scoped = Scoped::new(Arc::new(bounded));
        Arc::new(Logged::new(Arc::new(scoped)))
    }

    fn speaker(&self, catalog: Catalog, store: &store::Shared) -> Arc<dyn Speaker> {
        let seat = Seat::new(self.timeout);
        match &self.handler {
            Some(make) => make(seat),
            None => Arc::new(Server::new(self.stack(catalog), Arc::clone(store), self.about.clone(), seat)),
        }
    }

    fn safe_tool_told(&self) -> SafeTool {
        let tool =
            self.safe_tool.as_ref().and_then(|name| self.tools.iter().find(|tool| tool.definition().name == *name));
        let told =
            |tool: &Tool| SafeTool::supported(tool.definition().name.clone(), tool.definition().description.clone());
        tool.map_or_else(SafeTool::unsupported, told)
    }

    fn about_for_operators(&self) -> BTreeMap<String, String> {
        let about = [
            ("app", self.about.name.clone()),
            ("version", self.about.version.clone()),
            ("tools", self.tools.len().to_string()),
        ];
        about.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("about", &self.about).field("tools", &self.tools).finish_non_exhaustive()
    }
}

fn front(settings: &Settings) -> Front {
    let origins = settings.allowed_origins.iter().cloned().chain(settings.public_origin());
    Front {
        is_local: settings.place == Place::Local,
        hosts: settings.public_host().into_iter().collect(),
        origins: origins.collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::{Hints, Outcome};

    #[test]
    fn all_faults_of_an_app_are_reported_together() {
        let tool = |name: &str| Tool::raw(name, json!({"type": "object"}), |_| async { Ok(Outcome::default()) });
        let app = App::new("My App").tools([tool("one").description("One."), tool("two")]).safe_tool("one");
        let faults = app.check().expect_err("three faults");
        assert_eq!(faults.len(), 3, "{faults:?}");
        let needy = json!({"type": "object", "required": ["a"], "properties": {"a": {}}});
        let needy = Tool::raw("needy", needy, |_| async { Ok(Outcome::default()) }).description("Needs.");
        let read_only = Hints { read_only: Some(true), ..Hints::default() };
        let faults = App::new("x").tools([needy.hints(read_only)]).safe_tool("needy").check().expect_err("one fault");
        assert!(faults[0].contains("must need no arguments"), "{faults:?}");
        let faults = App::new("x").safe_tool("nowhere").check().expect_err("one fault");
        assert_eq!(faults, ["safe tool `nowhere` is not among the tools"]);
    }
}
