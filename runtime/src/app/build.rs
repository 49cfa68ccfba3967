//! The one place where store, keys, rules and protocols meet: an app is put together as a [`Server`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::check::Providers;
use super::safe_tool::NamedSafeTool;
#[cfg(feature = "local")]
use super::server::Description;
use super::server::Server;
use super::{App, embedded};
use crate::admin::{self, AdminApi, KnownScopes};
use crate::backend::Backend;
use crate::config::{Platform, Settings};
use crate::error::{Error, Result};
use crate::health::HealthCheck;
use crate::http::{OriginPolicy, RouteServices, Router};
use crate::identity::{Identity, Issuer, OwnTokens, TokenConfig};
use crate::keys::{FixedKey, SigningKeys};
use crate::mcp::{ForeignRules, Handler, ServerState, Session, Transports};
use crate::middleware::{Layered, SharedMiddleware};
use crate::provider::{Pager, Primitive, SharedProvider};
use crate::records::Users;
use crate::registry::Registry;
use crate::seal::Sealer;
use crate::store;

/// The longest timeout of calls where a provider does not state one: that of a Lambda function (AWS Lambda, quotas).
const MAX_TIMEOUT: Duration = Duration::from_secs(900);

impl App {
    /// Opens the store and the keys and puts the app together.
    ///
    /// # Errors
    /// `Invalid` with every problem of [`check`](Self::check), or for settings this build can't follow; `Unavailable` if
    /// the store or the keys can't be opened.
    pub async fn build(&self, settings: &Settings) -> Result<Server> {
        let providers = self
            .collect_providers()
            .map_err(|problems| Error::invalid(problems.join("\n")))?;
        self.check_openness(settings, None)?;
        let opened_backend = match &self.opened_backend {
            Some(opened_backend) => opened_backend.clone(),
            None => {
                let (store, keys) =
                    tokio::join!(self.open_store(settings), self.open_keys(settings));
                Backend {
                    store: store?,
                    keys: keys?,
                }
            }
        };
        Ok(self.assemble(opened_backend, providers, settings))
    }

    /// Refuses an open app ([`App::allow_anonymous`]) where others reach it: under Lambda by code alone, and on an address beyond
    /// this machine.
    pub(crate) fn check_openness(
        &self,
        settings: &Settings,
        address: Option<IpAddr>,
    ) -> Result<()> {
        if let Some(address) =
            address.filter(|address| self.allows_anonymous && !address.is_loopback())
        {
            return Err(Error::invalid(format!(
                "this app is open to anyone (`App::allow_anonymous`), and {address} can be reached from elsewhere; serve it on 127.0.0.1, or take the line out"
            )));
        }
        if self.allows_anonymous
            && settings.platform == Platform::Lambda
            && !settings.allow_anonymous
        {
            return Err(Error::invalid(
                "ALLOW_ANONYMOUS: this app is open to anyone (`App::allow_anonymous`); set it to `true` if that is meant, or take the line out",
            ));
        }
        Ok(())
    }

    async fn open_store(&self, settings: &Settings) -> Result<store::SharedStore> {
        match &settings.users_table {
            Some(table) => {
                let opener = self.store_opener.as_ref();
                let opener = opener.ok_or_else(|| report_no_opener("USERS_TABLE"))?;
                opener.open_store(table, Arc::clone(&self.clock)).await
            }
            None => embedded::store(settings, Arc::clone(&self.clock)),
        }
    }

    async fn open_keys(&self, settings: &Settings) -> Result<Arc<dyn SigningKeys>> {
        match (&settings.signing_key, &settings.signing_key_secret) {
            (Some(key), _) => Ok(Arc::new(FixedKey::new(key.clone()))),
            (None, Some(secret)) => {
                let opener = self.key_opener.as_ref();
                let opener = opener.ok_or_else(|| report_no_opener("SIGNING_KEY_SECRET"))?;
                opener.open_keys(secret, Arc::clone(&self.clock)).await
            }
            (None, None) => embedded::keys(settings),
        }
    }

