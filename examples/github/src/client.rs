//! [`Client`]: requests to GitHub, with the token of the user who calls.
//!
//! A token must never leave for another origin than its account's, nor be in an error.

use std::sync::OnceLock;
use std::time::Duration;

use mcp_lambda::prelude::*;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LINK};
use reqwest::redirect::Policy;
use reqwest::{Response, Url};
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::refusal::refusal;

const AGENT: &str = concat!("mcp-lambda-github/", env!("CARGO_PKG_VERSION"));
const MEDIA: &str = "application/vnd.github+json";
const VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");

/// The most redirects of a renamed repository that are followed.
const MAX_REDIRECTS: usize = 3;

/// The largest answer that is read.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A page of values, and the number of the next one ([`next_page`]).
pub(crate) struct Page<T> {
    pub(crate) body: T,
    pub(crate) next_page: Option<u32>,
}

/// GitHub by HTTP. Its connections are made at the first call, since declaring an app opens nothing.
#[derive(Debug)]
pub(crate) struct Client {
    http: OnceLock<reqwest::Client>,
    /// For an API on this machine: tokens go there in the clear, and so past every proxy.
    near: OnceLock<reqwest::Client>,
    connect: Duration,
    whole: Duration,
}

impl Default for Client {
    fn default() -> Self {
        Self::patient(Duration::from_secs(5), Duration::from_secs(20))
    }
}

impl Client {
    /// Waits so long to connect, and so long in all.
    const fn patient(connect: Duration, whole: Duration) -> Self {
        Self {
            http: OnceLock::new(),
            near: OnceLock::new(),
            connect,
            whole,
        }
    }

    /// Reads a [`Page`] at a path below the account's address, as part of the trace that the call is part of.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        context: &Context,
        account: &Account,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Page<T>> {
        let request = self
            .http(account)?
            .get(address(account, path, query)?)
            .headers(context.trace().headers());
        let response = request
            .header(AUTHORIZATION, authorization(account)?)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = read(response).await?;
        if !status.is_success() {
            return Err(refusal(status, &headers, &body, &account.token));
        }
        Ok(Page {
            body: parse(&body)?,
            next_page: next_page(&headers),
        })
    }

    fn http(&self, account: &Account) -> Result<&reqwest::Client> {
        let is_near = account.is_near();
        let kept = if is_near { &self.near } else { &self.http };
        match kept.get() {
            Some(http) => Ok(http),
            None => self.start(is_near).map(|http| kept.get_or_init(|| http)),
        }
    }

    fn start(&self, is_near: bool) -> Result<reqwest::Client> {
        let always = [
            (ACCEPT, MEDIA),
            (HeaderName::from_static(VERSION.0), VERSION.1),
        ];
        let headers = always
            .into_iter()
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect();
        let http = reqwest::Client::builder()
            .user_agent(AGENT)
            .default_headers(headers)
            .connect_timeout(self.connect)
            .timeout(self.whole)
            .redirect(Policy::custom(|attempt| {
                if stays_home(&attempt) {
                    attempt.follow()
                } else {
                    attempt.stop()
                }
            }));
        let http = if is_near { http.no_proxy() } else { http };
        http.build().or_internal("the client of GitHub can't start")
    }
}

/// Returns `true` if a redirect stays at the origin of the first request, and is at most the one that [`MAX_REDIRECTS`]
/// allows.
fn stays_home(attempt: &reqwest::redirect::Attempt<'_>) -> bool {
    let first = attempt.previous().first();
    first.is_some_and(|first| first.origin() == attempt.url().origin())
        && attempt.previous().len() <= MAX_REDIRECTS
}

