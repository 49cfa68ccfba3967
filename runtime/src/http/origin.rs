//! Origins: the scheme, host and port of the page, extension or web view that sends a request (RFC 6454 §4), and the
//! [`AllowedOrigin`]s of a deployment.

use std::str::FromStr;

use http::uri::Authority;

/// An origin as a browser sends it in `Origin`; [`Origin::parse`] takes `null` for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    /// `None` where the scheme has no default port and none is named.
    port: Option<u16>,
}

impl Origin {
    /// Takes `scheme://host` or `scheme://host:port` apart (RFC 6454 §6.2).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let authority: Authority = authority.parse().ok()?;
        let (host, port) = (authority.host(), authority.port_u16());
        let whole = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let is_origin = is_scheme(scheme) && !host.is_empty() && whole == authority.as_str();
        let scheme = scheme.to_ascii_lowercase();
        let port = port.or_else(|| default_port(&scheme));
        is_origin.then(|| Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether the origin is a web page's, and not that of an extension or an app that merely calls its host
    /// `localhost`.
    pub(super) fn is_web(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "https")
    }
}

/// An origin whose pages may send requests, or with `*.` before its host all subdomains of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllowedOrigin {
    origin: Origin,
    has_subdomains: bool,
}

impl AllowedOrigin {
    /// Returns whether a request's [`Origin`] is this one, or of one of its subdomains.
    pub(super) fn allows(&self, asking: &Origin) -> bool {
        let is_host = if self.has_subdomains {
            let subdomain = asking
                .host
                .strip_suffix(&self.origin.host)
                .and_then(|rest| rest.strip_suffix('.'));
            subdomain.is_some_and(|labels| labels.split('.').all(|label| !label.is_empty()))
        } else {
            asking.host == self.origin.host
        };
        is_host && asking.scheme == self.origin.scheme && asking.port == self.origin.port
    }
}

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "`{text}` is not an origin such as https://app.example.com, https://*.example.com or chrome-extension://ID (no path, and `*` only for the subdomains of a domain)"
            )
        };
        let mut origin = Origin::parse(text).ok_or_else(problem)?;
        let domain = origin.host.strip_prefix("*.").map(str::to_owned);
        let has_subdomains = domain.is_some();
        if domain
            .as_deref()
            .is_some_and(|domain| !has_own_subdomains(domain))
        {
            return Err(problem());
        }
        origin.host = domain.unwrap_or(origin.host);
        if origin.host.contains('*') {
            Err(problem())
        } else {
            Ok(Self {
                origin,
                has_subdomains,
            })
        }
    }
}

/// Returns whether all subdomains of a domain may belong to one owner: not those of a top-level domain, and an address has
/// none.
fn has_own_subdomains(domain: &str) -> bool {
    let labels: Vec<_> = domain.split('.').collect();
    let is_named = labels.iter().all(|label| !label.is_empty())
        && labels
            .last()
            .is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()))
        && !domain.contains([':', '[']);
    is_named && (labels.len() > 1 || domain == "localhost")
}

/// Returns whether a text is a URI scheme (RFC 3986 §3.1).
fn is_scheme(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is_allowed)
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(allowed: &str, origin: &str) -> bool {
        let allowed: AllowedOrigin = allowed.parse().unwrap_or_else(|fault| panic!("{fault}"));
        Origin::parse(origin).is_some_and(|origin| allowed.allows(&origin))
    }

    #[test]
    fn an_origin_is_its_scheme_host_and_port() {
        for (allowed, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://App.Example.com:443", "https://app.example.com"),
            ("http://app.example.com", "http://app.example.com:80"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            (
                "chrome-extension://abcdefghijklmnop",
                "chrome-extension://abcdefghijklmnop",
            ),
            ("vscode-webview://0a1b2c", "vscode-webview://0A1B2C"),
            ("app://obsidian.md", "app://obsidian.md"),
        ] {
            assert!(allows(allowed, origin), "{allowed} {origin}");
        }
        for (allowed, origin) in [
            ("https://app.example.com", "http://app.example.com"),
            ("https://app.example.com", "https://app.example.com:8443"),
            (
                "https://app.example.com",
                "https://app.example.com.evil.com",
            ),
            ("https://app.example.com", "https://x@app.example.com"),
            ("chrome-extension://abc", "moz-extension://abc"),
            ("app://obsidian.md", "null"),
        ] {
            assert!(!allows(allowed, origin), "{allowed} {origin}");
        }
    }

    #[test]
    fn a_wildcard_is_for_subdomains_and_nothing_else() {
        for origin in [
            "https://app.example.com",
            "https://a.b.example.com",
            "https://APP.EXAMPLE.COM:443",
        ] {
            assert!(allows("https://*.example.com", origin), "{origin}");
        }
        for origin in [
            "https://example.com",
            "https://.example.com",
            "https://a..example.com",
            "https://evil-example.com",
            "https://evilexample.com",
            "https://app.example.com.evil.com",
            "http://app.example.com",
            "https://app.example.com:8443",
        ] {
            assert!(!allows("https://*.example.com", origin), "{origin}");
        }
        assert!(allows(
            "http://*.localhost:3000",
            "http://notes.localhost:3000"
        ));
    }

    #[test]
    fn what_could_match_nothing_or_anything_is_refused() {
        for text in [
            "null",
            "*",
            "https://*",
            "https://*.com",
            "https://*.*.example.com",
            "https://a*.example.com",
            "https://app.*.com",
            "https://app.example.com:*",
            "https://*.1.2.3.4",
            "https://*.[::1]",
            "https://app.example.com/",
            "https://app.example.com?x",
            "https://app.example.com:99999",
            "https://app.example.com:",
            "https://me@app.example.com",
            "https://",
            "://app.example.com",
            "1http://app.example.com",
            "app.example.com",
            "",
        ] {
            let fault = text.parse::<AllowedOrigin>().expect_err(text);
            assert!(fault.contains(&format!("`{text}`")), "{fault}");
        }
    }

    proptest! {
        #[test]
        fn a_wildcard_matches_only_at_a_label(host in "[a-z.-]{0,12}") {
            let matched = allows("https://*.example.com", &format!("https://{host}example.com"));
            let labels = host.strip_suffix('.').filter(|labels| labels.split('.').all(|label| !label.is_empty()));
            prop_assert_eq!(matched, labels.is_some());
        }

        #[test]
        fn no_text_brings_it_down(text: String) {
            let _ = (Origin::parse(&text), text.parse::<AllowedOrigin>());
        }
    }
}
