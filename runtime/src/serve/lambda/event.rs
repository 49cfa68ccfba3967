//! Lambda events, converted to HTTP requests.
//!
//! Any JSON text gets an [`Event`]. Characters that HTTP does not allow in a URL are
//! percent-encoded; an event that is no HTTP request is answered by a [`Problem`]. The fields are
//! those of AWS's documentation: Lambda, "Invoking function URLs" (request payload format); API
//! Gateway, "Create AWS Lambda proxy integrations for HTTP APIs" (formats 2.0 and 1.0) and "Input
//! format of a Lambda function for proxy integration" (REST); Elastic Load Balancing, "Use Lambda
//! functions as targets".

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::http::{Problem, Response};
use crate::identity::SenderContext;

/// An HTTP request with its whole body.
pub(super) type Request = http::Request<Full<Bytes>>;

/// The result of a conversion: a part of the [`Request`], or the [`Problem`] to answer with.
type EventResult<T> = std::result::Result<T, Problem>;

/// The characters that are encoded in a query (RFC 3986 §3.4). A `%` is none of them: most URLs
/// arrive encoded.
const IN_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The characters that are encoded in a path (RFC 3986 §3.3), beside those of [`IN_QUERY`].
const IN_PATH: &AsciiSet = &IN_QUERY.add(b'?');

/// The sources of events that only keep a function warm: schedules of `EventBridge`, and a plugin
/// of the Serverless Framework.
const WARMERS: [&str; 2] = ["aws.events", "serverless-plugin-warmup"];

/// An event: its [`Format`] and its request.
pub(super) struct Event {
    pub(super) format: Format,
    /// The request, or the answer to an event that is none.
    pub(super) request: std::result::Result<Request, Response>,
}

/// The form of an event, and of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A function URL.
    FunctionUrl,
    /// An HTTP API with payload format 2.0.
    HttpApi,
    /// An HTTP API with payload format 1.0.
    HttpApi1,
    /// A REST API.
    RestApi,
    /// An Application Load Balancer.
    LoadBalancer,
    /// No HTTP request.
    Other,
}

impl Format {
    /// Returns true if the sender of such events can take a streamed answer (AWS Lambda Developer
    /// Guide, "Response streaming for Lambda functions"). Others get one piece in any
    /// [`ResponseMode`](crate::config::ResponseMode).
    pub(super) const fn can_stream(self) -> bool {
        matches!(self, Self::FunctionUrl | Self::RestApi)
    }
}

impl Event {
    /// Converts the JSON text of an event to a [`Request`].
    pub(super) fn read(json: &[u8]) -> Self {
        match Fields::read(json) {
            Err(problem) => Self {
                format: Format::Other,
                request: Err(problem.into_response()),
            },
            Ok(fields) => match fields.format() {
                Format::Other => Self {
                    format: Format::Other,
                    request: Err(fields.refuse()),
                },
                format => Self {
                    format,
                    request: fields.into_request(format).map_err(Problem::into_response),
                },
            },
        }
    }
}

/// Values by name, one for each.
type Single = Option<BTreeMap<String, String>>;

/// Values by name, several for each: the field beside a [`Single`] of the same values.
type Several = Option<BTreeMap<String, Vec<String>>>;

/// The fields of all formats together, each optional.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    version: Option<String>,
    request_context: Option<RequestContext>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    http_method: Option<String>,
    path: Option<String>,
    headers: Single,
    multi_value_headers: Several,
    query_string_parameters: Single,
    multi_value_query_string_parameters: Several,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    source: Option<String>,
    warmer: Option<IgnoredAny>,
}

/// The field `requestContext` of an event's [`Fields`].
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    http: Option<RequestLine>,
    elb: Option<IgnoredAny>,
    stage: Option<String>,
    domain_name: Option<String>,
    authorizer: Option<Value>,
    authentication: Option<Value>,
    identity: Option<Value>,
}

