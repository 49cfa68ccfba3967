//! Answers in the form of Lambda's Runtime API: one JSON envelope, or a stream with a prelude of
//! the same fields.
//!
//! The endpoint is that of "Using the Lambda runtime API for custom runtimes", the stream that of
//! "Building a custom runtime for AWS Lambda" (AWS Lambda Developer Guide). The fields follow the
//! [`Format`] of the event.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use lambda_runtime_api_client::{BoxError, body::Body, build_request};
use serde::Serialize;

use super::event::Format;
use crate::error::{Error, ErrorKind};
use crate::http::{Problem, Response};

/// The most bytes of an answer in one piece (AWS Lambda Developer Guide, "Lambda quotas": 6 MB).
const MAX_BYTES: usize = 6_000_000;

/// The most bytes of an answer to a load balancer (Elastic Load Balancing, "Use Lambda functions as
/// targets": 1 MB).
const MAX_LOAD_BALANCER_BYTES: usize = 1_000_000;

/// The zero bytes between the JSON prelude of a streamed answer, an [`Envelope`], and its body.
static AFTER_PRELUDE: [u8; 8] = [0; 8];

/// The content type of a streamed answer with a prelude.
const STREAM: HeaderValue =
    HeaderValue::from_static("application/vnd.awslambda.http-integration-response");

/// The fields of an answer (AWS Lambda Developer Guide, "Invoking Lambda function URLs", response
/// payload format). A streamed one has no `body` and no `isBase64Encoded`.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'r> {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'r str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<&'r str, Vec<Cow<'r, str>>>>,
    /// The cookies of format 2.0, also where there are none: `cargo lambda watch` takes no answer
    /// without the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<Cow<'r, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_base64_encoded: Option<bool>,
}

impl<'r> Envelope<'r> {
    /// Creates the envelope of a status and headers in this [`Format`].
    fn new(format: Format, status: StatusCode, headers: &'r HeaderMap) -> Self {
        let mut envelope = Self {
            status_code: status.as_u16(),
            ..Self::default()
        };
        match format {
            // A REST API would merge two fields of headers, so it gets one.
            Format::RestApi | Format::HttpApi1 => {
                envelope.multi_value_headers = Some(collect_values(headers))
            }
            // A load balancer reads the field that its target group is set to.
            Format::LoadBalancer => {
                let reason = status.canonical_reason().unwrap_or_default();
                envelope.status_description = Some(format!("{} {reason}", status.as_u16()));
                envelope.headers = Some(join_values(headers));
                envelope.multi_value_headers = Some(collect_values(headers));
            }
            // Format 2.0 joins values by commas. Cookies have a field of their own, since their
            // values may hold commas (RFC 6265 §3).
            Format::FunctionUrl | Format::HttpApi | Format::Other => {
                let mut joined = join_values(headers);
                joined.remove(header::SET_COOKIE.as_str());
                envelope.headers = Some(joined);
                envelope.cookies = Some(
                    headers
                        .get_all(header::SET_COOKIE)
                        .iter()
                        .map(to_text)
                        .collect(),
                );
            }
        }
        envelope
    }

    /// Sets the body: text as it is, other bytes in base64.
    fn with_body(mut self, body: &'r [u8]) -> Self {
        let text = std::str::from_utf8(body).map(Cow::Borrowed);
        self.is_base64_encoded = Some(text.is_err());
        self.body =
            (!body.is_empty()).then(|| text.unwrap_or_else(|_| STANDARD.encode(body).into()));
        self
    }
}

/// Collects the values of each header.
fn collect_values(headers: &HeaderMap) -> BTreeMap<&str, Vec<Cow<'_, str>>> {
    headers
        .keys()
        .map(|name| {
            (
                name.as_str(),
                headers.get_all(name).iter().map(to_text).collect(),
            )
        })
        .collect()
}

