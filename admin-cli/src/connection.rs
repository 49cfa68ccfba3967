//! Which server a CLI administers: kept in `setup.json`, readable by its owner alone.
//!
//! A key that a variable holds is read at each use and never stored. Connecting again to the same place never drops a
//! stored key.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcp_lambda::admin::AdminApi;
use mcp_lambda::backend::Backend;
use mcp_lambda::clock::SystemClock;
use mcp_lambda::config::{Environment, ProcessEnvironment, Settings};
use mcp_lambda::keys::SigningKey;
use mcp_lambda::{App, Email, Error, ErrorKind, House, Secret};
use serde::{Deserialize, Serialize, Serializer};

use crate::exit::Failure;
use crate::files::{self, Readers, Reserved};
use crate::remote::{Remote, encoded, web_url};
use crate::{Subject, cli, flags};

/// The shape of the file that this code writes.
const SHAPE: u32 = 1;

/// The name of a connection that was given none.
pub(crate) const DEFAULT: &str = "default";

/// Where a server on this machine listens if nobody says otherwise.
const LOCAL_URL: &str = "http://127.0.0.1:8080";

/// What `setup.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Setup {
    v: u32,
    current: String,
    connections: BTreeMap<String, Connection>,
}

/// One server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub(crate) enum Connection {
    /// The app's own store on this machine.
    Local,
    /// A server by its URL.
    Remote { url: String, key: KeySource },
}

/// Where the signing key of a server is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeySource {
    /// Nobody has said.
    #[default]
    None,
    /// In this file.
    Stored(#[serde(serialize_with = "exposed")] Secret<String>),
    /// In a variable, read at each use.
    Variable(String),
    /// In a Secrets Manager secret, fetched at each use.
    Secret(String),
}

impl KeySource {
    /// What `connect` was told.
    fn told(wanted: &cli::Connect) -> Result<Self, Failure> {
        Ok(match (&wanted.signing_key, &wanted.signing_key_env, &wanted.signing_key_secret) {
            (Some(key), _, _) => Self::Stored(Secret::new(key.clone())),
            (_, Some(variable), _) => Self::Variable(variable.clone()),
            (_, _, Some(secret)) => Self::Secret(secret.clone()),
            _ if wanted.signing_key_stdin => Self::Stored(Secret::new(flags::read_input().map_err(Failure::Usage)?)),
            _ => Self::None,
        })
    }

    async fn key(&self, subject: &Subject) -> Result<SigningKey, Failure> {
        let text = match self {
            Self::Stored(key) => key.clone(),
            Self::Variable(name) => {
                let value = ProcessEnvironment.get(name).map(Secret::new);
                value.ok_or_else(|| {
                    Failure::NotConfigured(format!("the variable {name}, which holds the signing key, is not set; export it, or connect again with another"))
                })?
            }
            Self::Secret(name) => {
                let keys = mcp_lambda_dynamo::from_env().keys(name, Arc::new(SystemClock)).await;
                let keys = keys.map_err(|error| match error.kind() {
                    ErrorKind::Invalid => Failure::NotConfigured(error.to_string()),
                    _ => error.into(),
                })?;
                return Ok(keys.current().await?.as_ref().clone());
            }
            Self::None => {
                let command = subject.command();
                return Err(Failure::NotConfigured(format!(
                    "this connection has no signing key; say `{command} connect URL --signing-key-env VARIABLE`"
                )));
            }
        };
        SigningKey::from_text(text.expose()).map_err(|error| Failure::NotConfigured(error.to_string()))
    }
}

/// The file is the key's one home on disk.
fn exposed<S: Serializer>(key: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    key.expose().serialize(serializer)
}

/// A connection in use.
#[derive(Debug)]
pub(crate) struct Session {
    /// What to ask.
    pub(crate) api: Arc<dyn AdminApi>,
    /// Where clients reach the server.
    pub(crate) url: String,
    /// How to speak MCP to it.
    pub(crate) door: Door,
}

/// How MCP reaches a server.
#[derive(Debug)]
pub(crate) enum Door {
    /// Over HTTP.
    Http(Arc<Remote>),
    /// Without leaving this process: the app itself, on this machine's store.
    House(Box<House>),
}

impl Session {
    /// What is asked, in words: a URL, or this process itself.
    pub(crate) fn place(&self) -> String {
        match &self.door {
            Door::Http(_) => self.url.clone(),
            Door::House(_) => "this machine's own store, in this process".to_owned(),
        }
    }

    /// The audience that the server wants named in tokens, as far as it was learned.
    pub(crate) fn audience(&self) -> Option<String> {
        match &self.door {
            Door::Http(remote) => remote.audience(),
            Door::House(house) => house.identity.audience().map(str::to_owned),
        }
    }
}

