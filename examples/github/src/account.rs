//! [`Account`], the profile of a user: a token for GitHub, and the address of its API.
//!
//! No address may be kept to which a token would travel in the clear.

use std::net::IpAddr;

use mcp_lambda::prelude::*;
use reqwest::Url;
use serde::Deserializer;
use serde::de::{Error as _, Unexpected};

/// GitHub's own address, where an [`Account`] names no other.
const GITHUB: &str = "https://api.github.com";

/// The form of an address, for errors.
const EXPECTED: &str = "an `https` URL such as `https://github.example.com/api/v3`, without user, query and fragment (`http` is for this machine only)";

/// A user's access to GitHub.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Account {
    /// Token for GitHub: a personal access token from Settings, Developer settings.
    pub token: Secret<String>,
    /// Where the API is, if not `https://api.github.com` (GitHub Enterprise: `https://HOST/api/v3`).
    pub api_url: Option<ApiUrl>,
}

impl Account {
    /// Returns the address of the API ([`ApiUrl`]), without a `/` at the end.
    pub(crate) fn api_url(&self) -> &str {
        self.api_url.as_ref().map_or(GITHUB, |url| &url.0)
    }

    /// Returns `true` if the API is on this machine, where a token goes in the clear.
    pub(crate) fn is_near(&self) -> bool {
        Url::parse(self.api_url()).is_ok_and(|url| is_loopback(&url))
    }
}

/// An address that a token may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(inline)]
pub struct ApiUrl(String);

impl ApiUrl {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_whole = url.query().is_none() && url.fragment().is_none();
        (is_private && is_plain && is_whole)
            .then(|| Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl<'de> Deserialize<'de> for ApiUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Other("text"), &EXPECTED))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_if_a_token_is_safe_on_the_way() {
        for (text, expected) in [
            (
                "https://github.example.com/api/v3/",
                "https://github.example.com/api/v3",
            ),
            ("https://GitHub.example.com", "https://github.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/api/v3", "http://[::1]:8080/api/v3"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(
                ApiUrl::parse(text),
                Some(ApiUrl(expected.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn any_other_address_is_refused() {
        for text in [
            "",
            "github.example.com",
            "http://github.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://user:word@github.example.com",
            "https://user@github.example.com",
            "https://github.example.com/?a=b",
            "https://github.example.com/#a",
        ] {
            assert_eq!(ApiUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn without_an_address_it_is_githubs_own() {
        let account = Account {
            token: Secret::new("t".to_owned()),
            api_url: None,
        };
        assert_eq!(account.api_url(), "https://api.github.com");
        assert!(!format!("{account:?}").contains("\"t\""));
    }
}