/// Joins the values of each header by commas (RFC 9110 §5.3).
fn join_values(headers: &HeaderMap) -> BTreeMap<&str, String> {
    collect_values(headers)
        .into_iter()
        .map(|(name, values)| (name, values.join(", ")))
        .collect()
}

/// Converts a header's value to text; bytes that are not UTF-8 are replaced.
fn to_text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// Builds the request that posts an answer in one piece. An answer that Lambda would drop is
/// replaced by a [`Problem`].
pub(super) async fn build_buffered(
    id: &str,
    format: Format,
    response: Response,
) -> Result<Request<Body>, BoxError> {
    let bytes = serialize_envelope(format, response).await?;
    // Measured behind JSON and base64, as Lambda does: quotes and bytes grow on the way.
    let most = if format == Format::LoadBalancer {
        MAX_LOAD_BALANCER_BYTES
    } else {
        MAX_BYTES
    };
    let bytes = if bytes.len() > most {
        serialize_envelope(format, refuse_too_large(bytes.len(), most)).await?
    } else {
        bytes
    };
    Ok(begin_post(id).body(Body::from(bytes))?)
}

/// Serializes a whole answer as its [`Envelope`].
async fn serialize_envelope(format: Format, response: Response) -> serde_json::Result<Vec<u8>> {
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    serde_json::to_vec(
        &Envelope::new(format, parts.status, &parts.headers).with_body(&body.to_bytes()),
    )
}

