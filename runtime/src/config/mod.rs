//! Settings: read once, all faults reported together.
//!
//! A setting that is missing or broken must never open anything: one whose name is nearly right is a fault, not a wish
//! unheard, and so is a value that is not UTF-8.

mod env;
mod vars;

use std::path::PathBuf;
use std::str::FromStr;

pub use env::{Environment, ProcessEnvironment};
pub use vars::{SETTINGS, Setting};

use crate::http::AllowedOrigin;
use crate::identity::{DEFAULT_DURATION_SECONDS, DURATION_SECONDS};
use crate::keys::SigningKey;

/// Where the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In AWS Lambda or its emulator: everything is named, nothing is made.
    Lambda,
    /// On somebody's machine: what is not named is made in the app's data folder.
    Local,
}

impl Place {
    /// Where this environment says we are.
    #[must_use]
    pub fn of(environment: &dyn Environment) -> Self {
        if environment.is_set("AWS_LAMBDA_RUNTIME_API") {
            Self::Lambda
        } else {
            Self::Local
        }
    }
}

/// How a Lambda answers; it must be as the function URL or the gateway is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// Whole answers of at most 6 MB.
    #[default]
    Buffered,
    /// Answers that begin before they end.
    Stream,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For programs: one JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Everything a deployment decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the process runs.
    pub place: Place,
    /// `SIGNING_KEY`.
    pub signing_key: Option<SigningKey>,
    /// `SIGNING_KEY_SECRET`.
    pub signing_key_secret: Option<String>,
    /// `USERS_TABLE`.
    pub users_table: Option<String>,
    /// `APP_USERS_PATH`, or locally the app's data folder.
    pub users_path: Option<PathBuf>,
    /// Whether `APP_USERS_PATH` was set.
    pub is_users_path_named: bool,
    /// `JWT_AUD`.
    pub audience: Option<String>,
    /// `TOKEN_DURATION_SECONDS`.
    pub duration_seconds: u64,
    /// `PUBLIC_URL`, without a slash at its end.
    pub public_url: Option<String>,
    /// `RESPONSE_MODE`.
    pub response_mode: ResponseMode,
    /// `ALLOW_QUERY_TOKEN`.
    pub allow_query_token: bool,
    /// `ALLOW_ANONYMOUS`.
    pub allow_anonymous: bool,
    /// `ALLOWED_ORIGINS`.
    pub allowed_origins: Vec<AllowedOrigin>,
    /// `LOG_LEVEL`.
    pub log_level: tracing::level_filters::LevelFilter,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
}

/// The embedded store's file in its folder.
pub const STORE_FILE: &str = "store.sqlite3";

/// The generated signing key's file in the same folder.
pub const KEY_FILE: &str = "signing-key";

/// The first segments of the routes that every server has.
const ROUTES: [&str; 4] = ["mcp", "admin", "health", ".well-known"];

impl Settings {
    /// The files of the embedded store and key, as far as these settings use them, that are not there yet.
    #[must_use]
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

    /// Reads the settings of an app.
    ///
    /// # Errors
    /// Every fault, each naming its setting and what to do.
    pub fn read(environment: &dyn Environment, app: &str) -> Result<Self, Vec<String>> {
        let mut reader = Reader {
            environment,
            faults: near_misses(environment),
        };
        let place = Place::of(environment);
        let settings = Self {
            place,
            signing_key: reader.parsed(vars::SIGNING_KEY, |text| {
                SigningKey::from_text(text).map_err(|error| error.to_string())
            }),
            signing_key_secret: reader.text(vars::SIGNING_KEY_SECRET),
            users_table: reader.text(vars::USERS_TABLE),
            users_path: reader.users_path(place, app),
            is_users_path_named: reader.text(vars::APP_USERS_PATH).is_some(),
            audience: reader.audience(),
            duration_seconds: reader
                .parsed(vars::TOKEN_DURATION_SECONDS, duration)
                .unwrap_or(DEFAULT_DURATION_SECONDS),
            public_url: reader.parsed(vars::PUBLIC_URL, public_url),
            response_mode: reader
                .parsed(vars::RESPONSE_MODE, response_mode)
                .unwrap_or_default(),
            allow_query_token: reader
                .parsed(vars::ALLOW_QUERY_TOKEN, boolean)
                .unwrap_or_default(),
            allow_anonymous: reader
                .parsed(vars::ALLOW_ANONYMOUS, boolean)
                .unwrap_or_default(),
            allowed_origins: reader
                .parsed(vars::ALLOWED_ORIGINS, origins)
                .unwrap_or_default(),
            log_level: reader
                .parsed(vars::LOG_LEVEL, level)
                .unwrap_or(tracing::level_filters::LevelFilter::INFO),
            log_format: reader
                .parsed(vars::LOG_FORMAT, log_format)
                .unwrap_or(match place {
                    Place::Lambda => LogFormat::Json,
                    Place::Local => LogFormat::Text,
                }),
        };
        reader.check_together(&settings);
        if reader.faults.is_empty() {
            Ok(settings)
        } else {
            Err(reader.faults)
        }
    }