impl Connection {
    /// What `connect` asks for, without losing a key that is stored for the same URL.
    pub(crate) fn wanted(subject: &Subject, wanted: &cli::Connect, stored: Option<&Self>) -> Result<Self, Failure> {
        if wanted.place == "local" {
            return match subject {
                Subject::App(_) => Ok(Self::Local),
                Subject::Any => Err(Failure::Usage(
                    "`local` needs the app's own CLI, such as `notes-admin`; this one connects to URLs".into(),
                )),
            };
        }
        let url = web_url(&wanted.place).map_err(Failure::Usage)?;
        let key = match (KeySource::told(wanted)?, stored) {
            (KeySource::None, Some(Self::Remote { url: known, key })) if *known == url => key.clone(),
            (told, _) => told,
        };
        Ok(Self::Remote { url, key })
    }

    /// The same with the key that `ask` gives, where nobody has said where it is.
    pub(crate) fn with_key(self, ask: impl FnOnce(&str) -> Option<String>) -> Self {
        match self {
            Self::Remote { url, key: KeySource::None } => {
                let key = ask(&format!("Signing key of {url}")).map(|key| KeySource::Stored(Secret::new(key)));
                Self::Remote { url, key: key.unwrap_or_default() }
            }
            other => other,
        }
    }

    /// Opens the connection; on this machine, what must be there already.
    pub(crate) async fn open(&self, subject: &Subject) -> Result<Session, Failure> {
        if let (Self::Local, Subject::App(app)) = (self, subject) {
            let missing = local_settings(app)?.missing_files();
            if let Some(path) = missing.first() {
                return Err(Failure::NotConfigured(format!(
                    "{} is not there; put it back, or let `{} connect local` make a new one",
                    path.display(),
                    subject.command()
                )));
            }
        }
        self.made(subject).await
    }

    /// Opens the connection; on this machine, what is missing is made.
    pub(crate) async fn made(&self, subject: &Subject) -> Result<Session, Failure> {
        match (self, subject) {
            (Self::Local, Subject::App(app)) => {
                let settings = local_settings(app)?;
                let house = app.house(&settings).await.map_err(|error| match error.kind() {
                    ErrorKind::Invalid => Failure::NotConfigured(error.to_string()),
                    _ => error.into(),
                })?;
                Ok(Session {
                    api: Arc::clone(&house.admin),
                    url: local_url(&settings),
                    door: Door::House(Box::new(house)),
                })
            }
            (Self::Local, Subject::Any) => Err(not_connected(subject)),
            (Self::Remote { url, key }, _) => {
                let api = Arc::new(Remote::new(url, key.key(subject).await?, Arc::new(SystemClock))?);
                Ok(Session { api: Arc::<Remote>::clone(&api), url: url.clone(), door: Door::Http(api) })
            }
        }
    }

    /// Where its key is, in words; never the key.
    pub(crate) fn key_words(&self) -> String {
        match self {
            Self::Local => "this machine's own".to_owned(),
            Self::Remote { key: KeySource::None, .. } => "none".to_owned(),
            Self::Remote { key: KeySource::Stored(_), .. } => "stored here".to_owned(),
            Self::Remote { key: KeySource::Variable(name), .. } => format!("variable {name}"),
            Self::Remote { key: KeySource::Secret(name), .. } => format!("secret {name}"),
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

impl Setup {
    /// Reads what is kept for an app; nothing yet is an empty setup.
    pub(crate) fn load(subject: &Subject) -> Result<Self, Failure> {
        let path = path(subject)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::NotConfigured(format!("{} can't be read: {error}", path.display()))),
        };
        serde_json::from_str(&text).map_err(|error| {
            Failure::NotConfigured(format!("{} is damaged ({error}); remove it and connect again", path.display()))
        })
    }

    /// The connection of that name, or the one in use.
    pub(crate) fn chosen(&self, subject: &Subject, name: Option<&str>) -> Result<&Connection, Failure> {
        match name {
            Some(name) => self.stored(name).ok_or_else(|| self.unknown(name)),
            None => self.stored(&self.current).ok_or_else(|| self.none_in_use(subject)),
        }
    }

    /// The connection of that name, if there is one.
    pub(crate) fn stored(&self, name: &str) -> Option<&Connection> {
        self.connections.get(name)
    }

    /// All connections, and whether each is the one in use.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Connection, bool)> {
        self.connections.iter().map(|(name, connection)| (name.as_str(), connection, *name == self.current))
    }

    /// Keeps a connection and uses it from now on.
    pub(crate) fn keep(subject: &Subject, name: &str, connection: Connection) -> Result<PathBuf, Failure> {
        Self::change(subject, |setup| {
            setup.connections.insert(name.to_owned(), connection);
            name.clone_into(&mut setup.current);
            Ok(())
        })
    }

    /// Uses a connection from now on.
    pub(crate) fn using(subject: &Subject, name: &str) -> Result<PathBuf, Failure> {
        Self::change(subject, |setup| {
            setup.stored(name).ok_or_else(|| setup.unknown(name))?;
            name.clone_into(&mut setup.current);
            Ok(())
        })
    }

    /// Forgets a connection.
    pub(crate) fn forget(subject: &Subject, name: &str) -> Result<PathBuf, Failure> {
        Self::change(subject, |setup| match setup.connections.remove(name) {
            Some(_) => Ok(()),
            None => Err(setup.unknown(name)),
        })
    }