fn address(account: &Account, path: &str, query: &[(&str, String)]) -> Result<Url> {
    let url = Url::parse(&format!("{}{path}", account.api_url()));
    let mut url =
        url.map_err(|_| Error::invalid("this makes no address at GitHub; check the names"))?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

fn authorization(account: &Account) -> Result<HeaderValue> {
    let fault = || {
        Error::invalid(
            "the `token` of your profile is empty or holds what no token does; ask an operator to run `github-admin users update-profile EMAIL --token-env GITHUB_TOKEN`",
        )
    };
    let token = account.token.expose();
    let is_allowed = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let bearer = Secret::new(format!("Bearer {token}"));
    let mut value = HeaderValue::from_str(bearer.expose())
        .ok()
        .filter(|_| is_allowed)
        .ok_or_else(fault)?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(mut response: Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_BYTES {
            let limit = MAX_BYTES / 1024 / 1024;
            return Err(Error::too_large(format!(
                "GitHub's answer is over {limit} MiB; ask again with a smaller `per_page`"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let fault = if error.is_data() {
            format!("GitHub's answer has another shape than its documentation says, at `{path}`")
        } else {
            "what answers is not GitHub's API, since it gives no JSON".to_owned()
        };
        let advice = "try again later, and have an operator check the `api_url` of your profile if it has one";
        // The parser's own words quote the answer, which no log should hold.
        let place = format!("{:?} at line {}, column {}", error.classify(), error.line(), error.column());
        Error::unavailable(format!("{fault}; {advice}")).with_source(place)
    })
}

fn unreachable(error: reqwest::Error) -> Error {
    let fault = if error.is_timeout() {
        Error::deadline_exceeded("GitHub did not answer in time; try again later, or ask for less")
    } else {
        Error::unavailable(
            "GitHub can't be reached; try again later, and have an operator check the `api_url` of your profile if it has one",
        )
    };
    fault.with_source(error.without_url())
}

/// Returns the page that the header `Link` calls the next one (RFC 8288).
fn next_page(headers: &HeaderMap) -> Option<u32> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let mut links = links.split('<').filter_map(|link| link.split_once('>'));
    let (url, _) = links.find(|(_, about)| about.contains(r#"rel="next""#))?;
    let url = Url::parse(url).ok()?;
    url.query_pairs()
        .find(|(name, _)| name == "page")
        .and_then(|(_, page)| page.parse().ok())
}

#[cfg(test)]
mod tests {
    use mcp_lambda::ErrorKind;
    use mcp_lambda::testkit::block_on;
    use serde_json::{Value, json};

    use super::*;

    fn account(profile: Value) -> Account {
        serde_json::from_value(profile).expect("a profile")
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", silent.local_addr().expect("an address"));
        let client = Client::patient(Duration::from_millis(50), Duration::from_millis(50));
        let account = account(json!({"token": "t0ken", "api_url": url}));
        let context = Context::with_timeout(Duration::from_secs(60));
        let asked = client.get::<Value>(&context, &account, "/rate_limit", &[]);
        let asked = block_on(async { tokio::time::timeout(Duration::from_secs(10), asked).await });
        let error = asked
            .expect("the client gives up by itself")
            .err()
            .expect("too late");
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error:?}");
        assert!(error.message().starts_with("GitHub did not answer in time"));
        assert!(!error.chain().contains("t0ken"));
    }

    #[test]
    fn a_request_ends_before_its_call() {
        let client = Client::default();
        assert!(client.connect < client.whole && client.whole < crate::TIMEOUT);
    }

    #[test]
    fn no_header_shows_a_token_and_no_odd_token_is_sent() {
        let sent = authorization(&account(json!({"token": "t0ken"}))).expect("valid");
        assert_eq!(
            (format!("{sent:?}").as_str(), sent.as_bytes()),
            ("Sensitive", b"Bearer t0ken".as_slice())
        );
        for token in ["", " ", "two words", "line\nbreak", "tökén"] {
            let error = authorization(&account(json!({ "token": token }))).expect_err("refused");
            assert!(
                error.message().starts_with("the `token` of your profile"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_next_page_is_read_from_the_link_that_says_so() {
        let next = |link: &'static str| {
            next_page(&HeaderMap::from_iter([(
                LINK,
                HeaderValue::from_static(link),
            )]))
        };
        for (link, expected) in [
            (
                r#"<https://api.github.com/x?per_page=20&page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last""#,
                Some(2),
            ),
            (
                r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?q=a,b&page=3>; rel="next""#,
                Some(3),
            ),
            (
                r#"<https://api.github.com/x?page=1>; rel="first", <https://api.github.com/x?page=8>; rel="prev""#,
                None,
            ),
            (r#"<https://api.github.com/x?after=abc>; rel="next""#, None),
            ("nonsense", None),
        ] {
            assert_eq!(next(link), expected, "{link}");
        }
        assert_eq!(next_page(&HeaderMap::new()), None);
    }
}