    fn assemble(&self, backend: Backend, providers: Providers, settings: &Settings) -> Server {
        let scopes = self.collect_scopes(&providers);
        let health_check = Arc::new(self.health_check(&backend, &providers));
        let registry = Arc::new(self.registry(&backend, providers, settings));
        let identity = self.identity(&backend, settings);
        let issuer = self.issuer(&backend, settings);
        #[cfg(feature = "local")]
        let description = Description {
            store: backend.store.to_string(),
            keys: backend.keys.to_string(),
        };
        let admin: Arc<dyn AdminApi> = Arc::new(admin::LocalAdmin {
            users: Users::new(backend.store),
            issuer: issuer.clone(),
            health_check: Arc::clone(&health_check),
            clock: Arc::clone(&self.clock),
            profile: self.profile.clone(),
            safe_tool: self.find_safe_tool(&registry),
            scopes,
        });
        let transports = self.transports(&registry);
        let router = self.router(
            identity.clone(),
            self.route_services(&registry, &admin, settings),
            health_check,
            &*transports,
            settings,
        );
        Server {
            router,
            #[cfg(feature = "local")]
            transports,
            identity,
            issuer,
            admin,
            #[cfg(feature = "local")]
            description,
        }
    }

    fn health_check(&self, backend: &Backend, providers: &Providers) -> HealthCheck {
        HealthCheck::new(
            Arc::clone(&backend.store),
            Arc::clone(&backend.keys),
            Arc::clone(&self.clock),
            self.details(providers),
        )
    }

    fn router(
        &self,
        identity: Identity,
        services: RouteServices,
        health_check: Arc<HealthCheck>,
        transports: &dyn Transports,
        settings: &Settings,
    ) -> Router {
        Router {
            identity,
            services,
            health_check,
            mcp: transports.http_service(),
            routes: self.routes.clone(),
            route_timeout: self.timeout,
            base_path: settings.public_path(),
            origin_policy: origin_policy(settings),
            allow_query_token: settings.allow_query_token,
            allows_anonymous: self.allows_anonymous,
        }
    }

    fn route_services(
        &self,
        registry: &Registry,
        admin: &Arc<dyn AdminApi>,
        settings: &Settings,
    ) -> RouteServices {
        RouteServices {
            states: self.states.clone(),
            store: Arc::clone(&registry.store),
            clock: Arc::clone(&self.clock),
            admin: Arc::clone(admin),
            public_url: settings.public_url.as_deref().map(Arc::from),
        }
    }

    fn identity(&self, backend: &Backend, settings: &Settings) -> Identity {
        let own = OwnTokens::new(
            Arc::clone(&backend.keys),
            Arc::clone(&self.clock),
            settings.audience.clone(),
        );
        let users = Users::new(Arc::clone(&backend.store));
        let (verifiers, clock) = (self.verifiers.clone(), Arc::clone(&self.clock));
        Identity::new(own, verifiers, users, clock, self.profile.clone())
    }

    fn issuer(&self, backend: &Backend, settings: &Settings) -> Issuer {
        let tokens = TokenConfig {
            audience: settings.audience.clone(),
            duration_seconds: settings.duration_seconds,
        };
        Issuer::new(Arc::clone(&backend.keys), Arc::clone(&self.clock), tokens)
    }

    /// Puts every rule around the providers.
    fn registry(&self, backend: &Backend, providers: Providers, settings: &Settings) -> Registry {
        let keys = Arc::clone(&backend.keys);
        let sealer = Sealer::new(keys, self.name(), settings.audience.as_deref());
        let rules = self.rules(sealer.clone(), &providers.tools);
        let layered = Layers {
            rules,
            timeout: self.timeout,
        };
        Registry {
            tools: layered.around(providers.tools),
            prompts: layered.around(providers.prompts),
            resources: layered.around(providers.resources),
            pager: Pager::new(sealer, self.page_size),
            store: Arc::clone(&backend.store),
            clock: Arc::clone(&self.clock),
            states: self.states.clone(),
        }
    }