    /// The settings that another process on this machine must share to work on the same users and tokens.
    #[must_use]
    pub fn to_share(&self) -> Vec<&'static str> {
        let set = [
            (vars::SIGNING_KEY, self.signing_key.is_some()),
            (vars::SIGNING_KEY_SECRET, self.signing_key_secret.is_some()),
            (vars::USERS_TABLE, self.users_table.is_some()),
            (vars::APP_USERS_PATH, self.is_users_path_named),
            (vars::JWT_AUD, self.audience.is_some()),
        ];
        set.into_iter()
            .filter_map(|(name, is_set)| is_set.then_some(name))
            .collect()
    }

    /// The file in which a local server notes its URL for the admin CLI.
    #[must_use]
    pub fn url_file(&self) -> Option<PathBuf> {
        self.users_path.as_ref().map(|folder| folder.join("url"))
    }

    /// The host of `PUBLIC_URL`.
    #[must_use]
    pub fn public_host(&self) -> Option<String> {
        let url: http::Uri = self.public_url.as_ref()?.parse().ok()?;
        url.host().map(str::to_owned)
    }

    /// The path of `PUBLIC_URL`, such as `/notes`, or nothing.
    #[must_use]
    pub fn public_path(&self) -> String {
        let url: Option<http::Uri> = self.public_url.as_ref().and_then(|url| url.parse().ok());
        url.map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default()
    }

    /// The origin of `PUBLIC_URL`.
    #[must_use]
    pub fn public_origin(&self) -> Option<AllowedOrigin> {
        origin_of(self.public_url.as_ref()?)
    }
}

struct Reader<'a> {
    environment: &'a dyn Environment,
    faults: Vec<String>,
}

impl Reader<'_> {
    /// A setting's text; empty is as good as unset, and what is no text is a fault.
    fn text(&mut self, name: &str) -> Option<String> {
        let text = self.environment.get(name);
        let fault = format!("{name}: its value is not UTF-8; set it again, or unset it");
        if text.is_none() && self.environment.is_set(name) && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
        text.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// The audience. One that is set and blank was meant to close what leaving it out opens.
    fn audience(&mut self) -> Option<String> {
        let audience = self.text(vars::JWT_AUD);
        if audience.is_none() && self.environment.get(vars::JWT_AUD).is_some() {
            let name = vars::JWT_AUD;
            self.faults.push(format!(
                "{name}: it is blank; set it to the audience, or unset it to accept any"
            ));
        }
        audience
    }

    /// A setting's value; what does not parse is a fault.
    fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(format!("{name}: {fault}"));
                None
            }
        }
    }

    fn users_path(&mut self, place: Place, app: &str) -> Option<PathBuf> {
        let named = self.parsed(vars::APP_USERS_PATH, absolute);
        if named.is_some() || place == Place::Lambda {
            return named;
        }
        let data = self
            .text("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let home = |home: String| PathBuf::from(home).join(".local/share");
        let folder = data
            .or_else(|| self.text("HOME").map(home))
            .map(|data| data.join(app));
        if folder.is_none() {
            self.faults.push(format!(
                "{}: there is no home folder to keep data in; set it to a folder",
                vars::APP_USERS_PATH
            ));
        }
        folder
    }

    fn check_together(&mut self, settings: &Settings) {
        if settings.signing_key.is_some() && settings.signing_key_secret.is_some() {
            self.faults.push(format!(
                "{} and {} are both set; set one",
                vars::SIGNING_KEY,
                vars::SIGNING_KEY_SECRET
            ));
        }
        if settings.place == Place::Local {
            return;
        }
        if self.text(vars::SIGNING_KEY).is_none() && settings.signing_key_secret.is_none() {
            self.faults.push(format!(
                "{}: set it to the Secrets Manager secret that holds the signing key, or SIGNING_KEY to the key",
                vars::SIGNING_KEY_SECRET
            ));
        }
        if settings.users_table.is_none() && settings.users_path.is_none() {
            self.faults.push(format!(
                "{}: set it to the DynamoDB table that holds the users, or, under the emulator, APP_USERS_PATH to a folder of this machine",
                vars::USERS_TABLE
            ));
        }
        for name in [
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        ] {
            if self.text(name).is_none() {
                self.faults.push(format!(
                    "{name}: Lambda sets it; without Lambda, unset AWS_LAMBDA_RUNTIME_API"
                ));
            }
        }
    }
}

