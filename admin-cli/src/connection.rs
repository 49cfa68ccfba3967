//! One server that a CLI administers, and how its signing key is come by.
//!
//! A key that a variable or a secret holds is read at each use and never stored; the region and the profile by which a secret
//! is found are. Connecting again to the same place never drops a stored key.

use std::sync::Arc;

use mcp_lambda::admin::AdminApi;
use mcp_lambda::backend::KeyOpener;
use mcp_lambda::clock::SystemClock;
use mcp_lambda::config::{Environment, KEY_FILE, ProcessEnvironment, Settings};
use mcp_lambda::keys::SigningKey;
use mcp_lambda::{App, Error, ErrorKind, Secret, Server, find_served_url};
use mcp_lambda_dynamo::Account;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::files;
use crate::remote::{RemoteAdmin, web_url};
use crate::target::AdminTarget;

/// The name of a connection that was given none.
pub(crate) const DEFAULT: &str = "default";

/// The default URL of a server on this machine.
const LOCAL_URL: &str = "http://127.0.0.1:8080";

/// One server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub(crate) enum Connection {
    /// The app's own store on this machine.
    Local,
    /// A server by its URL.
    Remote { url: String, key: KeySource },
}

/// The place of a server's [`SigningKey`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeySource {
    /// Nobody has said.
    #[default]
    None,
    /// In this file, which is its one home on disk.
    Stored(#[serde(serialize_with = "mcp_lambda::secret::exposed::serialize")] Secret<String>),
    /// In a variable, read at each use.
    Variable(String),
    /// In a Secrets Manager secret, fetched at each use from that account.
    Secret {
        name: String,
        region: Option<String>,
        profile: Option<String>,
    },
}

impl KeySource {
    /// A secret in the region that its ARN or this shell names, seen as the profile that this shell names. Credentials in
    /// variables go before a profile, and are not kept.
    pub(crate) fn secret(environment: &dyn Environment, name: &str) -> Self {
        let variable = |name| environment.get(name).filter(|value| !value.is_empty());
        let of_arn = mcp_lambda_dynamo::region_of(name).map(str::to_owned);
        let region = of_arn
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"));
        let profile = variable("AWS_PROFILE").filter(|_| variable("AWS_ACCESS_KEY_ID").is_none());
        Self::Secret {
            name: name.to_owned(),
            region,
            profile,
        }
    }

    async fn key(&self, subject: &AdminTarget) -> Result<SigningKey, CliError> {
        let text = match self {
            Self::Stored(key) => key.clone(),
            Self::Variable(name) => {
                let value = ProcessEnvironment.get(name).map(Secret::new);
                value.ok_or_else(|| {
                    CliError::NotConfigured(format!("the variable {name}, which holds the signing key, is not set; export it, or connect again with another"))
                })?
            }
            Self::Secret {
                name,
                region,
                profile,
            } => {
                let account = Account {
                    region: region.clone(),
                    profile: profile.clone(),
                };
                let keys = mcp_lambda_dynamo::from_account(account)
                    .open_keys(name, Arc::new(SystemClock))
                    .await;
                return Ok(keys
                    .map_err(not_configured)?
                    .current()
                    .await?
                    .as_ref()
                    .clone());
            }
            Self::None => {
                let command = subject.command();
                return Err(CliError::NotConfigured(format!(
                    "this connection has no signing key; say `{command} connect URL --signing-key-env VARIABLE`"
                )));
            }
        };
        SigningKey::from_text(text.expose())
            .map_err(|error| CliError::NotConfigured(error.to_string()))
    }
}

/// Turns an invalid setting into [`CliError::NotConfigured`].
pub(crate) fn not_configured(error: Error) -> CliError {
    match error.kind() {
        ErrorKind::Invalid => CliError::NotConfigured(error.to_string()),
        _ => error.into(),
    }
}

/// A connection in use.
#[derive(Debug)]
pub(crate) struct AdminSession {
    /// The [`AdminApi`] of the server.
    pub(crate) api: Arc<dyn AdminApi>,
    /// The URL by which clients reach the server.
    pub(crate) url: String,
    /// The way to its MCP endpoint.
    pub(crate) endpoint: Endpoint,
}

/// The way to a server's MCP endpoint.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// Over HTTP.
    Http(Arc<RemoteAdmin>),
    /// Without leaving this process: the app itself, on this machine's store.
    Server(Box<Server>),
}

