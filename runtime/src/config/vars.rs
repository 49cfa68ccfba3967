//! The list of all settings, from which the README's table is made; a test compares them.

/// A setting of [`Settings`](super::Settings), with its documentation.
///
/// ```
/// use mcp_lambda::config::SETTINGS;
///
/// let level = SETTINGS.iter().find(|setting| setting.name == "LOG_LEVEL").expect("a setting");
/// assert_eq!(level.default, "`info`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// The value that applies if it is not set, in Markdown.
    pub default: &'static str,
    /// The description, in Markdown.
    pub about: &'static str,
}

macro_rules! settings {
    ($($name:ident: $default:literal, $about:literal;)+) => {
        $(pub(super) const $name: &str = stringify!($name);)+

        /// Every [`Setting`], in the order of the README.
        pub const SETTINGS: &[Setting] = &[$(Setting { name: $name, default: $default, about: $about }),+];
    };
}

settings! {
    SIGNING_KEY: "locally: generated once into the data folder", "The key that signs tokens, 32 bytes or more.";
    SIGNING_KEY_SECRET: "on Lambda: needed, unless `SIGNING_KEY` is set", "Name or ARN of the Secrets Manager secret that holds the signing key.";
    USERS_TABLE: "on Lambda: needed, unless `APP_USERS_PATH` is set", "The DynamoDB table that holds the users.";
    APP_USERS_PATH: "locally: the app's folder in `$XDG_DATA_HOME` or `~/.local/share`", "The folder of the embedded store, as a whole path, on a disk of this machine: a network file system is refused.";
    JWT_AUD: "any audience is accepted", "The `aud` that every token carries and must carry.";
    TOKEN_DURATION_SECONDS: "`7776000` (90 days)", "How long a token lives if nobody says otherwise, from 60 to 315360000.";
    PUBLIC_URL: "the address it listens on", "The URL under which clients reach the server. If it has a path, that is taken off the requests that arrive with it.";
    RESPONSE_MODE: "`buffered`", "How a Lambda answers: `stream` or `buffered`, as its function URL or gateway is set.";
    ALLOW_QUERY_TOKEN: "`false`", "Whether a token may come as `?token=`, which logs of others may keep.";
    ALLOW_ANONYMOUS: "`false`", "Whether an app that its code opens (`App::allow_anonymous`) may serve anyone on Lambda.";
    ALLOWED_ORIGINS: "none; locally: this machine's own", "Origins whose pages, extensions or web views may ask, separated by commas; `https://*.example.com` is every subdomain.";
    LOG_LEVEL: "`info`", "`off`, `error`, `warn`, `info`, `debug` or, in a debug build, `trace`.";
    LOG_FORMAT: "`json` on Lambda, `text` locally", "`json` or `text`.";
}
