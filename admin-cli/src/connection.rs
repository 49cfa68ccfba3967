//! One server that the CLI administers, the source of its signing key, and the session with it.
//!
//! A key in a variable or in a secret is read at each use and never stored; the region and the profile that find a secret are
//! stored. Connecting again to the same URL without a key keeps the stored key.

use std::sync::Arc;

use mcp_lambda::admin::AdminApi;
use mcp_lambda::backend::KeyOpener;
use mcp_lambda::clock::SystemClock;
use mcp_lambda::config::{Environment, KEY_FILE, ProcessEnvironment, Settings};
use mcp_lambda::keys::SigningKey;
use mcp_lambda::{App, Secret, Server, find_served_url};
use mcp_lambda_dynamo::Account;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::files;
use crate::remote::{RemoteAdmin, parse_server_url};
use crate::target::AdminTarget;

/// The name of a connection that was given none.
pub(crate) const DEFAULT_NAME: &str = "default";

/// The URL of this machine's server, unless it or its settings name another.
const LOCAL_URL: &str = "http://127.0.0.1:8080";

/// One server, as `setup.json` stores it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub(crate) enum Connection {
    /// The app's own store on this machine, which is opened in this process.
    Local,
    /// A server by its URL, which has no `/mcp` and no `/` at its end.
    Remote { url: String, key: KeySource },
}

/// The source of a server's [`SigningKey`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeySource {
    /// None was given.
    #[default]
    None,
    /// The key itself, in `setup.json` and nowhere else on disk.
    Stored(#[serde(serialize_with = "mcp_lambda::secret::exposed::serialize")] Secret<String>),
    /// The variable of this name, read at each use.
    Variable(String),
    /// A secret in AWS Secrets Manager, fetched at each use.
    Secret {
        /// The name or the ARN.
        name: String,
        region: Option<String>,
        profile: Option<String>,
    },
}

impl KeySource {
    /// Returns the source for a secret, with the region and the profile that find it in any shell.
    ///
    /// The region is that of the ARN, or else of the environment. `AWS_PROFILE` is left out where `AWS_ACCESS_KEY_ID` is set:
    /// the AWS SDK prefers those credentials, and they are not stored.
    pub(crate) fn from_secret(environment: &dyn Environment, name: &str) -> Self {
        let variable = |name| environment.get(name).filter(|value| !value.is_empty());
        let arn_region = mcp_lambda_dynamo::region_of(name).map(str::to_owned);
        let region = arn_region
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"));
        let profile = variable("AWS_PROFILE").filter(|_| variable("AWS_ACCESS_KEY_ID").is_none());
        Self::Secret {
            name: name.to_owned(),
            region,
            profile,
        }
    }

    /// Reads the [`SigningKey`].
    ///
    /// # Errors
    /// [`CliError::NotConfigured`] if there is none, or if it is too short; those of Secrets Manager.
    async fn load(&self, target: &AdminTarget) -> Result<SigningKey, CliError> {
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
            } => return fetch_key(name, region.clone(), profile.clone()).await,
            Self::None => {
                return Err(CliError::NotConfigured(format!(
                    "this connection has no signing key; say `{} connect URL --signing-key-env VARIABLE`",
                    target.program_name()
                )));
            }
        };
        SigningKey::from_text(text.expose())
            .map_err(|error| CliError::NotConfigured(error.to_string()))
    }

    /// Describes the source; never the key.
    fn describe(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Stored(_) => "stored here".to_owned(),
            Self::Variable(name) => format!("variable {name}"),
            Self::Secret {
                name,
                region,
                profile,
            } => {
                let profile = profile.as_ref().map(|profile| format!("profile {profile}"));
                let account: Vec<_> = region.clone().into_iter().chain(profile).collect();
                if account.is_empty() {
                    format!("secret {name}")
                } else {
                    format!("secret {name} ({})", account.join(", "))
                }
            }
        }
    }
}

