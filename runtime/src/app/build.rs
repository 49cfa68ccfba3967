//! An app put together: the one place where store, keys, rules and voices meet.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{App, embedded};
use crate::admin::{self, AdminApi, KnownScopes, SafeTool};
use crate::backend::{Backend, BackendOpener};
use crate::config::{Place, Settings};
use crate::error::{Error, Result};
use crate::health::HealthCheck;
use crate::http::{OriginPolicy, Router};
use crate::identity::{self, Identity};
use crate::keys::{Given, SigningKeys};
use crate::mcp::{Catalogs, Handler, ServerState, Session, Transports};
use crate::middleware::{Asking, Bounded, Logged, Scoped};
use crate::provider::{Catalog, Primitive, SharedProvider};
use crate::records::Users;
use crate::seal::Sealer;
use crate::store;
use crate::toolsets::PageAddresses;

/// An app with its parts put together, ready for any door.
#[derive(Clone, Debug)]
pub struct Server {
    /// Answers HTTP.
    pub router: Router,
    /// Speaks MCP to one caller.
    pub transports: Arc<dyn Transports>,
    /// Knows users.
    pub identity: Identity,
    /// Does what operators ask.
    pub admin: Arc<dyn AdminApi>,
    /// Where things are kept and signed, for people to read.
    pub description: (String, String),
}

impl App {
    /// Opens the store and the keys and puts the app together.
    ///
    /// # Errors
    /// `Invalid` with every fault of [`check`](Self::check), or for settings this build can't follow; `Unavailable` if
    /// the store or the keys can't be opened.
    pub async fn build(&self, settings: &Settings) -> Result<Server> {
        let catalogs = self
            .checked()
            .map_err(|faults| Error::invalid(faults.join("\n")))?;
        self.check_openness(settings, None)?;
        let backend_open = match &self.backend_open {
            Some(backend_open) => backend_open.clone(),
            None => {
                let (store, keys) =
                    tokio::join!(self.open_store(settings), self.open_keys(settings));
                Backend {
                    store: store?,
                    keys: keys?,
                }
            }
        };
        Ok(self.assemble(backend_open, catalogs, settings))
    }

    /// Code alone opens nothing to the world: not under Lambda, and not on an address that others reach.
    pub(crate) fn check_openness(
        &self,
        settings: &Settings,
        address: Option<IpAddr>,
    ) -> Result<()> {
        if let Some(address) = address.filter(|address| self.is_open && !address.is_loopback()) {
            return Err(Error::invalid(format!(
                "this app is open to anyone (`App::open`), and {address} can be reached from elsewhere; serve it on 127.0.0.1, or take the line out"
            )));
        }
        if self.is_open && settings.place == Place::Lambda && !settings.allow_anonymous {
            return Err(Error::invalid(
                "ALLOW_ANONYMOUS: this app is open to anyone (`App::open`); set it to `true` if that is meant, or take the line out",
            ));
        }
        Ok(())
    }

    async fn open_store(&self, settings: &Settings) -> Result<store::SharedStore> {
        match &settings.users_table {
            Some(table) => {
                self.aws("USERS_TABLE")?
                    .store(table, Arc::clone(&self.clock))
                    .await
            }
            None => embedded::store(settings, Arc::clone(&self.clock)),
        }
    }

    async fn open_keys(&self, settings: &Settings) -> Result<Arc<dyn SigningKeys>> {
        match (&settings.signing_key, &settings.signing_key_secret) {
            (Some(key), _) => Ok(Arc::new(Given::new(key.clone()))),
            (None, Some(secret)) => {
                self.aws("SIGNING_KEY_SECRET")?
                    .keys(secret, Arc::clone(&self.clock))
                    .await
            }
            (None, None) => embedded::keys(settings),
        }
    }

    /// What is named must be used: a build that can't reach AWS does not serve from somewhere else.
    fn aws(&self, setting: &str) -> Result<&Arc<dyn BackendOpener>> {
        let fault = || {
            Error::invalid(format!(
                "{setting}: this app was built without AWS; give it `mcp-lambda-dynamo`'s backend (an app of `mcp-lambda new` has the feature `dynamo`), or unset it"
            ))
        };
        self.backend.as_ref().ok_or_else(fault)
    }