/// The method and path of format 2.0 ([`Format::FunctionUrl`], [`Format::HttpApi`]).
#[derive(Default, Deserialize)]
#[serde(default)]
struct RequestLine {
    method: Option<String>,
    path: Option<String>,
}

impl Fields {
    /// Deserializes the fields of an event.
    fn read(json: &[u8]) -> EventResult<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            reject(format!(
                "the event is no HTTP request: `{}` does not fit: {}",
                error.path(),
                error.inner()
            ))
        })
    }

    /// Returns the [`Format`] by the fields that only one of them has.
    fn format(&self) -> Format {
        let context = self.request_context.as_ref();
        // Function URLs and HTTP APIs with format 2.0 send the same fields; only the domain
        // differs. A custom domain looks like a function URL, and there `RESPONSE_MODE` must be
        // `buffered`.
        if context.is_some_and(|context| context.http.is_some()) {
            let domain = context
                .and_then(|context| context.domain_name.as_deref())
                .unwrap_or_default();
            return if domain.contains(".execute-api.") {
                Format::HttpApi
            } else {
                Format::FunctionUrl
            };
        }
        match (
            &self.http_method,
            context.is_some_and(|context| context.elb.is_some()),
        ) {
            (None, _) => Format::Other,
            (Some(_), true) => Format::LoadBalancer,
            (Some(_), false) if self.version.is_some() => Format::HttpApi1,
            (Some(_), false) => Format::RestApi,
        }
    }

    /// Returns the answer to an event that is no HTTP request: 204 to one of the [`WARMERS`], 400
    /// to others.
    fn refuse(&self) -> Response {
        let is_warmer = self
            .source
            .as_deref()
            .is_some_and(|source| WARMERS.contains(&source));
        if is_warmer || self.warmer.is_some() {
            let mut response = Response::new(Full::default().boxed());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        reject("this function answers HTTP requests: events of a function URL, of API Gateway or of a load balancer; this event is none".to_owned())
            .into_response()
    }

    /// Converts the fields to a request.
    fn into_request(mut self, format: Format) -> EventResult<Request> {
        let body = self.take_body()?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.parse_method()?;
        *request.uri_mut() = self.build_uri(format)?;
        *request.headers_mut() = self.build_headers()?;
        if let Some(context) = self.take_sender_context(format) {
            request.extensions_mut().insert(context);
        }
        Ok(request)
    }

    /// Takes what a function URL or a gateway says of the sender: the result of IAM or an authorizer, and the client's
    /// certificate. A load balancer says it in signed headers.
    fn take_sender_context(&mut self, format: Format) -> Option<SenderContext> {
        let context = self.request_context.as_mut()?;
        let members = [
            ("authorizer", context.authorizer.take()),
            ("authentication", context.authentication.take()),
            ("identity", context.identity.take()),
        ];
        let members = members.into_iter();
        let members: Map<_, _> = members
            .filter_map(|(name, member)| Some((name.to_owned(), member?)))
            .collect();
        let is_said = !members.is_empty() && format != Format::LoadBalancer;
        is_said.then(|| SenderContext {
            members: members.into(),
        })
    }

    /// Takes the body out of the fields and decodes it from base64 (RFC 4648 §4).
    fn take_body(&mut self) -> EventResult<Bytes> {
        let body = self.body.take().unwrap_or_default();
        if self.is_base64_encoded != Some(true) {
            return Ok(body.into());
        }
        let bytes = STANDARD
            .decode(body)
            .map_err(|_| reject("the event's body is not base64".to_owned()))?;
        Ok(bytes.into())
    }

    /// Returns the [`RequestLine`] of format 2.0.
    fn request_line(&self) -> Option<&RequestLine> {
        self.request_context.as_ref()?.http.as_ref()
    }

    /// Parses the method (RFC 9110 §9).
    fn parse_method(&self) -> EventResult<Method> {
        let text = self
            .request_line()
            .map_or(self.http_method.as_deref(), |line| line.method.as_deref())
            .unwrap_or_default();
        text.parse()
            .map_err(|_| reject(format!("`{}` is no method of HTTP", shorten(text))))
    }

    /// Builds the URI of path and query, percent-encoded by [`IN_PATH`] and [`IN_QUERY`].
    fn build_uri(&self, format: Format) -> EventResult<Uri> {
        // Exactly one slash: two would begin an authority (RFC 3986 §3.3).
        let mut target = String::from("/");
        target.extend(utf8_percent_encode(
            self.bare_path(format).trim_start_matches('/'),
            IN_PATH,
        ));
        let query = self.build_query(format);
        if !query.is_empty() {
            target.push('?');
            target.extend(utf8_percent_encode(&query, IN_QUERY));
        }
        // A text that is encoded like this can't be malformed, only too long.
        target
            .parse::<PathAndQuery>()
            .map(Uri::from)
            .map_err(|_| Problem::uri_too_long())
    }

    /// Returns the path without a named stage, which precedes it under an API's own domain (API
    /// Gateway, "Stages for HTTP APIs").
    fn bare_path(&self, format: Format) -> &str {
        let raw = self
            .raw_path
            .as_deref()
            .or(self.request_line().and_then(|line| line.path.as_deref()));
        let path = raw.or(self.path.as_deref()).unwrap_or_default();
        let stage = self
            .request_context
            .as_ref()
            .and_then(|context| context.stage.as_deref());
        let stage = stage.filter(|stage| *stage != "$default" && format != Format::LoadBalancer);
        // Only a whole segment is a stage: `/production` is a path of its own under the stage
        // `prod`. Under a custom domain the path comes without the stage, and stays as it is.
        let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .unwrap_or(path)
    }

    /// Builds the query. API Gateway hands over decoded parameters, which are encoded here; a load
    /// balancer hands over those of the request as they are.
    fn build_query(&self, format: Format) -> String {
        if let Some(query) = &self.raw_query_string {
            return query.clone();
        }
        let pairs = collect_pairs(
            &self.multi_value_query_string_parameters,
            &self.query_string_parameters,
        );
        if format == Format::LoadBalancer {
            return pairs
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("&");
        }
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    }

    /// Builds the headers, with the cookies of format 2.0 and the domain in place of a missing
    /// `Host`.
    fn build_headers(&self) -> EventResult<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in collect_pairs(&self.multi_value_headers, &self.headers) {
            append(&mut headers, name, value)?;
        }
        if let Some(cookies) = self.cookies.as_ref().filter(|cookies| !cookies.is_empty()) {
            append(&mut headers, header::COOKIE.as_str(), &cookies.join("; "))?;
        }
        let domain = self
            .request_context
            .as_ref()
            .and_then(|context| context.domain_name.as_deref());
        if let Some(domain) = domain.filter(|_| !headers.contains_key(header::HOST)) {
            append(&mut headers, header::HOST.as_str(), domain)?;
        }
        Ok(headers)
    }
}