/// Fetches the current key from Secrets Manager.
async fn fetch_key(
    name: &str,
    region: Option<String>,
    profile: Option<String>,
) -> Result<SigningKey, CliError> {
    let keys = mcp_lambda_dynamo::from_account(Account { region, profile })
        .open_keys(name, Arc::new(SystemClock))
        .await
        .map_err(CliError::from_settings)?;
    Ok(keys.current().await?.as_ref().clone())
}

/// An open [`Connection`].
#[derive(Debug)]
pub(crate) struct AdminSession {
    /// The operations of the server.
    pub(crate) api: Arc<dyn AdminApi>,
    /// The URL by which clients reach the server, without `/mcp`.
    pub(crate) url: String,
    /// The way to its MCP endpoint.
    pub(crate) endpoint: Endpoint,
}

/// The way to a server's MCP endpoint.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// Over HTTP.
    Http(Arc<RemoteAdmin>),
    /// Within this process: the app itself, with this machine's store.
    InProcess(Box<Server>),
}

impl AdminSession {
    /// Describes the server: its URL, or this process.
    pub(crate) fn describe(&self) -> String {
        match &self.endpoint {
            Endpoint::Http(_) => self.url.clone(),
            Endpoint::InProcess(_) => "this machine's own store, in this process".to_owned(),
        }
    }

    /// Returns the audience (`aud`) that the server requires of tokens, as far as it has named it.
    pub(crate) fn audience(&self) -> Option<String> {
        match &self.endpoint {
            Endpoint::Http(remote) => remote.audience(),
            Endpoint::InProcess(server) => server.audience().map(str::to_owned),
        }
    }
}

impl Connection {
    /// Returns the connection to `local` or to a URL.
    ///
    /// Without a new key, the key of the `stored` connection is kept, if that has the same URL.
    ///
    /// # Errors
    /// [`CliError::Usage`] for `local` in the generic CLI, or for a text that is no URL; those of `key`, which is called only
    /// for a URL.
    pub(crate) fn parse(
        target: &AdminTarget,
        place: &str,
        key: impl FnOnce() -> Result<KeySource, CliError>,
        stored: Option<&Self>,
    ) -> Result<Self, CliError> {
        if place == "local" {
            return match target {
                AdminTarget::App(_) => Ok(Self::Local),
                AdminTarget::AnyServer => Err(CliError::Usage(
                    "`local` needs the app's own CLI, such as `notes-admin`; this one connects to URLs".into(),
                )),
            };
        }
        let url = parse_server_url(place).map_err(CliError::Usage)?;
        let key = match (key()?, stored) {
            (KeySource::None, Some(Self::Remote { url: known, key })) if *known == url => {
                key.clone()
            }
            (given, _) => given,
        };
        Ok(Self::Remote { url, key })
    }

    /// Returns the connection with the key that `ask` returns, if it has none.
    pub(crate) fn with_asked_key(self, ask: impl FnOnce(&str) -> Option<String>) -> Self {
        match self {
            Self::Remote {
                url,
                key: KeySource::None,
            } => {
                let key = ask(&format!("Signing key of {url}"))
                    .map_or(KeySource::None, |key| KeySource::Stored(Secret::new(key)));
                Self::Remote { url, key }
            }
            other => other,
        }
    }

    /// Opens the connection. This machine's store and key must exist.
    ///
    /// # Errors
    /// [`CliError::NotConfigured`] if a file of this machine's store, or the signing key, is missing.
    pub(crate) async fn open(&self, target: &AdminTarget) -> Result<AdminSession, CliError> {
        if let (Self::Local, AdminTarget::App(app)) = (self, target) {
            let missing = read_local_settings(app)?.missing_files();
            if let Some(path) = missing.first() {
                return Err(CliError::NotConfigured(format!(
                    "{} is not there; put it back, or let `{} connect local` make a new one",
                    path.display(),
                    target.program_name()
                )));
            }
        }
        self.open_or_create(target).await
    }

