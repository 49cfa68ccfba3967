//! An app: what its author declares, and the one place where all parts are put together.
//!
//! Declaring is pure: [`App`] reads no environment and opens nothing until [`App::build`].

mod build;
mod check;
mod embedded;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use build::Server;

use crate::backend::{Backend, BackendOpener};
use crate::call::States;
use crate::clock::{Clock, SystemClock};
use crate::mcp::{AppInfo, ForeignHandler, Session, Transports};
use crate::profile::ProfileType;
use crate::prompt::Prompt;
use crate::resource::Resource;
use crate::tool::Tool;
use crate::toolsets::Toolset;

/// How long a call may take if neither the tool nor Lambda says less.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// How many entries a page of a list has, if the app does not say.
const DEFAULT_PAGE_SIZE: usize = 200;

type MakeTransports = Arc<dyn Fn(Session) -> Arc<dyn Transports> + Send + Sync>;

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
    about: AppInfo,
    own: Toolset,
    disabled: BTreeSet<String>,
    is_open: bool,
    page_size: usize,
    handler: Option<MakeTransports>,
    profile: Option<ProfileType>,
    safe_tool: Option<String>,
    timeout: Duration,
    backend: Option<Arc<dyn BackendOpener>>,
    backend_open: Option<Backend>,
    clock: Arc<dyn Clock>,
    states: States,
}

impl App {
    /// An app without tools. The name is also that of its data folder.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let about = AppInfo {
            name: name.into(),
            version: "0.0.0".to_owned(),
            ..AppInfo::default()
        };
        Self {
            own: Toolset::new(about.name.clone()),
            about,
            disabled: BTreeSet::new(),
            is_open: false,
            page_size: DEFAULT_PAGE_SIZE,
            handler: None,
            profile: None,
            safe_tool: None,
            timeout: DEFAULT_TIMEOUT,
            backend: None,
            backend_open: None,
            clock: Arc::new(SystemClock),
            states: States::default(),
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
        self.own = self.own.tools(tools);
        self
    }

    /// Offers these prompts too.
    #[must_use]
    pub fn prompts(mut self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        self.own = self.own.prompts(prompts);
        self
    }

    /// Offers these resources too, or pages.
    #[must_use]
    pub fn resources<R: Into<Resource>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.own = self.own.resources(resources);
        self
    }

    /// Offers what a part offers, under the same names.
    #[must_use]
    pub fn mount(mut self, part: Toolset) -> Self {
        self.own = self.own.mount(part);
        self
    }

    /// Offers what a part offers, with this before each name: `sales_save`, `ui://sales/contacts`.
    #[must_use]
    pub fn mount_as(mut self, name: impl Into<String>, part: Toolset) -> Self {
        self.own = self.own.mount_as(name, part);
        self
    }

    /// Leaves something out, by the name or the URI under which it would be listed: by no way in is it there.
    #[must_use]
    pub fn disable(mut self, name: impl Into<String>) -> Self {
        self.disabled.insert(name.into());
        self
    }

    /// How many entries a page of a list has; 200 if this isn't called.
    #[must_use]
    pub const fn page_size(mut self, entries: usize) -> Self {
        self.page_size = entries;
        self
    }

    /// Accepts subscriptions to resources, for an app whose resources never change while it runs: no update is ever sent.
    ///
    /// Revisions before 2026-07-28 have `resources/subscribe`, which MCP's conformance suite calls. Without this
    /// line no subscriptions are offered, and the method is answered with -32601.
    #[must_use]
    pub const fn accept_subscriptions(mut self) -> Self {
        self.about.accepts_subscriptions = true;
        self
    }

    /// Lets anyone in, as nobody: calls without a token are made by `anonymous`, who owns nothing.
    ///
    /// An open app serves this machine alone, and under Lambda only where the setting `ALLOW_ANONYMOUS=true` stands beside
    /// this line. `app_suite!` (feature `testkit`) fails on it.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Offers an existing rmcp server instead of tools: it is given identity, users, admin and every door.
    #[must_use]
    pub fn serve_handler<H: rmcp::ServerHandler + fmt::Debug + Clone>(
        mut self,
        handler: H,
    ) -> Self {
        self.handler = Some(Arc::new(move |session| {
            Arc::new(ForeignHandler::new(handler.clone(), session))
        }));
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
    pub fn backend(mut self, backend: impl BackendOpener) -> Self {
        self.backend = Some(Arc::new(backend));
        self
    }

    /// Runs on this store and these keys, whatever the settings name, as tests do.
    #[must_use]
    pub fn open_backend(mut self, backend_open: Backend) -> Self {
        self.backend_open = Some(backend_open);
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

    /// Whether anyone is let in.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// The profile type the app declares.
    #[must_use]
    pub const fn profile_type(&self) -> Option<&ProfileType> {
        self.profile.as_ref()
    }

    /// Shares a value with every handler that takes [`State<T>`](crate::State): an SDK client, a pool, a configuration.
    ///
    /// There is one of each type; a later one takes an earlier one's place. Each call gets a clone, so a value that is
    /// large or must be one and the same goes into an [`Arc`].
    #[must_use]
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("about", &self.about)
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}