impl AdminSession {
    /// Describes the server: a URL, or this process itself.
    pub(crate) fn place(&self) -> String {
        match &self.endpoint {
            Endpoint::Http(_) => self.url.clone(),
            Endpoint::Server(_) => "this machine's own store, in this process".to_owned(),
        }
    }

    /// The audience that the server wants named in tokens, as far as it was learned.
    pub(crate) fn audience(&self) -> Option<String> {
        match &self.endpoint {
            Endpoint::Http(remote) => remote.audience(),
            Endpoint::Server(server) => server.audience().map(str::to_owned),
        }
    }
}

impl Connection {
    /// Returns the [`Connection`] that `connect` asks for, without losing a key that is stored for the same URL.
    pub(crate) fn choose(
        subject: &AdminTarget,
        place: &str,
        key: impl FnOnce() -> Result<KeySource, CliError>,
        stored: Option<&Self>,
    ) -> Result<Self, CliError> {
        if place == "local" {
            return match subject {
                AdminTarget::App(_) => Ok(Self::Local),
                AdminTarget::Any => Err(CliError::Usage(
                    "`local` needs the app's own CLI, such as `notes-admin`; this one connects to URLs".into(),
                )),
            };
        }
        let url = web_url(place).map_err(CliError::Usage)?;
        let key = match (key()?, stored) {
            (KeySource::None, Some(Self::Remote { url: known, key })) if *known == url => {
                key.clone()
            }
            (given, _) => given,
        };
        Ok(Self::Remote { url, key })
    }

    /// The same with the key that `ask` gives, where nobody has said where it is.
    pub(crate) fn with_key(self, ask: impl FnOnce(&str) -> Option<String>) -> Self {
        match self {
            Self::Remote {
                url,
                key: KeySource::None,
            } => {
                let key = ask(&format!("Signing key of {url}"))
                    .map(|key| KeySource::Stored(Secret::new(key)));
                Self::Remote {
                    url,
                    key: key.unwrap_or_default(),
                }
            }
            other => other,
        }
    }

    /// Opens the connection; on this machine, what must be there already.
    pub(crate) async fn open(&self, subject: &AdminTarget) -> Result<AdminSession, CliError> {
        if let (Self::Local, AdminTarget::App(app)) = (self, subject) {
            let missing = local_settings(app)?.missing_files();
            if let Some(path) = missing.first() {
                return Err(CliError::NotConfigured(format!(
                    "{} is not there; put it back, or let `{} connect local` make a new one",
                    path.display(),
                    subject.command()
                )));
            }
        }
        self.open_or_make(subject).await
    }

    /// Opens the connection; on this machine, what is missing is made.
    pub(crate) async fn open_or_make(
        &self,
        subject: &AdminTarget,
    ) -> Result<AdminSession, CliError> {
        match (self, subject) {
            (Self::Local, AdminTarget::App(app)) => {
                let settings = local_settings(app)?;
                let server = app.build(&settings).await.map_err(not_configured)?;
                Ok(AdminSession {
                    api: Arc::clone(server.admin()),
                    url: local_url(&settings),
                    endpoint: Endpoint::Server(Box::new(server)),
                })
            }
            (Self::Local, AdminTarget::Any) => Err(CliError::NotConfigured(format!(
                "this connection is to a store of an app's own; its admin CLI opens it, or `{} connections use` another",
                subject.command()
            ))),
            (Self::Remote { url, key }, _) => {
                let api = Arc::new(RemoteAdmin::new(
                    url,
                    key.key(subject).await?,
                    Arc::new(SystemClock),
                )?);
                Ok(AdminSession {
                    api: Arc::<RemoteAdmin>::clone(&api),
                    url: url.clone(),
                    endpoint: Endpoint::Http(api),
                })
            }
        }
    }

    /// Returns a warning if the shell's signing key is not the folder's.
    pub(crate) fn warning(&self, subject: &AdminTarget) -> Option<String> {
        let (Self::Local, AdminTarget::App(app)) = (self, subject) else {
            return None;
        };
        let settings = local_settings(app).ok()?;
        let path = settings.users_path()?.join(KEY_FILE);
        let of_folder = SigningKey::from_text(&files::read_own(&path).ok()??).ok()?;
        let of_shell = settings.signing_key();
        let of_shell = of_shell.filter(|key| key.id() != of_folder.id())?;
        Some(format!(
            "the variable SIGNING_KEY (key {}) is set in this shell, and is not the key of this folder, {} (key {}): a server that runs without the variable refuses the tokens made here. `unset SIGNING_KEY`, unless the server has it too",
            of_shell.id(),
            path.display(),
            of_folder.id()
        ))
    }

