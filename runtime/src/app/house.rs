//! An app put together: the one place where store, keys, rules and voices meet.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{App, embedded};
use crate::admin::{self, AdminApi, KnownScopes, SafeTool};
use crate::backend::{Backend, Opened};
use crate::config::{Place, Settings};
use crate::error::{Error, Result};
use crate::guard::{Asking, Bounded, Logged, Scoped};
use crate::health::Checkup;
use crate::http::{Front, Router};
use crate::identity::{self, Identity};
use crate::keys::{Given, SigningKeys};
use crate::mcp::{Catalogs, Offers, Seat, Server, Speaker};
use crate::parts::Addressed;
use crate::records::Users;
use crate::seal::Sealer;
use crate::source::{Catalog, Kind, Shared};
use crate::store;

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
    /// Opens the store and the keys and puts the app together.
    ///
    /// # Errors
    /// `Invalid` with every fault of [`check`](Self::check), or for settings this build can't follow; `Unavailable` if
    /// the store or the keys can't be opened.
    pub async fn house(&self, settings: &Settings) -> Result<House> {
        let catalogs = self
            .checked()
            .map_err(|faults| Error::invalid(faults.join("\n")))?;
        self.check_openness(settings, None)?;
        let opened = match &self.opened {
            Some(opened) => opened.clone(),
            None => {
                let (store, keys) =
                    tokio::join!(self.open_store(settings), self.open_keys(settings));
                Opened {
                    store: store?,
                    keys: keys?,
                }
            }
        };
        Ok(self.assemble(opened, catalogs, settings))
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

    async fn open_store(&self, settings: &Settings) -> Result<store::Shared> {
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
    fn aws(&self, setting: &str) -> Result<&Arc<dyn Backend>> {
        let fault = || {
            Error::invalid(format!(
                "{setting}: this app was built without AWS; give it `mcp-lambda-dynamo`'s backend (an app of `mcp-lambda new` has the feature `dynamo`), or unset it"
            ))
        };
        self.backend.as_ref().ok_or_else(fault)
    }

    fn assemble(&self, opened: Opened, catalogs: Catalogs, settings: &Settings) -> House {
        let Opened { store, keys } = opened;
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
        let whereabouts = (store.to_string(), keys.to_string());
        let sealer = Sealer::new(Arc::clone(&keys), self.name(), settings.audience.as_deref());
        let about = self.about_for_operators(&catalogs);
        let checkup = Arc::new(Checkup::new(
            Arc::clone(&store),
            keys,
            Arc::clone(&self.clock),
            about,
        ));
        let admin: Arc<dyn AdminApi> = Arc::new(admin::Local {
            users,
            identity: identity.clone(),
            checkup: Arc::clone(&checkup),
            clock: Arc::clone(&self.clock),
            profile: self.profile.clone(),
            safe_tool: self.safe_tool_told(&catalogs),
            scopes: self.known_scopes(&catalogs),
        });
        let speaker = self.speaker(catalogs, &store, sealer);
        let router = Router {
            identity: identity.clone(),
            admin: Arc::clone(&admin),
            checkup,
            mcp: speaker.endpoint(),
            base_path: settings.public_path(),
            front: front(settings),
            allow_query_token: settings.allow_query_token,
            is_open: self.is_open,
        };
        House {
            router,
            speaker,
            identity,
            admin,
            whereabouts,
        }
    }

    /// Every rule a call passes, innermost first.
    fn stack<K: Kind>(&self, leaf: Shared<K>, sealer: &Sealer) -> Shared<K> {
        let asking = Asking::new(leaf, sealer.clone(), Arc::clone(&self.clock));
        let bounded = Bounded::new(Arc::new(asking), self.timeout);
        let scoped = Scoped::new(Arc::new(bounded));
        Arc::new(Logged::new(Arc::new(scoped)))
    }

    fn speaker(
        &self,
        catalogs: Catalogs,
        store: &store::Shared,
        sealer: Sealer,
    ) -> Arc<dyn Speaker> {
        if let Some(make) = &self.handler {
            return make(Seat::new(self.timeout));
        }
        let seat = Seat::new(self.longest_timeout(&catalogs));
        let offering = Offers::describe(&self.about, &catalogs);
        let definitions = catalogs.tools.definitions().to_vec();
        let tools = Addressed::new(Arc::new(catalogs.tools), &definitions);
        let sources = (
            self.stack(Arc::new(tools), &sealer),
            self.stack(Arc::new(catalogs.prompts), &sealer),
            self.stack(Arc::new(catalogs.resources), &sealer),
        );
        let (store, clock) = (Arc::clone(store), Arc::clone(&self.clock));
        Arc::new(Server::new(
            offering.over(sources, store, clock, sealer, self.page_size),
            seat,
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

fn named<K: Kind>(catalog: &Catalog<K>) -> Vec<String> {
    catalog
        .definitions()
        .iter()
        .flat_map(|definition| definition.scopes.clone())
        .collect()
}

fn longest<K: Kind>(catalog: &Catalog<K>) -> Option<Duration> {
    catalog
        .definitions()
        .iter()
        .filter_map(|definition| definition.timeout)
        .max()
}

fn front(settings: &Settings) -> Front {
    let origins = settings
        .allowed_origins
        .iter()
        .cloned()
        .chain(settings.public_origin());
    Front {
        is_local: settings.place == Place::Local,
        hosts: settings.public_host().into_iter().collect(),
        origins: origins.collect(),
    }
}
