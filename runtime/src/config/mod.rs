//! Settings, read once, with all problems reported together.
//!
//! A setting that is missing or broken must never open anything. A name that is nearly a
//! [setting's](SETTINGS) is a problem, and no variable to ignore; so is a value that is not UTF-8.

mod env;
mod parse;
mod reader;
mod vars;

use std::path::{Path, PathBuf};

pub use env::Environment;
#[doc(hidden)] // For the admin CLI and the tests, like what follows.
pub use env::ProcessEnvironment;
#[doc(hidden)]
pub use vars::{SETTINGS, Setting};

use self::reader::Reader;
use crate::http::AllowedOrigin;
use crate::identity::DEFAULT_DURATION_SECONDS;
use crate::keys::SigningKey;

/// The platform on which the process runs: AWS Lambda or a local machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    /// AWS Lambda or its emulator: settings name every resource, and none is created.
    Lambda,
    /// A local machine: resources that no setting names are created in the app's data folder.
    Local,
}

impl Platform {
    /// Returns the platform that an [`Environment`] describes.
    pub(crate) fn detect(environment: &dyn Environment) -> Self {
        // Lambda sets this variable (AWS Lambda Developer Guide, "Defined runtime environment
        // variables"), and so do its emulators. A value that can't be read still
        // means Lambda: the wrong guess would create users and keys in a folder that vanishes.
        if environment.is_set("AWS_LAMBDA_RUNTIME_API") {
            Self::Lambda
        } else {
            Self::Local
        }
    }
}

/// The form in which a Lambda answers. It must agree with the invoke mode of the function URL or
/// the response transfer mode of the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    /// Whole answers of at most 6 MB (AWS Lambda Developer Guide, "Lambda quotas").
    #[default]
    Buffered,
    /// Answers that begin before they end.
    Stream,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object (RFC 8259) a line, for programs.
    Json,
    /// Plain text, for people.
    Text,
}

/// The settings of a deployment, one field for each of [`SETTINGS`].
///
/// ```
/// use std::collections::BTreeMap;
/// use std::path::Path;
/// use mcp_lambda::config::Settings;
///
/// let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
/// let home = variable("HOME", "/home/a");
/// let url = variable("PUBLIC_URL", "https://mcp.example.com/notes/");
/// let settings = Settings::read(&BTreeMap::from([home, url]), "notes").expect("valid");
/// assert_eq!(settings.users_path(), Some(Path::new("/home/a/.local/share/notes")));
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The platform of the process, by [`Platform::detect`].
    pub(crate) platform: Platform,
    /// `SIGNING_KEY`: at least 32 bytes, as HS256 needs (RFC 7518 §3.2).
    pub(crate) signing_key: Option<SigningKey>,
    /// `SIGNING_KEY_SECRET`, opened by
    /// [`KeyOpener::open_keys`](crate::backend::KeyOpener::open_keys).
    pub(crate) signing_key_secret: Option<String>,
    /// `USERS_TABLE`, opened by [`StoreOpener::open_store`](crate::backend::StoreOpener::open_store).
    pub(crate) users_table: Option<String>,
    /// `APP_USERS_PATH`, or locally the app's data folder: the folder of [`STORE_FILE`] and
    /// [`KEY_FILE`].
    pub(crate) users_path: Option<PathBuf>,
    /// True if `APP_USERS_PATH` was set.
    pub(crate) is_users_path_set: bool,
    /// `JWT_AUD` (RFC 7519 §4.1.3).
    pub(crate) audience: Option<String>,
    /// `TOKEN_DURATION_SECONDS`: 60 to 315,360,000, which is ten years.
    pub(crate) duration_seconds: u64,
    /// `PUBLIC_URL`, without a slash at its end.
    pub(crate) public_url: Option<String>,
    /// `RESPONSE_MODE`.
    pub(crate) response_mode: ResponseMode,
    /// `ALLOW_QUERY_TOKEN`: true if a token may come in the query (RFC 6750 §2.3).
    pub(crate) allow_query_token: bool,
    /// `ALLOW_ANONYMOUS`: true if an app with [`App::allow_anonymous`](crate::App::allow_anonymous) may serve on Lambda.
    pub(crate) allow_anonymous: bool,
    /// `ALLOWED_ORIGINS`: the origins (RFC 6454) of pages that may send requests.
    pub(crate) allowed_origins: Vec<AllowedOrigin>,
    /// `LOG_LEVEL`.
    pub(crate) log_level: tracing::level_filters::LevelFilter,
    /// `LOG_FORMAT`.
    pub(crate) log_format: LogFormat,
}