    /// Which there are, in words.
    fn known(&self) -> String {
        let names: Vec<_> = self.connections.keys().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => "there is none".to_owned(),
            [one] => format!("there is {one}"),
            many => format!("there are {}", many.join(", ")),
        }
    }

    fn none_in_use(&self, subject: &Subject) -> Failure {
        if self.connections.is_empty() {
            return not_connected(subject);
        }
        let (known, command) = (self.known(), subject.command());
        Failure::NotConfigured(format!(
            "no connection is in use; {known}: say `{command} connections use NAME`, or `--on NAME`"
        ))
    }

    fn unknown(&self, name: &str) -> Failure {
        Error::not_found(format!("no connection is called `{name}`; {}", self.known())).into()
    }

    /// Changes what is kept, as it is by now: another command may have changed it since it was read.
    fn change(subject: &Subject, change: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<PathBuf, Failure> {
        let path = path(subject)?;
        let _lock = files::lock(&path.with_extension("lock")).map_err(unwritable(&path))?;
        let mut setup = Self::load(subject)?;
        change(&mut setup)?;
        setup.v = SHAPE;
        let text = serde_json::to_string_pretty(&setup).unwrap_or_default();
        files::write(&path, &text, Readers::Owner).map_err(unwritable(&path))?;
        Ok(path)
    }
}

/// Where tokens are written that nobody should read but the operator.
pub(crate) fn token_folder(subject: &Subject) -> Result<PathBuf, Failure> {
    Ok(path(subject)?.with_file_name("tokens"))
}

/// Writes a token under a name of its own in a folder, and says where.
pub(crate) fn keep_token(folder: &Path, email: &Email, id: &str, token: &Secret<String>) -> Result<PathBuf, Error> {
    let path = folder.join(format!("{}.{}.token", encoded(email.as_str()), encoded(id)));
    files::write(&path, token.expose(), Readers::Owner).map_err(unwritable(&path))?;
    Ok(path)
}

/// Makes a file for a token before there is one: it can be written there, and nothing is lost by it.
pub(crate) fn reserved(path: &Path) -> Result<Reserved<'_>, Error> {
    Reserved::new(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::already_exists(format!("{} exists already; name another file", path.display()))
        }
        _ => Error::invalid(format!("{} can't be written: {error}", path.display())),
    })
}

/// That something of ours could not be written.
pub(crate) fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::unavailable(format!("{} can't be written: {error}", path.display()))
}

fn path(subject: &Subject) -> Result<PathBuf, Failure> {
    let variable = |name| ProcessEnvironment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    let folder = folder
        .ok_or_else(|| Failure::NotConfigured("there is no home folder to keep the connection in; set HOME".into()))?;
    Ok(folder.join(subject.name()).join("setup.json"))
}

/// The settings of this machine's server.
pub(crate) fn local_settings(app: &App) -> Result<Settings, Failure> {
    Settings::read(&ProcessEnvironment, app.name()).map_err(|faults| Failure::NotConfigured(faults.join("\n")))
}

fn not_connected(subject: &Subject) -> Failure {
    let command = subject.command();
    let local =
        if matches!(subject, Subject::App(_)) { format!("`{command} connect local` or ") } else { String::new() };
    Failure::NotConfigured(format!(
        "not connected to a server yet; say {local}`{command} connect URL --signing-key-env VARIABLE`"
    ))
}

/// Where this machine's server is, or was last.
fn local_url(settings: &Settings) -> String {
    let noted = || fs::read_to_string(settings.url_file()?).ok();
    settings.public_url.clone().or_else(noted).unwrap_or_else(|| LOCAL_URL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(place: &str, key: Option<&str>) -> cli::Connect {
        cli::Connect {
            place: place.into(),
            signing_key: key.map(str::to_owned),
            signing_key_env: None,
            signing_key_secret: None,
            signing_key_stdin: false,
            name: DEFAULT.to_owned(),
            offline: false,
        }
    }

    #[test]
    fn connecting_again_keeps_the_key_of_the_same_url_only() {
        let stored = Connection::wanted(&Subject::Any, &connect("https://a.example", Some("k")), None).expect("lawful");
        for (place, is_kept) in [("https://a.example/", true), ("https://b.example", false)] {
            let again = Connection::wanted(&Subject::Any, &connect(place, None), Some(&stored)).expect("lawful");
            let Connection::Remote { key, .. } = again else { panic!("a URL is remote") };
            assert_eq!(!matches!(key, KeySource::None), is_kept, "{place}");
        }
    }

    #[test]
    fn a_key_is_in_the_file_and_in_no_print() {
        let stored =
            Connection::wanted(&Subject::Any, &connect("https://a.example", Some("hush")), None).expect("lawful");
        assert!(serde_json::to_string(&stored).expect("writable").contains("hush"));
        assert!(!format!("{stored:?}{}", stored.words()).contains("hush"));
    }
}
