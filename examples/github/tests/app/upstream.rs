//! A GitHub on loopback: it answers as a test says, and refuses what GitHub would refuse.

use std::path::Path;

use mcp_lambda::testkit::{Upstream, UpstreamRequest, UpstreamResponse};

/// Starts a GitHub that answers so.
pub(crate) async fn start(
    answer: impl Fn(&UpstreamRequest) -> UpstreamResponse + Send + Sync + 'static,
) -> Upstream {
    Upstream::start(move |request| {
        if is_accepted(request) {
            answer(request)
        } else {
            status(400, "not_found")
        }
    })
    .await
}

/// Returns whether GitHub itself would look at a request.
fn is_accepted(request: &UpstreamRequest) -> bool {
    request.header("authorization").starts_with("Bearer ")
        && !request.header("user-agent").is_empty()
}

/// Makes an answer with these headers and this body.
pub(crate) fn plain(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> UpstreamResponse {
    let answer = headers.iter().fold(
        http::Response::builder().status(status),
        |answer, (name, value)| answer.header(*name, *value),
    );
    answer.body(body.into()).expect("a valid answer")
}

/// Makes an answer with the body of a file in `tests/recorded`.
pub(crate) fn recorded(status: u16, headers: &[(&str, &str)], name: &str) -> UpstreamResponse {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recorded")
        .join(name)
        .with_extension("json");
    let body = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut answer = plain(status, headers, body);
    answer.headers_mut().insert(
        "content-type",
        http::HeaderValue::from_static("application/json; charset=utf-8"),
    );
    answer
}

/// Makes the same without headers of its own.
pub(crate) fn status(status: u16, name: &str) -> UpstreamResponse {
    recorded(status, &[], name)
}
