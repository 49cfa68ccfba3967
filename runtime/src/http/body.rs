//! Bodies: read whole within a bound, written as JSON.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use serde::Serialize;

use super::Problem;

/// The body of every answer.
pub type Body = BoxBody<Bytes, Infallible>;

/// Every answer.
pub type Response = http::Response<Body>;

/// The most bytes a request may have: what fits Lambda's 6 MB event with room for its escapes.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// How long a body may be on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a request's body.
pub(super) async fn read<B>(body: B) -> Result<Bytes, Problem>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let reading = Limited::new(body, MAX_BODY_BYTES).collect();
    let Ok(read) = tokio::time::timeout(PATIENCE, reading).await else { return Err(Problem::too_slow()) };
    match read {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Problem::body_too_large()),
        Err(_) => Err(Problem::invalid("the body could not be read to its end")),
    }
}

/// A JSON answer. What can't be written is a fault of ours, and no answer without a body.
pub(super) fn json(status: u16, value: &impl Serialize) -> Response {
    const FAULT: &[u8] = br#"{"error":"the answer can't be written","code":"internal","error_description":"the answer can't be written"}"#;
    let (status, text) = match (http::StatusCode::from_u16(status), serde_json::to_vec(value)) {
        (Ok(status), Ok(text)) => (status, Bytes::from(text)),
        (_, written) => {
            tracing::error!(cause = ?written.err(), "an answer can't be written");
            (http::StatusCode::INTERNAL_SERVER_ERROR, Bytes::from_static(FAULT))
        }
    };
    let mut response = Response::new(Full::new(text).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer without a body.
pub(super) fn empty(status: http::StatusCode) -> Response {
    let mut response = Response::new(Full::default().boxed());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_written_is_a_fault_and_not_an_empty_success() {
        let unwritable = BTreeMap::from([((1, 2), "a key that is no text")]);
        let response = json(200, &unwritable);
        assert_eq!(response.status(), 500);
        let Ok(body) = response.into_body().collect().await;
        assert!(body.to_bytes().starts_with(br#"{"error":"the answer"#));
    }
}