/// The name of the embedded store's file in [`Settings::users_path`].
#[doc(hidden)]
pub const STORE_FILE: &str = "store.sqlite3";

/// The name of the generated signing key's file beside [`STORE_FILE`].
#[doc(hidden)]
pub const KEY_FILE: &str = "signing-key";

impl Settings {
    /// Reads the settings of an app.
    ///
    /// # Errors
    /// Every problem, each with the name of its setting and the remedy.
    pub fn read(environment: &dyn Environment, app: &str) -> Result<Self, Vec<String>> {
        let mut reader = Reader::new(environment);
        let settings = Self::read_fields(&mut reader, Platform::detect(environment), app);
        reader.check_together(&settings);
        // Only now: an operator sees every problem at once, and not one for each deployment.
        let problems = reader.into_problems();
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }

    /// Reads each setting, with its default in place of a problem that the reader notes.
    fn read_fields(reader: &mut Reader<'_>, platform: Platform, app: &str) -> Self {
        let info = tracing::level_filters::LevelFilter::INFO;
        let duration = DEFAULT_DURATION_SECONDS;
        Self {
            platform,
            signing_key: reader.parse(vars::SIGNING_KEY, parse::signing_key),
            signing_key_secret: reader.text(vars::SIGNING_KEY_SECRET),
            users_table: reader.text(vars::USERS_TABLE),
            users_path: reader.users_path(platform, app),
            is_users_path_set: reader.text(vars::APP_USERS_PATH).is_some(),
            audience: reader.audience(),
            duration_seconds: reader
                .parse(vars::TOKEN_DURATION_SECONDS, parse::duration)
                .unwrap_or(duration),
            public_url: reader.parse(vars::PUBLIC_URL, parse::public_url),
            response_mode: reader.parse_or_default(vars::RESPONSE_MODE, parse::response_mode),
            allow_query_token: reader.parse_or_default(vars::ALLOW_QUERY_TOKEN, parse::boolean),
            allow_anonymous: reader.parse_or_default(vars::ALLOW_ANONYMOUS, parse::boolean),
            allowed_origins: reader.parse_or_default(vars::ALLOWED_ORIGINS, parse::origins),
            log_level: reader.parse(vars::LOG_LEVEL, parse::level).unwrap_or(info),
            log_format: reader.parse(vars::LOG_FORMAT, parse::log_format).unwrap_or(
                match platform {
                    Platform::Lambda => LogFormat::Json,
                    Platform::Local => LogFormat::Text,
                },
            ),
        }
    }

    /// Returns the value of `APP_USERS_PATH`, or locally the app's data folder: the folder of [`STORE_FILE`] and [`KEY_FILE`].
    #[must_use]
    pub fn users_path(&self) -> Option<&Path> {
        self.users_path.as_deref()
    }

    /// Returns whether `APP_USERS_PATH` was set.
    #[must_use]
    #[doc(hidden)] // For the admin CLI.
    pub const fn is_users_path_set(&self) -> bool {
        self.is_users_path_set
    }

    /// Returns the value of `SIGNING_KEY`.
    #[must_use]
    #[doc(hidden)] // For the admin CLI.
    pub const fn signing_key(&self) -> Option<&SigningKey> {
        self.signing_key.as_ref()
    }

