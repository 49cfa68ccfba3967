//! A Lambda event, read as an HTTP request.
//!
//! Any JSON text is read. What HTTP does not allow in a URL is percent-encoded; what is no HTTP request is refused in words.
//! The fields are those of AWS's documentation: Lambda, "Invoking function URLs" (request payload format); API Gateway,
//! "Create AWS Lambda proxy integrations for HTTP APIs" (formats 2.0 and 1.0) and "Input format of a Lambda function for proxy
//! integration" (REST); Elastic Load Balancing, "Use Lambda functions as targets".

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

use crate::error::Error;
use crate::http::{Problem, Response};

/// A request of HTTP, its body at hand.
pub(super) type Request = http::Request<Full<Bytes>>;

type Outcome<T> = std::result::Result<T, Problem>;

/// What a URL may not hold as it is. A `%` may: most paths arrive encoded.
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

const IN_PATH: &AsciiSet = &IN_QUERY.add(b'?');

/// Sources of events that only keep a function warm: schedules of `EventBridge`, and the plugin of the Serverless
/// Framework.
const WARMERS: [&str; 2] = ["aws.events", "serverless-plugin-warmup"];

/// An event as far as it could be read.
pub(super) struct Event {
    pub(super) format: Format,
    /// The request, or the answer to what is none.
    pub(super) request: std::result::Result<Request, Response>,
}

/// Which form an event has, and so its answer.
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
    /// Whether what sends such events can take a streamed answer. What can't is answered whole, whatever the mode.
    pub(super) const fn can_stream(self) -> bool {
        matches!(self, Self::FunctionUrl | Self::RestApi)
    }
}

impl Event {
    /// Reads an event.
    pub(super) fn read(json: &[u8]) -> Self {
        match Fields::read(json) {
            Err(problem) => Self {
                format: Format::Other,
                request: Err(problem.into_response()),
            },
            Ok(fields) => match fields.format() {
                Format::Other => Self {
                    format: Format::Other,
                    request: Err(fields.refusal()),
                },
                format => Self {
                    format,
                    request: fields.into_request(format).map_err(Problem::into_response),
                },
            },
        }
    }
}

/// Values by name, each once or several times.
type Single = Option<BTreeMap<String, String>>;
type Several = Option<BTreeMap<String, Vec<String>>>;

/// The fields of all formats together. None has to be there.
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    http: Option<RequestLine>,
    elb: Option<IgnoredAny>,
    stage: Option<String>,
    domain_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RequestLine {
    method: Option<String>,
    path: Option<String>,
}

impl Fields {
    fn read(json: &[u8]) -> Outcome<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            invalid(format!(
                "the event is no HTTP request: `{}` does not fit: {}",
                error.path(),
                error.inner()
            ))
        })
    }

    fn format(&self) -> Format {
        let context = self.request_context.as_ref();
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

    /// The answer to an event that is no HTTP request. One that only warms is welcome.
    fn refusal(&self) -> Response {
        let is_warmer = self
            .source
            .as_deref()
            .is_some_and(|source| WARMERS.contains(&source));
        if is_warmer || self.warmer.is_some() {
            let mut response = Response::new(Full::default().boxed());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        invalid("this function answers HTTP requests: events of a function URL, of API Gateway or of a load balancer; this event is none".to_owned())
            .into_response()
    }

    fn into_request(mut self, format: Format) -> Outcome<Request> {
        let body = self.take_body()?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.method()?;
        *request.uri_mut() = self.uri(format)?;
        *request.headers_mut() = self.headers()?;
        Ok(request)
    }

    fn take_body(&mut self) -> Outcome<Bytes> {
        let body = self.body.take().unwrap_or_default();
        if self.is_base64_encoded != Some(true) {
            return Ok(body.into());
        }
        let bytes = STANDARD
            .decode(body)
            .map_err(|_| invalid("the event's body is not base64".to_owned()))?;
        Ok(bytes.into())
    }

    /// The request line of format 2.0.
    fn line(&self) -> Option<&RequestLine> {
        self.request_context.as_ref()?.http.as_ref()
    }

    fn method(&self) -> Outcome<Method> {
        let text = self
            .line()
            .map_or(self.http_method.as_deref(), |line| line.method.as_deref())
            .unwrap_or_default();
        text.parse()
            .map_err(|_| invalid(format!("`{}` is no method of HTTP", shortened(text))))
    }

    fn uri(&self, format: Format) -> Outcome<Uri> {
        let mut target = String::from("/");
        target.extend(utf8_percent_encode(
            self.bare_path(format).trim_start_matches('/'),
            IN_PATH,
        ));
        let query = self.query(format);
        if !query.is_empty() {
            target.push('?');
            target.extend(utf8_percent_encode(&query, IN_QUERY));
        }
        // What is encoded like this can only be too long.
        target
            .parse::<PathAndQuery>()
            .map(Uri::from)
            .map_err(|_| Problem::uri_too_long())
    }

    /// The path without an API's named stage, which stands before it under the API's own domain.
    fn bare_path(&self, format: Format) -> &str {
        let raw = self
            .raw_path
            .as_deref()
            .or(self.line().and_then(|line| line.path.as_deref()));
        let path = raw.or(self.path.as_deref()).unwrap_or_default();
        let stage = self
            .request_context
            .as_ref()
            .and_then(|context| context.stage.as_deref());
        let stage = stage.filter(|stage| *stage != "$default" && format != Format::LoadBalancer);
        let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .unwrap_or(path)
    }

    /// The query. API Gateway hands over decoded parameters, a load balancer those of the request as they are.
    fn query(&self, format: Format) -> String {
        if let Some(query) = &self.raw_query_string {
            return query.clone();
        }
        let pairs = pairs(
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

    fn headers(&self) -> Outcome<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs(&self.multi_value_headers, &self.headers) {
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

/// Every value with its name; from the field that has several for each, where it has any.
fn pairs<'f>(several: &'f Several, single: &'f Single) -> Vec<(&'f str, &'f str)> {
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

fn append(headers: &mut HeaderMap, name: &str, value: &str) -> Outcome<()> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .ok()
        .zip(HeaderValue::from_bytes(value.as_bytes()).ok());
    let appended = header.and_then(|(name, value)| headers.try_append(name, value).ok());
    let problem = || {
        invalid(format!(
            "the header `{}` is none that HTTP allows",
            shortened(name)
        ))
    };
    appended.map(drop).ok_or_else(problem)
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

fn invalid(message: String) -> Problem {
    Problem::from(Error::invalid(message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
