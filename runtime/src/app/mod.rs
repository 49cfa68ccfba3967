//! The [`App`] builder, and the one place where all parts are put together.
//!
//! Declaring is pure: [`App`] reads no environment and opens nothing until [`App::build`].

mod build;
mod check;
mod embedded;
mod rules;
mod safe_tool;
mod server;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use server::Server;

use crate::backend::{Backend, KeyOpener, StoreOpener};
use crate::call::States;
use crate::clock::{Clock, SystemClock};
use crate::http::{MountedRoutes, Routes};
use crate::identity::Verifier;
use crate::mcp::{AppInfo, ForeignHandler, ForeignRules, Session, Transports};
use crate::middleware::{Middleware, SharedMiddleware};
use crate::profile::ProfileType;
use crate::prompt::Prompt;
use crate::provider::{Primitive, Provider};
use crate::registry::AddedProviders;
use crate::resource::Resource;
use crate::tool::Tool;
use crate::toolsets::Toolset;

/// The timeout of a call if neither the definition nor Lambda sets a shorter one ([`App::timeout`]).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The size of the largest answer, in bytes, if the app sets none ([`App::answer_limit`]): it fits Lambda's response of 6 MB
/// with room for JSON's escapes (AWS Lambda, quotas).
const DEFAULT_ANSWER_LIMIT: usize = 4_000_000;

/// The number of entries on a page of a list, if the app sets none ([`App::page_size`]).
const DEFAULT_PAGE_SIZE: usize = 200;

/// A maker of the MCP server of a foreign handler ([`App::serve_handler`]).
type MakeTransports = Arc<dyn Fn(Session, ForeignRules) -> Arc<dyn Transports> + Send + Sync>;

/// The builder of an MCP server. It is a plain value: nothing is read or opened before [`App::build`].
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
    allows_anonymous: bool,
    page_size: usize,
    answer_limit: usize,
    handler: Option<MakeTransports>,
    profile: Option<ProfileType>,
    safe_tool: Option<String>,
    timeout: Duration,
    store_opener: Option<Arc<dyn StoreOpener>>,
    key_opener: Option<Arc<dyn KeyOpener>>,
    opened_backend: Option<Backend>,
    clock: Arc<dyn Clock>,
    states: States,
    layers: Vec<SharedMiddleware>,
    providers: AddedProviders,
    verifiers: Vec<Arc<dyn Verifier>>,
    routes: Vec<MountedRoutes>,
}