    /// Returns the value of `PUBLIC_URL`, without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref()
    }

    /// Returns the value of `USERS_TABLE`.
    #[must_use]
    pub fn users_table(&self) -> Option<&str> {
        self.users_table.as_deref()
    }

    /// Returns the files of the embedded store and key that these settings use and that do not
    /// exist yet.
    #[must_use]
    #[doc(hidden)]
    pub fn missing_files(&self) -> Vec<PathBuf> {
        let is_key_named = self.signing_key.is_some() || self.signing_key_secret.is_some();
        let used = [
            (STORE_FILE, self.users_table.is_none()),
            (KEY_FILE, !is_key_named),
        ];
        let folder = self.users_path.iter();
        let files = folder.flat_map(|folder| {
            used.iter()
                .filter(|(_, is_used)| *is_used)
                .map(|(file, _)| folder.join(file))
        });
        files.filter(|file| !file.exists()).collect()
    }

    /// Returns the names of the settings that another process on this machine must share to work on
    /// the same users and tokens.
    #[cfg(feature = "local")]
    #[must_use]
    pub(crate) fn names_to_share(&self) -> Vec<&'static str> {
        let set = [
            (vars::SIGNING_KEY, self.signing_key.is_some()),
            (vars::SIGNING_KEY_SECRET, self.signing_key_secret.is_some()),
            (vars::USERS_TABLE, self.users_table.is_some()),
            (vars::APP_USERS_PATH, self.is_users_path_set),
            (vars::JWT_AUD, self.audience.is_some()),
        ];
        set.into_iter()
            .filter_map(|(name, is_set)| is_set.then_some(name))
            .collect()
    }

    /// Returns the path of the file in which a local server notes its URL for the admin CLI.
    #[must_use]
    #[doc(hidden)]
    pub fn url_file(&self) -> Option<PathBuf> {
        self.users_path.as_ref().map(|folder| folder.join("url"))
    }

    /// Returns the host of `PUBLIC_URL` (RFC 3986 §3.2.2).
    #[must_use]
    pub(crate) fn public_host(&self) -> Option<String> {
        let url: http::Uri = self.public_url.as_ref()?.parse().ok()?;
        url.host().map(str::to_owned)
    }

    /// Returns the path of `PUBLIC_URL`, such as `/notes`; empty where it has none.
    #[must_use]
    pub(crate) fn public_path(&self) -> String {
        let url: Option<http::Uri> = self.public_url.as_ref().and_then(|url| url.parse().ok());
        url.map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default()
    }

    /// Returns the origin (RFC 6454) of `PUBLIC_URL`.
    #[must_use]
    pub(crate) fn public_origin(&self) -> Option<AllowedOrigin> {
        parse::origin_of(self.public_url.as_ref()?)
    }
}

/// Returns a problem for each variable with a name near a [setting's](SETTINGS): an ignored
/// `JWT_AUDD` would accept every audience.
fn find_near_misses(environment: &dyn Environment) -> Vec<String> {
    let is_setting = |name: &str| SETTINGS.iter().any(|setting| setting.name == name);
    let mut names: Vec<_> = environment
        .names()
        .into_iter()
        .filter(|name| !is_setting(name))
        .collect();
    names.sort();
    // From the last setting to the first, since `SIGNING_KEY_SECRETS` begins with `SIGNING_KEY`,
    // too, and the later `SIGNING_KEY_SECRET` is the one that was meant.
    let near = |name: &String| {
        SETTINGS
            .iter()
            .rev()
            .find(|setting| is_near(&name.to_ascii_uppercase(), setting.name))
    };
    let problem = |name: &String| {
        near(name).map(|setting| format!("{name}: unknown setting; did you mean {}?", setting.name))
    };
    names.iter().filter_map(problem).collect()
}