/// Collects every value with its name, from the field with several values if it has any.
fn collect_pairs<'f>(several: &'f Several, single: &'f Single) -> Vec<(&'f str, &'f str)> {
    // Where both fields are there, `single` repeats the last value of each name.
    let several = several
        .iter()
        .flatten()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let mut pairs: Vec<_> = several.collect();
    if pairs.is_empty() {
        pairs.extend(single.iter().flatten());
    }
    pairs
        .into_iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Appends a header, or rejects one that HTTP does not allow (RFC 9110 §5.5).
fn append(headers: &mut HeaderMap, name: &str, value: &str) -> EventResult<()> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .ok()
        .zip(HeaderValue::from_bytes(value.as_bytes()).ok());
    // `append` would panic once the map holds as many headers as it can.
    let appended = header.and_then(|(name, value)| headers.try_append(name, value).ok());
    let problem = || {
        reject(format!(
            "the header `{}` is none that HTTP allows",
            shorten(name)
        ))
    };
    appended.map(drop).ok_or_else(problem)
}

/// Cuts a text of the event after 100 characters, for a message.
fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Returns the [`Problem`] of an event that is no valid HTTP request.
fn reject(message: String) -> Problem {
    Problem::from(Error::invalid(message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: &Value) -> Event {
        Event::read(event.to_string().as_bytes())
    }

    fn url(path: &str, query: &str) -> Value {
        json!({
            "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": {"host": "a.lambda-url.eu-west-1.on.aws"},
            "requestContext": {"http": {"method": "GET", "path": path}, "stage": "$default"},
        })
    }

    fn uri(event: &Value) -> String {
        read(event).request.expect("a request").uri().to_string()
    }

    #[test]
    fn what_a_url_may_not_hold_is_encoded_and_what_it_may_is_left() {
        for (path, query, expected) in [
            ("/mcp", "q=a b", "/mcp?q=a%20b"),
            ("/mcp /ñ#?x", "", "/mcp%20/%C3%B1%23%3Fx"),
            ("/a%2Bb@c", "a=%20&b=c+d", "/a%2Bb@c?a=%20&b=c+d"),
            ("", "", "/"),
            ("mcp", "#\u{0}\u{7f}", "/mcp?%23%00%7F"),
            ("//mcp", "", "/mcp"),
        ] {
            assert_eq!(uri(&url(path, query)), expected);
        }
    }

    #[test]
    fn parameters_of_a_gateway_are_encoded_and_a_load_balancers_are_as_sent() {
        let mut event = json!({
            "httpMethod": "GET", "path": "/x",
            "queryStringParameters": {"a": "last"}, "multiValueQueryStringParameters": {"a": ["1&2", "last"]},
        });
        assert_eq!(
            (read(&event).format, uri(&event).as_str()),
            (Format::RestApi, "/x?a=1%262&a=last")
        );
        event["version"] = json!("1.0");
        assert_eq!(read(&event).format, Format::HttpApi1);
        event["requestContext"] = json!({"elb": {}});
        event["multiValueQueryStringParameters"] = json!({"a": ["1%262", "b c"]});
        assert_eq!(
            (read(&event).format, uri(&event).as_str()),
            (Format::LoadBalancer, "/x?a=1%262&a=b%20c")
        );
    }

    #[test]
    fn a_stage_is_taken_off_where_it_is_a_whole_segment() {
        for (stage, path, expected) in [
            ("prod", "/prod/mcp", "/mcp"),
            ("prod", "/prod", "/"),
            ("prod", "/production/mcp", "/production/mcp"),
            ("prod", "/mcp", "/mcp"),
            ("mcp", "/mcp", "/"),
            ("$default", "/$default/mcp", "/$default/mcp"),
        ] {
            let mut event = url(path, "");
            event["requestContext"]["stage"] = json!(stage);
            assert_eq!(uri(&event), expected, "{stage} {path}");
        }
    }

    fn sender(event: &Value) -> Option<Value> {
        let request = read(event).request.expect("a request");
        let context = request.extensions().get::<SenderContext>();
        context.map(|context| context.members.clone())
    }

    #[test]
    fn what_aws_says_of_the_sender_comes_from_the_context_and_from_no_header() {
        let authorizer = json!({"jwt": {"claims": {"sub": "1"}, "scopes": ["a"]}});
        let mut event = url("/mcp", "");
        assert_eq!(sender(&event), None);
        event["authorizer"] = authorizer.clone();
        event["headers"]["x-amzn-request-context"] = json!(r#"{"authorizer":{}}"#);
        event["requestContext"]["authentication"] = json!(null);
        assert_eq!(
            sender(&event),
            None,
            "neither beside the context nor in a header"
        );
        event["requestContext"]["authorizer"] = authorizer.clone();
        assert_eq!(sender(&event), Some(json!({ "authorizer": authorizer })));
        let mut event = json!({
            "httpMethod": "GET", "path": "/x",
            "requestContext": {"identity": {"userArn": "arn:aws:iam::1:user/x"}, "authorizer": {"principalId": "x"}},
        });
        let context = event["requestContext"].clone();
        assert_eq!(sender(&event), Some(context));
        event["requestContext"]["elb"] = json!({});
        assert_eq!(sender(&event), None, "a load balancer has no such member");
    }

    #[test]
    fn a_header_that_http_does_not_allow_is_refused_and_text_of_all_alphabets_is_not() {
        let mut event = url("/", "");
        event["headers"]["user-agent"] = json!("Bücher 漢");
        let request = read(&event).request.expect("a request");
        assert_eq!(
            request.headers()["user-agent"].as_bytes(),
            "Bücher 漢".as_bytes()
        );
        for (name, value) in [("a b", "c"), ("", "c"), ("a", "b\r\nc"), ("a", "\u{0}")] {
            let mut event = url("/", "");
            event["headers"][name] = json!(value);
            assert_eq!(
                read(&event).request.expect_err("refused").status(),
                400,
                "{name:?}: {value:?}"
            );
        }
    }

    #[test]
    fn more_headers_than_a_map_holds_are_refused() {
        let mut event = url("/", "");
        event["headers"] = (0..40_000)
            .map(|number| (format!("h{number}"), json!("v")))
            .collect();
        assert_eq!(read(&event).request.expect_err("refused").status(), 400);
    }

    #[test]
    fn a_path_that_is_too_long_is_414() {
        for event in [url(&"/a".repeat(40_000), ""), url("/", &" ".repeat(30_000))] {
            assert_eq!(read(&event).request.expect_err("refused").status(), 414);
        }
    }

    #[test]
    fn the_domain_stands_in_for_a_missing_host() {
        let mut event = url("/", "");
        event["headers"] = json!({});
        event["cookies"] = json!(["a=b", "c=d"]);
        event["requestContext"]["domainName"] = json!("abc.execute-api.eu-west-1.amazonaws.com");
        let Event { format, request } = read(&event);
        let request = request.expect("a request");
        assert_eq!(
            (format, request.headers()["cookie"].as_bytes()),
            (Format::HttpApi, &b"a=b; c=d"[..])
        );
        assert_eq!(
            request.headers()["host"],
            "abc.execute-api.eu-west-1.amazonaws.com"
        );
    }

    #[test]
    fn what_is_no_http_request_is_refused_and_what_warms_is_welcome() {
        for (event, status) in [
            (json!({}), 400),
            (json!([]), 400),
            (json!(null), 400),
            (json!("text"), 400),
            (json!({"key1": "value1"}), 400),
            (
                json!({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}),
                400,
            ),
            (
                json!({"requestContext": {"routeKey": "$connect", "eventType": "CONNECT"}}),
                400,
            ),
            (json!({"httpMethod": 5}), 400),
            (
                json!({"source": "aws.s3", "detail-type": "Object Created"}),
                400,
            ),
            (
                json!({"source": "aws.events", "detail-type": "Scheduled Event"}),
                204,
            ),
            (json!({"source": "serverless-plugin-warmup"}), 204),
            (json!({"warmer": true, "concurrency": 3}), 204),
        ] {
            let Event { format, request } = read(&event);
            assert_eq!(
                (format, request.expect_err("no request").status().as_u16()),
                (Format::Other, status),
                "{event}"
            );
        }
        for text in ["", "{", r#"{"body": "\ud800"}"#, &"[".repeat(100_000)] {
            assert_eq!(
                Event::read(text.as_bytes())
                    .request
                    .expect_err("no request")
                    .status(),
                400
            );
        }
    }
}