impl App {
    /// Makes an app without tools. The name is also that of its data folder.
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
            allows_anonymous: false,
            page_size: DEFAULT_PAGE_SIZE,
            answer_limit: DEFAULT_ANSWER_LIMIT,
            handler: None,
            profile: None,
            safe_tool: None,
            timeout: DEFAULT_TIMEOUT,
            store_opener: None,
            key_opener: None,
            opened_backend: None,
            clock: Arc::new(SystemClock),
            states: States::default(),
            layers: Vec::new(),
            providers: AddedProviders::default(),
            verifiers: Vec::new(),
            routes: Vec::new(),
        }
    }

    /// Sets the version that clients see; `env!("CARGO_PKG_VERSION")` as a rule.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.about.version = version.into();
        self
    }

    /// Sets the text that a model should read before it uses the tools (MCP, lifecycle, `instructions`).
    #[must_use]
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.about.instructions = Some(text.into());
        self
    }

    /// Registers [`Tool`]s, as the functions that [`#[tools]`](macro@crate::tools) generates return them.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.own = self.own.tools(tools);
        self
    }

    /// Registers [`Prompt`]s.
    #[must_use]
    pub fn prompts(mut self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        self.own = self.own.prompts(prompts);
        self
    }

    /// Registers resources, resource templates or pages ([`UiResource`](crate::resource::UiResource)).
    #[must_use]
    pub fn resources<R: Into<Resource>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.own = self.own.resources(resources);
        self
    }

    /// Mounts a [`Toolset`]: its tools, prompts, resources and pages under the same names.
    #[must_use]
    pub fn mount(mut self, toolset: Toolset) -> Self {
        self.own = self.own.mount(toolset);
        self
    }

    /// Mounts a [`Toolset`] with a prefix before each name: `sales_save`, `ui://sales/contacts`.
    #[must_use]
    pub fn mount_as(mut self, name: impl Into<String>, toolset: Toolset) -> Self {
        self.own = self.own.mount_as(name, toolset);
        self
    }

    /// Hides a name or URI from every protocol, even if a [`provider`](Self::provider) adds it later.
    #[must_use]
    pub fn disable(mut self, name: impl Into<String>) -> Self {
        self.disabled.insert(name.into());
        self
    }

    /// Sets the number of entries on a page of a list (MCP, pagination); 200 by default.
    /// Some clients read the first page alone: Gemini CLI, claude.ai, google-adk, mcp-use and `FastMCP` 2.
    #[must_use]
    pub const fn page_size(mut self, entries: usize) -> Self {
        self.page_size = entries;
        self
    }

    /// Sets the size of the largest answer, in bytes; 4,000,000 by default. A larger one is an error that the model reads.
    ///
    /// Lambda sends at most 6 MB, or 200 MB where `RESPONSE_MODE=stream` ([quotas]). A client with a small context is
    /// better served with less.
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    /// use serde_json::json;
    ///
    /// let tool = Tool::raw("flood", json!({"type": "object"}), |_| async { Ok(Outcome::text("x".repeat(2_000))) });
    /// let app = App::new("floods").tools([tool.description("Says much.")]).answer_limit(1_000);
    /// block_on(async {
    ///     let app = TestApp::new(app).await;
    ///     let answer = app.user("alice@example.com").await.call("flood", json!({})).await;
    ///     assert!(answer.tool_text().contains("at most 1000 can be sent"));
    /// });
    /// ```
    ///
    /// [quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    #[must_use]
    pub const fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
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

    /// Lets anyone call, without a token too: such calls are those of `anonymous`, who owns nothing.
    ///
    /// An open app serves this machine alone, and under Lambda only where the setting `ALLOW_ANONYMOUS=true` is beside
    /// this line. `app_suite!` (feature `testkit`) fails on it.
    #[must_use]
    pub const fn allow_anonymous(mut self) -> Self {
        self.allows_anonymous = true;
        self
    }

    /// Serves an existing rmcp server instead of tools, with users, tokens, the admin API and every entry point.
    ///
    /// Its methods pass the same rules as an app's own tools, the app's own [`layer`](Self::layer)s included.
    #[must_use]
    pub fn serve_handler<H: rmcp::ServerHandler + fmt::Debug + Clone>(
        mut self,
        handler: H,
    ) -> Self {
        self.handler = Some(Arc::new(move |session, rules| {
            Arc::new(ForeignHandler::new(handler.clone(), session, rules))
        }));
        self
    }

    /// Declares the type of the profile that each user has; handlers take it as [`Profile<T>`](crate::Profile).
    #[must_use]
    pub fn profile<T: DeserializeOwned + JsonSchema>(mut self) -> Self {
        self.profile = Some(ProfileType::of::<T>());
        self
    }

    /// Names the [`Tool`] that an operator may call to see that tools work: one that is read-only and reveals little.
    #[must_use]
    pub fn safe_tool(mut self, name: impl Into<String>) -> Self {
        self.safe_tool = Some(name.into());
        self
    }

    /// Sets the timeout of calls whose definition sets none; 60 seconds by default.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the backend that opens what `USERS_TABLE` and `SIGNING_KEY_SECRET` name; what they don't name stays embedded.
    #[must_use]
    pub fn backend(mut self, backend: impl StoreOpener + KeyOpener) -> Self {
        let backend = Arc::new(backend);
        self.store_opener = Some(Arc::<_>::clone(&backend) as Arc<dyn StoreOpener>);
        self.key_opener = Some(backend);
        self
    }

    /// Sets the [`StoreOpener`] that opens what `USERS_TABLE` names, in place of the [`backend`](Self::backend)'s: a
    /// database of your own beside keys in AWS Secrets Manager.
    #[must_use]
    pub fn store_opener(mut self, opener: impl StoreOpener) -> Self {
        self.store_opener = Some(Arc::new(opener));
        self
    }

    /// Sets the [`KeyOpener`] that opens what `SIGNING_KEY_SECRET` names, in place of the [`backend`](Self::backend)'s.
    #[must_use]
    pub fn key_opener(mut self, opener: impl KeyOpener) -> Self {
        self.key_opener = Some(Arc::new(opener));
        self
    }

    /// Sets an open [`Backend`], used whatever the settings name, as tests do.
    #[must_use]
    pub fn use_backend(mut self, opened_backend: Backend) -> Self {
        self.opened_backend = Some(opened_backend);
        self
    }

    /// Sets the [`Clock`] that the time is read from, as tests do.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Returns the app's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// Returns the version that clients see.
    #[cfg(feature = "local")]
    #[must_use]
    pub(crate) fn app_version(&self) -> &str {
        &self.about.version
    }

    /// Returns whether the app is open to anyone.
    #[must_use]
    pub const fn allows_anonymous(&self) -> bool {
        self.allows_anonymous
    }

    /// Returns the [`ProfileType`] that the app declares.
    #[must_use]
    #[doc(hidden)] // For the admin CLI.
    pub const fn profile_type(&self) -> Option<&ProfileType> {
        self.profile.as_ref()
    }

    /// Adds a rule around everything that the app lists, resolves and calls, inside those that were added before.
    ///
    /// ```
    /// use mcp_lambda::call::Call;
    /// use mcp_lambda::middleware::{Next, from_fn};
    /// use mcp_lambda::prelude::*;
    ///
    /// let closed = from_fn(async |call: Call, next: Next| match call.caller().email() {
    ///     Some(email) if email.as_str().ends_with("@example.com") => next.run(call).await,
    ///     _ => Err(Error::forbidden("only for users of example.com")),
    /// });
    /// assert_eq!(App::new("notes").layer(closed).check(), Ok(()));
    /// ```
    #[must_use]
    pub fn layer(mut self, layer: impl Middleware) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Adds a provider behind what the app's code registers; `P` is [`Tools`](crate::tool::Tools),
    /// [`Prompts`](crate::prompt::Prompts) or [`Resources`](crate::resource::Resources).
    ///
    /// Its contents may change while the server runs. [`check`](Self::check) reports a name that two providers always
    /// have; of other duplicates the provider that was added first is called.
    #[must_use]
    pub fn provider<P: Primitive>(mut self, provider: impl Provider<P>) -> Self {
        self.providers.add(provider);
        self
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

    /// Accepts the credentials that this [`Verifier`] recognises, beside the server's own tokens and after them.
    #[must_use]
    pub fn verifier(mut self, verifier: impl Verifier) -> Self {
        self.verifiers.push(Arc::new(verifier));
        self
    }

    /// Serves these routes below a prefix such as `/status`.
    ///
    /// A prefix that collides with `/mcp`, `/admin`, `/health` or another one is a problem that [`check`](Self::check)
    /// reports.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an app owns its extensions")]
    pub fn routes(mut self, prefix: impl Into<String>, routes: impl Routes) -> Self {
        self.routes.push(MountedRoutes::new(prefix, &routes));
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