/// Variables whose names are one or two letters from a setting's: an unheard `JWT_AUDD` would accept every audience.
fn near_misses(environment: &dyn Environment) -> Vec<String> {
    let is_setting = |name: &str| SETTINGS.iter().any(|setting| setting.name == name);
    let mut names: Vec<_> = environment
        .names()
        .into_iter()
        .filter(|name| !is_setting(name))
        .collect();
    names.sort();
    let near = |name: &String| {
        SETTINGS
            .iter()
            .rev()
            .find(|setting| is_near(&name.to_ascii_uppercase(), setting.name))
    };
    let fault = |name: &String| {
        near(name).map(|setting| format!("{name}: unknown setting; did you mean {}?", setting.name))
    };
    names.iter().filter_map(fault).collect()
}

/// The same in other letters, the same with more behind it, or one or two letters away.
fn is_near(name: &str, setting: &str) -> bool {
    let distance = if setting.len() > 10 { 2 } else { 1 };
    name.starts_with(setting) || strsim::osa_distance(name, setting) <= distance
}

fn absolute(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(format!("`{text}` must be a whole path, from the root"))
    }
}

fn duration(text: &str) -> Result<u64, String> {
    let (least, most) = (DURATION_SECONDS.start(), DURATION_SECONDS.end());
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| DURATION_SECONDS.contains(seconds));
    seconds.ok_or_else(|| format!("`{text}` is not a number of seconds from {least} to {most}"))
}

fn boolean(text: &str) -> Result<bool, String> {
    bool::from_str(text).map_err(|_| format!("`{text}` is neither `true` nor `false`"))
}

fn response_mode(text: &str) -> Result<ResponseMode, String> {
    match text {
        "stream" => Ok(ResponseMode::Stream),
        "buffered" => Ok(ResponseMode::Buffered),
        _ => Err(format!("`{text}` is neither `stream` nor `buffered`")),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err(format!("`{text}` is neither `json` nor `text`")),
    }
}

fn level(text: &str) -> Result<tracing::level_filters::LevelFilter, String> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    let lower = text.to_ascii_lowercase();
    let level = known
        .contains(&lower.as_str())
        .then(|| lower.parse().ok())
        .flatten();
    level.ok_or_else(|| format!("`{text}` is none of {}", known.join(", ")))
}

fn public_url(text: &str) -> Result<String, String> {
    let url: Option<http::Uri> = text.parse().ok();
    let is_web = url.is_some_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.query().is_none()
    });
    if !is_web || text.contains(['#', '*']) || origin_of(text).is_none() {
        return Err(format!(
            "`{text}` is not a URL such as https://mcp.example.com"
        ));
    }
    let text = text.trim_end_matches('/');
    check_base(text)?;
    Ok(text.to_owned())
}