    fn assemble(&self, backend_open: Backend, catalogs: Catalogs, settings: &Settings) -> Server {
        let Backend { store, keys } = backend_open;
        let users = Users::new(Arc::clone(&store));
        let tokens = identity::Config {
            audience: settings.audience.clone(),
            duration_seconds: settings.duration_seconds,
        };
        let identity = Identity::new(
            Arc::clone(&keys),
            users.clone(),
            Arc::clone(&self.clock),
            tokens,
        );
        let description = (store.to_string(), keys.to_string());
        let sealer = Sealer::new(Arc::clone(&keys), self.name(), settings.audience.as_deref());
        let about = self.about_for_operators(&catalogs);
        let health_check = Arc::new(HealthCheck::new(
            Arc::clone(&store),
            keys,
            Arc::clone(&self.clock),
            about,
        ));
        let admin: Arc<dyn AdminApi> = Arc::new(admin::Local {
            users,
            identity: identity.clone(),
            health_check: Arc::clone(&health_check),
            clock: Arc::clone(&self.clock),
            profile: self.profile.clone(),
            safe_tool: self.safe_tool_told(&catalogs),
            scopes: self.known_scopes(&catalogs),
        });
        let transports = self.transports(catalogs, &store, sealer);
        let router = Router {
            identity: identity.clone(),
            admin: Arc::clone(&admin),
            health_check,
            mcp: transports.endpoint(),
            base_path: settings.public_path(),
            origin_policy: origin_policy(settings),
            allow_query_token: settings.allow_query_token,
            is_open: self.is_open,
        };
        Server {
            router,
            transports,
            identity,
            admin,
            description,
        }
    }

    /// Every rule a call passes, innermost first.
    fn stack<P: Primitive>(&self, leaf: SharedProvider<P>, sealer: &Sealer) -> SharedProvider<P> {
        let asking = Asking::new(leaf, sealer.clone(), Arc::clone(&self.clock));
        let bounded = Bounded::new(Arc::new(asking), self.timeout);
        let scoped = Scoped::new(Arc::new(bounded));
        Arc::new(Logged::new(Arc::new(scoped)))
    }

    fn transports(
        &self,
        catalogs: Catalogs,
        store: &store::SharedStore,
        sealer: Sealer,
    ) -> Arc<dyn Transports> {
        if let Some(make) = &self.handler {
            return make(Session::new(self.timeout));
        }
        let session = Session::new(self.longest_timeout(&catalogs));
        let info = ServerState::describe(&self.about, &catalogs);
        let definitions = catalogs.tools.definitions().to_vec();
        let tools = PageAddresses::new(Arc::new(catalogs.tools), &definitions);
        let sources = (
            self.stack(Arc::new(tools), &sealer),
            self.stack(Arc::new(catalogs.prompts), &sealer),
            self.stack(Arc::new(catalogs.resources), &sealer),
        );
        let (store, clock) = (Arc::clone(store), Arc::clone(&self.clock));
        Arc::new(Handler::new(
            info.over(sources, store, clock, sealer, self.page_size)
                .with_states(self.states.clone()),
            session,
        ))
    }

    /// What a call may take at most; `Bounded` holds each to its own.
    fn longest_timeout(&self, catalogs: &Catalogs) -> Duration {
        let Catalogs {
            tools,
            prompts,
            resources,
        } = catalogs;
        let said = [longest(tools), longest(prompts), longest(resources)];
        said.into_iter().flatten().fold(self.timeout, Duration::max)
    }

    fn safe_tool_told(&self, catalogs: &Catalogs) -> SafeTool {
        let name = self.safe_tool.as_deref();
        let tool = catalogs
            .tools
            .definitions()
            .iter()
            .find(|tool| Some(tool.name.as_str()) == name);
        tool.map_or_else(SafeTool::unsupported, |tool| {
            SafeTool::supported(tool.name.clone(), tool.description.clone())
        })
    }

    fn known_scopes(&self, catalogs: &Catalogs) -> KnownScopes {
        if self.handler.is_some() {
            return KnownScopes::Any;
        }
        let named = [
            named(&catalogs.tools),
            named(&catalogs.prompts),
            named(&catalogs.resources),
        ];
        KnownScopes::Named(named.into_iter().flatten().collect())
    }

    fn about_for_operators(&self, catalogs: &Catalogs) -> BTreeMap<String, String> {
        let about = [
            ("app", self.about.name.clone()),
            ("version", self.about.version.clone()),
            ("tools", catalogs.tools.definitions().len().to_string()),
        ];
        about.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

fn named<P: Primitive>(catalog: &Catalog<P>) -> Vec<String> {
    catalog
        .definitions()
        .iter()
        .flat_map(|definition| definition.scopes.clone())
        .collect()
}

fn longest<P: Primitive>(catalog: &Catalog<P>) -> Option<Duration> {
    catalog
        .definitions()
        .iter()
        .filter_map(|definition| definition.timeout)
        .max()
}

fn origin_policy(settings: &Settings) -> OriginPolicy {
    let origins = settings
        .allowed_origins
        .iter()
        .cloned()
        .chain(settings.public_origin());
    OriginPolicy {
        is_local: settings.place == Place::Local,
        hosts: settings.public_host().into_iter().collect(),
        origins: origins.collect(),
    }
}