    /// Opens the connection. This machine's store and key are created if they are missing.
    ///
    /// # Errors
    /// [`CliError::NotConfigured`] if the signing key of a remote server is missing, or if the generic CLI opens a local store.
    pub(crate) async fn open_or_create(
        &self,
        target: &AdminTarget,
    ) -> Result<AdminSession, CliError> {
        match (self, target) {
            (Self::Local, AdminTarget::App(app)) => open_local(app).await,
            (Self::Local, AdminTarget::AnyServer) => Err(CliError::NotConfigured(format!(
                "this connection is to a store of an app's own; its admin CLI opens it, or `{} connections use` another",
                target.program_name()
            ))),
            (Self::Remote { url, key }, _) => {
                let key = key.load(target).await?;
                let remote = Arc::new(RemoteAdmin::new(url, key, Arc::new(SystemClock))?);
                Ok(AdminSession {
                    api: Arc::<RemoteAdmin>::clone(&remote),
                    url: url.clone(),
                    endpoint: Endpoint::Http(remote),
                })
            }
        }
    }

    /// Returns a warning if `SIGNING_KEY` of this shell is another key than that of this machine's store.
    ///
    /// Tokens are then made with a key that a server started elsewhere does not know.
    pub(crate) fn warn_of_other_key(&self, target: &AdminTarget) -> Option<String> {
        let (Self::Local, AdminTarget::App(app)) = (self, target) else {
            return None;
        };
        let settings = read_local_settings(app).ok()?;
        let path = settings.users_path()?.join(KEY_FILE);
        let folder_key = SigningKey::from_text(&files::read_private(&path).ok()??).ok()?;
        let shell_key = settings
            .signing_key()
            .filter(|key| key.id() != folder_key.id())?;
        Some(format!(
            "the variable SIGNING_KEY (key {}) is set in this shell, and is not the key of this folder, {} (key {}): a server that runs without the variable refuses the tokens made here. `unset SIGNING_KEY`, unless the server has it too",
            shell_key.id(),
            path.display(),
            folder_key.id()
        ))
    }

    /// Describes the [`KeySource`]; never the key.
    pub(crate) fn describe_key(&self) -> String {
        match self {
            Self::Local => "this machine's own".to_owned(),
            Self::Remote { key, .. } => key.describe(),
        }
    }

    /// Describes the server.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Local => "this machine's own store".to_owned(),
            Self::Remote { url, .. } => url.clone(),
        }
    }
}

/// Puts the app's [`Server`] together in this process, with this machine's store.
async fn open_local(app: &App) -> Result<AdminSession, CliError> {
    let settings = read_local_settings(app)?;
    let server = app
        .build(&settings)
        .await
        .map_err(CliError::from_settings)?;
    Ok(AdminSession {
        api: Arc::clone(server.admin()),
        url: find_local_url(&settings),
        endpoint: Endpoint::InProcess(Box::new(server)),
    })
}

/// Reads the settings of this machine's server from the environment, as the server itself does.
///
/// # Errors
/// [`CliError::NotConfigured`] with all problems.
pub(crate) fn read_local_settings(app: &App) -> Result<Settings, CliError> {
    Settings::read(&ProcessEnvironment, app.name())
        .map_err(|problems| CliError::NotConfigured(problems.join("\n")))
}

/// Returns the URL of this machine's server: that of the settings, of a server that runs, or the default.
fn find_local_url(settings: &Settings) -> String {
    let served = || find_served_url(settings).filter(|url| parse_server_url(url).is_ok());
    settings
        .public_url()
        .map(str::to_owned)
        .or_else(served)
        .unwrap_or_else(|| LOCAL_URL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection to a URL, with this key to store.
    fn connect(place: &str, key: Option<&str>, stored: Option<&Connection>) -> Connection {
        let key = key.map(|key| KeySource::Stored(Secret::new(key.to_owned())));
        Connection::parse(
            &AdminTarget::AnyServer,
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
        assert!(!format!("{stored:?}{}", stored.describe()).contains("hush"));
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
            let key = KeySource::from_secret(&variables, secret);
            let kept = serde_json::to_string(&Connection::Remote {
                url: "https://a.example".into(),
                key,
            })
            .expect("writable");
            assert_eq!(
                serde_json::from_str::<Connection>(&kept)
                    .expect("readable")
                    .describe_key(),
                words
            );
        }
    }
}