/// Returns true for a setting's name with more behind it, or one or two letters away from it by
/// optimal string alignment.
fn is_near(name: &str, setting: &str) -> bool {
    let distance = if setting.len() > 10 { 2 } else { 1 };
    name.starts_with(setting) || strsim::osa_distance(name, setting) <= distance
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let environment: BTreeMap<_, _> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::read(&environment, "notes")
    }

    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("AWS_LAMBDA_FUNCTION_NAME", "notes"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ];

    #[test]
    fn a_laptop_needs_nothing_but_a_home() {
        let settings = read(&[("HOME", "/home/a")]).expect("enough");
        assert_eq!(
            (settings.platform, settings.users_path),
            (Platform::Local, Some("/home/a/.local/share/notes".into()))
        );
        let settings = read(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "/data")]).expect("enough");
        assert_eq!(settings.users_path, Some("/data/notes".into()));
        assert!(read(&[]).expect_err("nowhere to keep data")[0].starts_with("APP_USERS_PATH"));
    }

    #[test]
    fn a_lambda_needs_a_table_and_a_key_by_name() {
        let problems =
            read(&[&LAMBDA[..], &[("HOME", "/home/a")]].concat()).expect_err("neither is named");
        assert!(
            problems
                .iter()
                .any(|problem| problem.starts_with("SIGNING_KEY_SECRET")),
            "{problems:?}"
        );
        assert!(
            problems
                .iter()
                .any(|problem| problem.starts_with("USERS_TABLE")),
            "{problems:?}"
        );
        let key = ("SIGNING_KEY", "0123456789abcdef0123456789abcdef");
        let settings =
            read(&[&LAMBDA[..], &[key, ("APP_USERS_PATH", "/mnt/efs")]].concat()).expect("named");
        assert_eq!(
            (settings.platform, settings.log_format),
            (Platform::Lambda, LogFormat::Json)
        );
        let problems =
            read(&[LAMBDA[0], key, ("APP_USERS_PATH", "/mnt/efs")]).expect_err("no Lambda");
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn all_problems_are_reported_together_and_none_shows_a_key() {
        let problems = read(&[
            ("HOME", "/home/a"),
            ("SIGNING_KEY", "hunter2!"),
            ("SIGNING_KEY_SECRET", "prod/key"),
            ("TOKEN_DURATION_SECONDS", "-5"),
            ("PUBLIC_URL", "mcp.example.com"),
            ("RESPONSE_MODE", "fast"),
            ("ALLOW_QUERY_TOKEN", "yes"),
            ("ALLOWED_ORIGINS", "https://a.example, *"),
            ("LOG_LEVEL", "loud"),
            ("LOG_FORMAT", "xml"),
            ("JWT_AUDD", "x"),
            ("SIGNING_KEY_SECRETS", "x"),
            ("jwt_audience", "x"),
            ("APP_USERS_PATH", "relative/folder"),
        ])
        .expect_err("all wrong");
        for name in [
            "SIGNING_KEY: the signing key has 8 bytes",
            "TOKEN_DURATION_SECONDS: `-5`",
            "PUBLIC_URL: `mcp",
            "RESPONSE_MODE: `fast`",
            "ALLOW_QUERY_TOKEN: `yes`",
            "ALLOWED_ORIGINS: `*`",
            "LOG_LEVEL: `loud`",
            "LOG_FORMAT: `xml`",
            "JWT_AUDD: unknown setting; did you mean JWT_AUD?",
            "SIGNING_KEY_SECRETS: unknown setting; did you mean SIGNING_KEY_SECRET?",
            "jwt_audience: unknown setting; did you mean JWT_AUD?",
            "APP_USERS_PATH: `relative/folder`",
        ] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(name)),
                "{name} in {problems:#?}"
            );
        }
        assert!(!format!("{problems:?}").contains("hunter2"));
    }

    #[test]
    fn settings_print_no_key() {
        let settings = read(&[
            ("HOME", "/"),
            ("SIGNING_KEY", "0123456789abcdef0123456789abcdef"),
        ])
        .expect("enough");
        assert!(!format!("{settings:?}").contains("0123456789abcdef0"));
    }

    #[test]
    fn an_empty_setting_is_unset_but_for_an_audience() {
        let settings = read(&[
            ("HOME", "/"),
            ("ALLOWED_ORIGINS", ""),
            ("RESPONSE_MODE", " "),
        ])
        .expect("enough");
        assert_eq!(
            (settings.audience, settings.response_mode),
            (None, ResponseMode::Buffered)
        );
        for blank in ["", " ", "\t"] {
            let problems = read(&[("HOME", "/"), ("JWT_AUD", blank)])
                .expect_err("every audience would be accepted");
            assert!(
                problems[0].starts_with("JWT_AUD: it is blank"),
                "{problems:?}"
            );
        }
    }

    /// An environment in which one variable is set to what is no text.
    #[derive(Debug)]
    struct Unreadable(&'static str);

    impl Environment for Unreadable {
        fn get(&self, name: &str) -> Option<String> {
            (name == "HOME" && name != self.0).then(|| "/".to_owned())
        }

        fn is_set(&self, name: &str) -> bool {
            name == "HOME" || name == self.0
        }

        fn names(&self) -> Vec<String> {
            vec!["HOME".to_owned(), self.0.to_owned()]
        }
    }

    #[test]
    fn what_is_no_text_is_a_problem_and_never_as_good_as_unset() {
        for name in SETTINGS
            .iter()
            .map(|setting| setting.name)
            .chain(["HOME", "XDG_DATA_HOME"])
        {
            let problems = Settings::read(&Unreadable(name), "notes").expect_err(name);
            let problem = format!("{name}: its value is not UTF-8; set it again, or unset it");
            assert_eq!(
                problems.iter().filter(|found| **found == problem).count(),
                1,
                "{problems:?}"
            );
        }
        assert_eq!(
            Platform::detect(&Unreadable("AWS_LAMBDA_RUNTIME_API")),
            Platform::Lambda
        );
    }

    #[test]
    fn what_is_accepted_means_something() {
        for (name, value) in [
            ("ALLOWED_ORIGINS", "null"),
            ("ALLOWED_ORIGINS", ","),
            ("ALLOWED_ORIGINS", "https://a.example, https://*.*.example"),
            ("PUBLIC_URL", "https://me@mcp.example.com"),
            ("PUBLIC_URL", "https://mcp.example.com:99999"),
            ("PUBLIC_URL", "https://mcp.example.com/#top"),
            ("PUBLIC_URL", "https://*.example.com"),
            ("PUBLIC_URL", "https://mcp.example.com?a=b"),
            ("PUBLIC_URL", "https://mcp.example.com/mcp"),
            ("PUBLIC_URL", "https://mcp.example.com/admin/"),
            ("PUBLIC_URL", "https://mcp.example.com/health/x"),
            ("PUBLIC_URL", "https://mcp.example.com/.well-known"),
            ("PUBLIC_URL", "https://mcp.example.com/a/../b"),
            ("PUBLIC_URL", "https://mcp.example.com/a//b"),
            ("PUBLIC_URL", "https://mcp.example.com//a"),
            ("PUBLIC_URL", "https://mcp.example.com/a%2Fb"),
        ] {
            let problems = read(&[("HOME", "/"), (name, value)]).expect_err(value);
            assert!(problems[0].starts_with(name), "{problems:?}");
        }
        let origins = "chrome-extension://abcdef,vscode-webview://abc, app://obsidian.md , https://*.example.com";
        let settings =
            read(&[("HOME", "/"), ("ALLOWED_ORIGINS", origins)]).expect("origins of any scheme");
        assert_eq!(settings.allowed_origins.len(), 4);
        let settings = read(&[
            ("HOME", "/"),
            ("PUBLIC_URL", "https://mcp.example.com:443/notes/"),
        ])
        .expect("a URL");
        assert_eq!(
            settings.public_origin(),
            "https://mcp.example.com".parse().ok()
        );
    }
}