/// The path of a `PUBLIC_URL` is taken off requests that come with it; others come without. A path that is itself a route
/// would be taken off those, and one that clients normalize would never come.
fn check_base(url: &str) -> Result<(), String> {
    let uri: http::Uri = url.parse().map_err(|_| format!("`{url}` is not a URL"))?;
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let mut segments = path.split('/').filter(|_| !path.is_empty());
    let first = segments.clone().next().unwrap_or_default();
    if ROUTES.contains(&first) {
        return Err(format!(
            "`{url}` ends in a route of the server; give the URL that stands before `/{first}`"
        ));
    }
    let is_plain = |segment: &str| {
        !segment.is_empty() && !matches!(segment, "." | "..") && !segment.contains('%')
    };
    if segments.all(is_plain) {
        Ok(())
    } else {
        Err(format!("`{url}` has a path that clients write differently"))
    }
}

/// The origin of a URL; none for one that names a user or a port that there can't be.
fn origin_of(url: &str) -> Option<AllowedOrigin> {
    let url: http::Uri = url.parse().ok()?;
    format!("{}://{}", url.scheme_str()?, url.authority()?)
        .parse()
        .ok()
}

fn origins(text: &str) -> Result<Vec<AllowedOrigin>, String> {
    let named = text
        .split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty());
    let origins: Vec<AllowedOrigin> = named.map(str::parse).collect::<Result<_, _>>()?;
    if origins.is_empty() {
        Err(format!("`{text}` names no origin"))
    } else {
        Ok(origins)
    }
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
            (settings.place, settings.users_path),
            (Place::Local, Some("/home/a/.local/share/notes".into()))
        );
        let settings = read(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "/data")]).expect("enough");
        assert_eq!(settings.users_path, Some("/data/notes".into()));
        assert!(read(&[]).expect_err("nowhere to keep data")[0].starts_with("APP_USERS_PATH"));
    }

    #[test]
    fn a_lambda_needs_a_table_and_a_key_by_name() {
        let faults =
            read(&[&LAMBDA[..], &[("HOME", "/home/a")]].concat()).expect_err("neither is named");
        assert!(
            faults
                .iter()
                .any(|fault| fault.starts_with("SIGNING_KEY_SECRET")),
            "{faults:?}"
        );
        assert!(
            faults.iter().any(|fault| fault.starts_with("USERS_TABLE")),
            "{faults:?}"
        );
        let key = ("SIGNING_KEY", "0123456789abcdef0123456789abcdef");
        let settings =
            read(&[&LAMBDA[..], &[key, ("APP_USERS_PATH", "/mnt/efs")]].concat()).expect("named");
        assert_eq!(
            (settings.place, settings.log_format),
            (Place::Lambda, LogFormat::Json)
        );
        let faults =
            read(&[LAMBDA[0], key, ("APP_USERS_PATH", "/mnt/efs")]).expect_err("no Lambda");
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn all_faults_are_reported_together_and_none_shows_a_key() {
        let faults = read(&[
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
                faults.iter().any(|fault| fault.starts_with(name)),
                "{name} in {faults:#?}"
            );
        }
        assert!(!format!("{faults:?}").contains("hunter2"));
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
            let faults = read(&[("HOME", "/"), ("JWT_AUD", blank)])
                .expect_err("every audience would be accepted");
            assert!(faults[0].starts_with("JWT_AUD: it is blank"), "{faults:?}");
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
    fn what_is_no_text_is_a_fault_and_never_as_good_as_unset() {
        for name in SETTINGS
            .iter()
            .map(|setting| setting.name)
            .chain(["HOME", "XDG_DATA_HOME"])
        {
            let faults = Settings::read(&Unreadable(name), "notes").expect_err(name);
            let fault = format!("{name}: its value is not UTF-8; set it again, or unset it");
            assert_eq!(
                faults.iter().filter(|found| **found == fault).count(),
                1,
                "{faults:?}"
            );
        }
        assert_eq!(
            Place::of(&Unreadable("AWS_LAMBDA_RUNTIME_API")),
            Place::Lambda
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
            let faults = read(&[("HOME", "/"), (name, value)]).expect_err(value);
            assert!(faults[0].starts_with(name), "{faults:?}");
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
