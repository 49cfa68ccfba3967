//! Content negotiation (RFC 9110 §12.5.1): [`Accepted`], the media types that a client takes, and the answer in one of
//! them.
//!
//! rmcp answers only clients that name both of MCP's media types. It is told that they do ([`Accepted::take`]), and its
//! answer is converted ([`Accepted::convert`]) for those that take just one: a client without event streams gets the
//! last message alone, one without JSON an event stream.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};

use super::Problem;
use super::body::{Body, Response};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// The media types that a client takes, by its `Accept` header ([`Accepted::take`]): at least one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    json: bool,
    events: bool,
}

impl Accepted {
    /// Reads the `Accept` header, and replaces it by the one that names both types, without which rmcp refuses the
    /// request.
    ///
    /// # Errors
    ///
    /// [`Problem::not_acceptable`] for a client that takes neither.
    pub(super) fn take(headers: &mut HeaderMap) -> Result<Self, Problem> {
        let accepted = Self {
            json: accepts(headers, JSON),
            events: accepts(headers, EVENTS),
        };
        if !accepted.json && !accepted.events {
            return Err(Problem::not_acceptable());
        }
        headers.insert(header::ACCEPT, BOTH);
        Ok(accepted)
    }

    /// Returns the answer in a type that the client takes. Refusals stay JSON (RFC 9110 §15.5.7 allows it).
    pub(super) async fn convert(self, response: Response) -> Response {
        let is = |media: &str| {
            media_type(response.headers()).is_some_and(|found| found.eq_ignore_ascii_case(media))
        };
        if !self.events && is(EVENTS) {
            last_message(response).await
        } else if !self.json && response.status().is_success() && is(JSON) {
            as_event(response).await
        } else {
            response
        }
    }
}

/// Returns whether the `Content-Type` of a request is JSON (RFC 8259 §11), with or without parameters.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|found| found.eq_ignore_ascii_case(JSON))
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    text.split(';').next().map(str::trim)
}

/// Returns whether a media type is acceptable: the range that names it most closely ([`specificity`]) decides, and no
/// header at all accepts any.
fn accepts(headers: &HeaderMap, media: &str) -> bool {
    let mut ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let ranges = ranges
        .by_ref()
        .filter(|range| !range.trim_ascii().is_empty());
    let ranges: Vec<_> = ranges
        .map(|range| std::str::from_utf8(range).unwrap_or("?").trim())
        .collect();
    let fits = |range: &&str| Some((specificity(range, media)?, weight(range)));
    match ranges
        .iter()
        .filter_map(fits)
        .max_by_key(|(specificity, _)| *specificity)
    {
        Some((_, weight)) => weight,
        None => ranges.is_empty(),
    }
}

/// Returns how closely a range names this type; `None` if the type is not in it. Parameters other than `q` are passed
/// over.
fn specificity(range: &str, media: &str) -> Option<u8> {
    let essence = range.split(';').next().unwrap_or(range).trim();
    let kind = media.split_once('/').map_or(media, |(kind, _)| kind);
    match essence.split_once('/') {
        _ if essence.eq_ignore_ascii_case(media) => Some(2),
        Some((range, "*")) if range.eq_ignore_ascii_case(kind) => Some(1),
        Some(("*", "*")) => Some(0),
        _ => None,
    }
}

/// Returns whether a range has any weight (RFC 9110 §12.4.2: `q=0` is "not acceptable"; what is no number is no weight).
fn weight(range: &str) -> bool {
    let parameters = range
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='));
    let mut weights = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weights
        .next()
        .and_then(|(_, weight)| weight.trim().parse::<f32>().ok())
        .is_none_or(|weight| weight > 0.0)
}

/// Waits for the end of an event stream, and returns its last message as JSON. Of the messages before it only the
/// latest is held in memory.
async fn last_message(response: Response) -> Response {
    let (parts, mut body) = response.into_parts();
    let (mut unread, mut last) = (BytesMut::new(), Bytes::new());
    while let Some(Ok(frame)) = body.frame().await {
        unread.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let line = unread.split_to(end + 1).freeze();
            let data = line
                .strip_prefix(b"data:")
                .map(<[u8]>::trim_ascii)
                .filter(|data| !data.is_empty());
            last = data.map_or(last, |data| line.slice_ref(data));
        }
    }
    replace_body(parts, last, JSON)
}

