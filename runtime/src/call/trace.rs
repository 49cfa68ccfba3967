//! The trace of a call (W3C Trace Context), by which a client's, this server's and an upstream's logs are joined.

use http::{HeaderMap, HeaderValue};

/// The trace context of a call (W3C Trace Context), to be passed on to upstreams by [`headers`](Self::headers).
///
/// A client names its trace in `_meta` (MCP 2026-07-28), a gateway in a header, and Lambda in one of
/// its own, whose ids are of the same size and serve where nobody else named a trace.
///
/// ```
/// use mcp_lambda::call::Trace;
///
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let mut trace = Trace::default();
/// trace.parent = Some(parent.to_owned());
/// assert_eq!(trace.id(), Some("0af7651916cd43dd8448eb211c80319c"));
/// assert_eq!(trace.headers()["traceparent"], parent);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trace {
    /// `traceparent`: the trace and the calling span (Trace Context §3.2).
    pub parent: Option<String>,
    /// `tracestate`: the vendors' additions (Trace Context §3.3).
    pub state: Option<String>,
    /// `baggage`: the caller's own values (W3C Baggage).
    pub baggage: Option<String>,
    /// `x-amzn-trace-id`: Lambda's own trace (AWS X-Ray, tracing header).
    pub lambda: Option<String>,
}

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";
const LAMBDA: &str = "x-amzn-trace-id";

impl Trace {
    /// Reads the trace from `named` (a client's `_meta`), or from these [headers](HeaderMap).
    #[must_use]
    pub(crate) fn read(
        named: impl Fn(&str) -> Option<String>,
        headers: Option<&HeaderMap>,
    ) -> Self {
        let header = |name: &str| headers?.get(name)?.to_str().ok().map(str::to_owned);
        let lambda = header(LAMBDA);
        // The client's own trace goes first. A gateway knows headers and no `_meta`: where a request
        // has none, it may have started another trace, which does not lead back to the client.
        let (parent, is_named) = match named(PARENT).filter(|text| is_parent(text)) {
            Some(parent) => (Some(parent), true),
            None => (header(PARENT).filter(|text| is_parent(text)), false),
        };
        // State without its parent belongs to another trace (Trace Context §3.3).
        let state = parent.as_ref().and_then(|_| {
            if is_named {
                named(STATE)
            } else {
                header(STATE)
            }
        });
        let parent = parent.or_else(|| lambda.as_deref().and_then(parent_of_lambda));
        Self {
            parent,
            state,
            baggage: named(BAGGAGE).or_else(|| header(BAGGAGE)),
            lambda,
        }
    }

    /// Returns the trace's id, 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.parent.as_deref().and_then(|parent| parent.get(3..35))
    }

    /// Returns the [headers](HeaderMap) that pass it on, for the HTTP client of an upstream.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let all = [
            (PARENT, &self.parent),
            (STATE, &self.state),
            (BAGGAGE, &self.baggage),
            (LAMBDA, &self.lambda),
        ];
        // A value that no header may have came from `_meta`, which may hold anything. It is left out: a
        // trace that breaks off must not make the call of an upstream fail.
        let to_header = |(name, text): (&'static str, &Option<String>)| {
            let value = HeaderValue::from_str(text.as_deref()?).ok()?;
            Some((http::HeaderName::from_static(name), value))
        };
        all.into_iter().filter_map(to_header).collect()
    }
}

/// Returns `true` for a valid [`Trace::parent`]: version, trace, span and flags in lower-case
/// hexadecimal digits, neither id all zeros (Trace Context §3.2).
fn is_parent(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [version, trace, span, flags, ..] = parts.as_slice() else {
        return false;
    };
    let is_id = |part: &str, length: usize| {
        is_hexadecimal(part, length) && part.bytes().any(|byte| byte != b'0')
    };
    // Version 00 has exactly four fields; a later one may add more, which are ignored, and `ff` is
    // none (Trace Context §3.2).
    let lengths = is_hexadecimal(version, 2) && *version != "ff" && is_hexadecimal(flags, 2);
    lengths && is_id(trace, 32) && is_id(span, 16) && (parts.len() == 4 || *version != "00")
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Writes Lambda's trace as a [`Trace::parent`].
///
/// The header is such as
/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1` (AWS X-Ray, tracing
/// header).
fn parent_of_lambda(header: &str) -> Option<String> {
    let field = |name: &str| {
        header
            .split(';')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    // X-Ray writes a trace id as the time in 8 digits and 24 random ones: without the hyphens it has
    // the 32 digits of a W3C id, and X-Ray itself converts the two this way.
    let root = field("Root")?.strip_prefix("1-")?.replace('-', "");
    let sampled = if field("Sampled") == Some("1") {
        "01"
    } else {
        "00"
    };
    let parent = format!("00-{root}-{}-{sampled}", field("Parent")?);
    is_parent(&parent).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn the_clients_trace_goes_first_and_lambdas_goes_with_it() {
        let named = |name: &str| match name {
            "traceparent" => Some(CLIENT.to_owned()),
            "tracestate" => Some("vendor=1".to_owned()),
            _ => None,
        };
        let trace = Trace::read(
            named,
            Some(&headers(&[
                ("x-amzn-trace-id", XRAY),
                ("tracestate", "other=2"),
            ])),
        );
        assert_eq!(trace.id(), Some("0af7651916cd43dd8448eb211c80319c"));
        let passed = trace.headers();
        assert_eq!(passed["traceparent"], CLIENT);
        assert_eq!(
            (&passed["tracestate"], &passed["x-amzn-trace-id"]),
            (
                &"vendor=1".parse().expect("valid"),
                &XRAY.parse().expect("valid")
            )
        );
    }

    #[test]
    fn lambdas_trace_serves_where_nobody_named_one() {
        let trace = Trace::read(|_| None, Some(&headers(&[("x-amzn-trace-id", XRAY)])));
        assert_eq!(
            trace.parent.as_deref(),
            Some("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01")
        );
    }

    #[test]
    fn what_is_no_trace_is_not_passed_on() {
        for wrong in [
            "",
            "x",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            let trace = Trace::read(
                |name| (name == "traceparent").then(|| wrong.to_owned()),
                None,
            );
            assert_eq!(trace, Trace::default(), "{wrong}");
            assert!(trace.headers().is_empty());
        }
    }
}