    fn transports(&self, registry: &Arc<Registry>) -> Arc<dyn Transports> {
        let registry = Arc::clone(registry);
        match &self.handler {
            Some(make) => make(
                Session::new(self.timeout),
                ForeignRules {
                    calls: self.foreign_rules(),
                    lists: self.list_rules(),
                    timeout: self.timeout,
                    registry,
                },
            ),
            None => {
                let session = Session::new(self.longest_timeout(&registry));
                Arc::new(Handler::new(
                    ServerState::new(&self.about, registry),
                    session,
                ))
            }
        }
    }

    /// Returns the longest time that any call may take; [`CallDeadline`](crate::middleware::CallDeadline) holds each call to
    /// its own.
    fn longest_timeout(&self, registry: &Registry) -> Duration {
        let timeouts = [
            registry.tools.facts().longest_timeout(),
            registry.prompts.facts().longest_timeout(),
            registry.resources.facts().longest_timeout(),
        ];
        let timeouts = timeouts.map(|timeout| timeout.unwrap_or(MAX_TIMEOUT));
        timeouts.into_iter().fold(self.timeout, Duration::max)
    }

    fn find_safe_tool(&self, registry: &Registry) -> Arc<NamedSafeTool> {
        Arc::new(NamedSafeTool {
            name: self.safe_tool.clone(),
            tools: Arc::clone(&registry.tools),
        })
    }

    /// Returns the scopes that a token may name: any where a provider may come to have others
    /// ([`Facts::scopes`](crate::provider::Facts::scopes)).
    fn collect_scopes(&self, providers: &Providers) -> KnownScopes {
        let scopes = [
            scopes(&providers.tools),
            scopes(&providers.prompts),
            scopes(&providers.resources),
        ];
        let scopes: Option<Vec<_>> = scopes.into_iter().collect();
        match scopes {
            Some(scopes) if self.handler.is_none() => {
                KnownScopes::Named(scopes.into_iter().flatten().collect())
            }
            _ => KnownScopes::Any,
        }
    }

    /// Returns the details of the deployment for operators ([`AdminApi::health`]).
    fn details(&self, providers: &Providers) -> BTreeMap<String, String> {
        let tools = providers.tools.facts();
        let more = if tools.may_change() { " or more" } else { "" };
        let details = [
            ("app", self.about.name.clone()),
            ("version", self.about.version.clone()),
            ("tools", format!("{}{more}", tools.definitions().len())),
        ];
        details.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// The rules to be put around each provider.
struct Layers {
    rules: Arc<[SharedMiddleware]>,
    timeout: Duration,
}

impl Layers {
    fn around<P: Primitive>(&self, provider: SharedProvider<P>) -> SharedProvider<P> {
        let rules = Arc::clone(&self.rules);
        Arc::new(Layered::new(provider, rules, self.timeout))
    }
}

fn scopes<P: Primitive>(provider: &SharedProvider<P>) -> Option<BTreeSet<String>> {
    provider.facts().scopes().cloned()
}

/// Returns the error for a setting that nothing can open. Such an app must not serve from somewhere else.
fn report_no_opener(setting: &str) -> Error {
    Error::invalid(format!(
        "{setting}: this app has no backend that could open it; give it one with `App::backend`, or unset {setting}"
    ))
}

fn origin_policy(settings: &Settings) -> OriginPolicy {
    let origins = settings
        .allowed_origins
        .iter()
        .cloned()
        .chain(settings.public_origin());
    OriginPolicy {
        is_local: settings.platform == Platform::Local,
        hosts: settings.public_host().into_iter().collect(),
        origins: origins.collect(),
    }
}
