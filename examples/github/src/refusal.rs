//! GitHub's refusals, as [`Error`]s that say what to do next.
//!
//! GitHub's own words are quoted and never trusted: a token in them is masked.

use mcp_lambda::clock::format_rfc3339;
use mcp_lambda::prelude::*;
use mcp_lambda::secret::MASK;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::answers::cut;

/// The most characters of GitHub's message that are quoted.
const MAX_WORDS: usize = 300;

/// Converts an answer that is no success to an [`Error`], with the pause that [`pause`] finds.
pub(crate) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    token: &Secret<String>,
) -> Error {
    let words = words(body, token);
    if let Some(pause) = pause(status, headers, &words) {
        let fault = format!("GitHub takes no more requests from you for now; try again {pause}");
        return Error::rate_limited(fault);
    }
    let said = if words.is_empty() {
        words
    } else {
        format!(" (it says: {words})")
    };
    match status.as_u16() {
        401 => Error::unauthenticated(
            "GitHub does not accept your token; make a new one there, and ask an operator to run `github-admin users update-profile EMAIL --token-env GITHUB_TOKEN`",
        ),
        403 => Error::forbidden(format!(
            "GitHub does not allow this with your token{said}; it may need more permissions"
        )),
        404 | 410 | 451 => Error::not_found(format!(
            "GitHub does not have this, or your token may not see it{said}; check the names and what the token was made for"
        )),
        422 => Error::invalid(format!(
            "GitHub can't work with this request{said}; change it and try again"
        )),
        300..=399 => Error::unavailable(format!(
            "GitHub sends this request on ({status}) too often, or to another host, where your token does not go; check the names, or have an operator check the `api_url` of your profile"
        )),
        500..=599 => Error::unavailable(format!(
            "GitHub is out of order ({status}){said}; try again later"
        )),
        _ => Error::unavailable(format!("GitHub refuses this request ({status}){said}")),
    }
}

/// Says when to try again after too many requests: as GitHub says, or in the minute it asks for where it says nothing.
fn pause(status: StatusCode, headers: &HeaderMap, words: &str) -> Option<String> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let is_refused = matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    );
    let is_spent = number("x-ratelimit-remaining") == Some(0);
    let is_flood =
        status == StatusCode::TOO_MANY_REQUESTS || words.contains("secondary rate limit");
    match (number(RETRY_AFTER.as_str()), number("x-ratelimit-reset")) {
        _ if !is_refused => None,
        (Some(seconds), _) => Some(format!("in {seconds} seconds")),
        (None, Some(reset)) if is_spent => Some(format!("after {}", format_rfc3339(reset))),
        _ => (is_spent || is_flood).then(|| "in a minute".to_owned()),
    }
}

/// Returns GitHub's own message: `message`, and that of each of `errors`.
fn words(body: &[u8], token: &Secret<String>) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let details = body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(detail);
    let words: Vec<_> = body["message"]
        .as_str()
        .map(str::to_owned)
        .into_iter()
        .chain(details)
        .collect();
    cut(&words.join("; ").replace(token.expose(), MASK), MAX_WORDS)
}

fn detail(error: &Value) -> Option<String> {
    let said = error["message"]
        .as_str()
        .or_else(|| error.as_str())
        .map(str::to_owned);
    said.or_else(|| {
        Some(format!(
            "`{}` is {}",
            error["field"].as_str()?,
            error["code"].as_str()?
        ))
    })
}