/// Wraps a message as the only event of a stream, for a client that takes no JSON ([`Accepted::convert`]).
async fn as_event(response: Response) -> Response {
    if response.body().size_hint().exact() == Some(0) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok::<_, Infallible>(message) = body.collect().await;
    let event = [b"data: ", message.to_bytes().as_ref(), b"\n\n"].concat();
    replace_body(parts, event.into(), EVENTS)
}

fn replace_body(mut parts: http::response::Parts, body: Bytes, media: &'static str) -> Response {
    const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(UNBUFFERED);
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let body: Body = Full::new(body).boxed();
    Response::from_parts(parts, body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is taken of JSON and event streams, or the status of the refusal.
    fn taken(accept: &[&str]) -> Result<(bool, bool), u16> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(
                header::ACCEPT,
                HeaderValue::from_bytes(value.as_bytes()).expect("a value"),
            );
        }
        let taken = Accepted::take(&mut headers);
        let taken = taken.map_err(|problem| problem.into_response().status().as_u16())?;
        assert_eq!(
            headers.get_all(header::ACCEPT).iter().collect::<Vec<_>>(),
            [BOTH]
        );
        Ok((taken.json, taken.events))
    }

    #[test]
    fn the_header_means_what_rfc_9110_says() {
        for (accept, expected) in [
            (&[][..], (true, true)),
            (&[""], (true, true)),
            (&["*/*"], (true, true)),
            (&["application/json, text/event-stream"], (true, true)),
            (&["application/json", "text/event-stream"], (true, true)),
            (&["application/json"], (true, false)),
            (&["APPLICATION/JSON; charset=utf-8"], (true, false)),
            (&["application/json, application/mcp+json"], (true, false)),
            (&["application/*"], (true, false)),
            (&["text/*;q=0.1"], (false, true)),
            (&["text/event-stream"], (false, true)),
            (&["text/event-stream;q=0, */*"], (true, false)),
            (&["*/*;q=0, application/json;q=0.001"], (true, false)),
            (&["application/*;q=0, */*"], (false, true)),
            (&["application/json;q=high"], (true, false)),
            (&["text/html, */*;q=0.8"], (true, true)),
        ] {
            assert_eq!(taken(accept), Ok(expected), "{accept:?}");
        }
        for accept in [
            "text/html",
            "*/*;q=0",
            "application/json;q=0.0, text/event-stream; q=0",
            "application/xml",
            "\u{e9}",
        ] {
            assert_eq!(taken(&[accept]), Err(406), "{accept}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_put_into_the_type_that_is_taken() {
        let answer = |media: &'static str, body: &'static str| {
            let mut response =
                Response::new(Full::new(Bytes::from_static(body.as_bytes())).boxed());
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
            response
        };
        let (only_json, only_events) = (
            Accepted {
                json: true,
                events: false,
            },
            Accepted {
                json: false,
                events: true,
            },
        );
        for (accepted, media, body, expected) in [
            (
                only_json,
                EVENTS,
                "data: {\"a\":1}\n\n:\n\ndata: {\"b\":2}\n\n",
                (JSON, "{\"b\":2}"),
            ),
            (only_json, JSON, "{}", (JSON, "{}")),
            (only_events, JSON, "{}", (EVENTS, "data: {}\n\n")),
            (
                only_events,
                EVENTS,
                "data: {}\n\n",
                (EVENTS, "data: {}\n\n"),
            ),
        ] {
            let response = accepted.convert(answer(media, body)).await;
            let media = media_type(response.headers()).expect("a type").to_owned();
            let Ok(body) = response.into_body().collect().await;
            assert_eq!(
                (media.as_str(), body.to_bytes().as_ref()),
                (expected.0, expected.1.as_bytes())
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_a_client_says_is_understood_or_refused(accept in "[ -~]{0,60}") {
            prop_assert!(matches!(taken(&[&accept]), Ok((json, events)) if json || events) || taken(&[&accept]) == Err(406));
        }

        #[test]
        fn weights_and_order_do_not_change_what_is_named(quality in 1u16..=1000, swapped: bool) {
            let ranges = [format!("application/json;q={:.3}", f32::from(quality) / 1000.0), "text/html".to_owned()];
            let accept = if swapped { format!("{},{}", ranges[1], ranges[0]) } else { ranges.join(", ") };
            prop_assert_eq!(taken(&[&accept]), Ok((true, false)));
        }
    }
}