/// Returns the [`Problem`] in place of an answer that is too large. It is the server's error and no
/// 413, which would blame the size of the request.
fn refuse_too_large(size: usize, most: usize) -> Response {
    let message = format!(
        "the answer has {size} bytes, and Lambda sends at most {most} at once; ask for less"
    );
    let mut response = Problem::from(Error::new(ErrorKind::TooLarge, message)).into_response();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// Builds the request that posts an answer as a stream.
pub(super) fn build_streamed(id: &str, response: Response) -> Result<Request<Body>, BoxError> {
    let (parts, body) = fill_empty_body(response).into_parts();
    let prelude = serde_json::to_vec(&Envelope::new(
        Format::FunctionUrl,
        parts.status,
        &parts.headers,
    ))?;
    // Prelude and zero bytes are chunks of their own (RFC 9112 §7.1), by which the emulator of
    // `cargo lambda watch` separates them. A body at hand still leaves in one write with its head.
    let prelude = [Bytes::from(prelude), Bytes::from_static(&AFTER_PRELUDE)];
    let prelude = stream::iter(prelude.map(|piece| Ok::<_, Infallible>(Frame::data(piece))));
    let request = begin_post(id)
        .header(header::CONTENT_TYPE, STREAM)
        .header(header::TRANSFER_ENCODING, "chunked")
        .header("lambda-runtime-function-response-mode", "streaming");
    Ok(request.body(Body::new(StreamBody::new(
        prelude.chain(BodyStream::new(body)),
    )))?)
}

/// Replaces an empty body by a line's end, which no client takes for content.
fn fill_empty_body(mut response: Response) -> Response {
    // A streamed answer without a byte hangs behind function URLs and API Gateway until a time-out
    // (aws/aws-lambda-nodejs-runtime-interface-client#95, aws/aws-lambda-go#596).
    if response.body().size_hint().exact() == Some(0) {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Full::new(Bytes::from_static(b"\n")).boxed();
    }
    response
}

/// Begins the request that posts the answer of an invocation.
fn begin_post(id: &str) -> http::request::Builder {
    build_request()
        .method(Method::POST)
        .uri(format!("/2018-06-01/runtime/invocation/{id}/response"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn response(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &'static [u8],
    ) -> Response {
        let mut response = Response::new(Full::new(Bytes::from_static(body)).boxed());
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        for (name, value) in headers {
            response
                .headers_mut()
                .append(*name, HeaderValue::from_static(value));
        }
        response
    }

    async fn posted(request: Request<Body>) -> Vec<u8> {
        request
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes()
            .to_vec()
    }

    const HEADERS: [(&str, &str); 4] = [
        ("vary", "a"),
        ("vary", "b"),
        ("set-cookie", "c=1"),
        ("set-cookie", "d=2"),
    ];

    #[tokio::test]
    async fn each_format_has_its_own_fields() {
        let several = json!({"vary": ["a", "b"], "set-cookie": ["c=1", "d=2"]});
        let joined = json!({"vary": "a, b", "set-cookie": "c=1, d=2"});
        for (format, fields) in [
            (
                Format::FunctionUrl,
                json!({"headers": {"vary": "a, b"}, "cookies": ["c=1", "d=2"]}),
            ),
            (
                Format::HttpApi,
                json!({"headers": {"vary": "a, b"}, "cookies": ["c=1", "d=2"]}),
            ),
            (Format::HttpApi1, json!({"multiValueHeaders": several})),
            (Format::RestApi, json!({"multiValueHeaders": several})),
            (
                Format::LoadBalancer,
                json!({"statusDescription": "200 OK", "headers": joined, "multiValueHeaders": several}),
            ),
        ] {
            let request = build_buffered("id", format, response(200, &HEADERS, b"{}"))
                .await
                .expect("a request");
            assert_eq!(request.uri(), "/2018-06-01/runtime/invocation/id/response");
            let envelope: Value = serde_json::from_slice(&posted(request).await).expect("JSON");
            let mut expected = fields;
            expected["statusCode"] = json!(200);
            expected["body"] = json!("{}");
            expected["isBase64Encoded"] = json!(false);
            assert_eq!(envelope, expected, "{format:?}");
        }
    }

    #[tokio::test]
    async fn bytes_that_are_no_text_go_as_base64() {
        let bytes = serialize_envelope(Format::HttpApi, response(200, &[], &[0xff, 0]))
            .await
            .expect("JSON");
        let envelope: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(
            (&envelope["body"], &envelope["isBase64Encoded"]),
            (&json!("/wA="), &json!(true))
        );
    }

    #[tokio::test]
    async fn an_answer_that_would_be_dropped_is_refused_in_words() {
        let quotes = Bytes::from(vec![b'"'; MAX_BYTES / 2]);
        for (format, body) in [
            (Format::FunctionUrl, Bytes::from(vec![b'x'; MAX_BYTES])),
            (Format::RestApi, quotes),
            (
                Format::LoadBalancer,
                Bytes::from(vec![b'x'; MAX_LOAD_BALANCER_BYTES]),
            ),
        ] {
            let large = Response::new(Full::new(body).boxed());
            let envelope = posted(
                build_buffered("id", format, large)
                    .await
                    .expect("a request"),
            )
            .await;
            let envelope: Value = serde_json::from_slice(&envelope).expect("JSON");
            assert_eq!(envelope["statusCode"], 500, "{format:?}");
            assert!(
                envelope["body"]
                    .as_str()
                    .expect("text")
                    .contains("too_large"),
                "{envelope}"
            );
        }
    }

    #[tokio::test]
    async fn a_stream_begins_with_its_prelude_and_has_one_byte_at_least() {
        for (body, sent) in [(&b"{}"[..], "{}"), (b"", "\n")] {
            let request = build_streamed(
                "id",
                response(
                    202,
                    &[("content-length", "0")][..body.is_empty().into()],
                    body,
                ),
            );
            let request = request.expect("a request");
            assert_eq!(request.headers()["transfer-encoding"], "chunked");
            let bytes = posted(request).await;
            let expected = format!(
                "{{\"statusCode\":202,\"headers\":{{}},\"cookies\":[]}}\0\0\0\0\0\0\0\0{sent}"
            );
            assert_eq!(
                String::from_utf8(bytes).expect("text"),
                expected,
                "no content type is made up"
            );
        }
    }
}