    /// Describes the [`KeySource`]; never the key.
    pub(crate) fn key_words(&self) -> String {
        match self {
            Self::Local => "this machine's own".to_owned(),
            Self::Remote {
                key: KeySource::None,
                ..
            } => "none".to_owned(),
            Self::Remote {
                key: KeySource::Stored(_),
                ..
            } => "stored here".to_owned(),
            Self::Remote {
                key: KeySource::Variable(name),
                ..
            } => format!("variable {name}"),
            Self::Remote {
                key:
                    KeySource::Secret {
                        name,
                        region,
                        profile,
                    },
                ..
            } => {
                let profile = profile.as_ref().map(|profile| format!("profile {profile}"));
                let account = region
                    .clone()
                    .into_iter()
                    .chain(profile)
                    .collect::<Vec<_>>()
                    .join(", ");
                if account.is_empty() {
                    format!("secret {name}")
                } else {
                    format!("secret {name} ({account})")
                }
            }
        }
    }

    /// The connection in words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Local => "this machine's own store".to_owned(),
            Self::Remote { url, .. } => url.clone(),
        }
    }
}

/// The settings of this machine's server.
pub(crate) fn local_settings(app: &App) -> Result<Settings, CliError> {
    Settings::read(&ProcessEnvironment, app.name())
        .map_err(|problems| CliError::NotConfigured(problems.join("\n")))
}

/// Returns the URL of this machine's server.
fn local_url(settings: &Settings) -> String {
    let served = || find_served_url(settings).filter(|url| web_url(url).is_ok());
    let public = settings.public_url().map(str::to_owned);
    public
        .or_else(served)
        .unwrap_or_else(|| LOCAL_URL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection to a URL, with this key to store.
    fn connect(place: &str, key: Option<&str>, stored: Option<&Connection>) -> Connection {
        let key = key.map(|key| KeySource::Stored(Secret::new(key.to_owned())));
        Connection::choose(
            &AdminTarget::Any,
            place,
            || Ok(key.unwrap_or_default()),
            stored,
        )
        .expect("valid")
    }

    #[test]
    fn connecting_again_keeps_the_key_of_the_same_url_only() {
        let stored = connect("https://a.example", Some("k"), None);
        for (place, is_kept) in [("https://a.example/", true), ("https://b.example", false)] {
            let again = connect(place, None, Some(&stored));
            let Connection::Remote { key, .. } = again else {
                panic!("a URL is remote")
            };
            assert_eq!(!matches!(key, KeySource::None), is_kept, "{place}");
        }
    }

    #[test]
    fn a_key_is_in_the_file_and_in_no_print() {
        let stored = connect("https://a.example", Some("hush"), None);
        assert!(
            serde_json::to_string(&stored)
                .expect("writable")
                .contains("hush")
        );
        assert!(!format!("{stored:?}{}", stored.words()).contains("hush"));
    }

    #[test]
    fn a_secret_keeps_its_region_and_profile() {
        let shell = |pairs: &[(&str, &str)]| -> std::collections::BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/notes-AbCdEf";
        for (variables, secret, words) in [
            (shell(&[]), "notes-key", "secret notes-key".to_owned()),
            (shell(&[]), arn, format!("secret {arn} (eu-west-1)")),
            (
                shell(&[("AWS_REGION", "us-east-1")]),
                arn,
                format!("secret {arn} (eu-west-1)"),
            ),
            (
                shell(&[("AWS_DEFAULT_REGION", "us-east-1")]),
                "k",
                "secret k (us-east-1)".to_owned(),
            ),
            (
                shell(&[("AWS_REGION", "eu-west-1"), ("AWS_PROFILE", "prod")]),
                "k",
                "secret k (eu-west-1, profile prod)".to_owned(),
            ),
            (
                shell(&[("AWS_PROFILE", "prod"), ("AWS_ACCESS_KEY_ID", "x")]),
                "k",
                "secret k".to_owned(),
            ),
        ] {
            let key = KeySource::secret(&variables, secret);
            let kept = serde_json::to_string(&Connection::Remote {
                url: "https://a.example".into(),
                key,
            })
            .expect("writable");
            assert_eq!(
                serde_json::from_str::<Connection>(&kept)
                    .expect("readable")
                    .key_words(),
                words
            );
        }
    }
}
