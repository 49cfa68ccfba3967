//! Bodies: read whole within bounds of bytes, values ([`Meter`]) and memory ([`MemoryBudget`]), written as JSON.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::Problem;
use crate::error::Error;
use crate::json::Meter;

/// The body of every [`Response`].
pub type Body = BoxBody<Bytes, Infallible>;

/// An answer of the server's, by every entry point.
pub type Response = http::Response<Body>;

/// The body of a request, as every entry point has one: at most 4 MiB are read of it.
pub trait RequestBody:
    http_body::Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send
{
}

impl<B> RequestBody for B where
    B: http_body::Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send
{
}

/// The most bytes a request may have: what fits Lambda's 6 MB event with room for its escapes.
pub(super) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The longest time that a body may take to arrive.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The longest pause in a body that holds one of [`MemoryBudget`]'s places for large bodies.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest time that a request waits until there is memory for it ([`MemoryBudget::hold`]).
const QUEUE: Duration = Duration::from_secs(10);

/// The largest body that is read at once, in bytes; a larger one needs a place of [`MemoryBudget`]'s `reading`.
pub(super) const SMALL_BYTES: usize = 64 * 1024;

/// The memory of this process that users' requests may take, all together ([`read`]).
static USERS: MemoryBudget = MemoryBudget::new(8, 64 * 1024, 96 * 1024);

/// The memory that operators' requests may take ([`read_operator`]): a revocation must never wait for users who hold
/// all of theirs.
static OPERATORS: MemoryBudget = MemoryBudget::new(2, 16 * 1024, 48 * 1024);

/// The memory that requests before identity may take ([`read_unauthenticated`]): strangers must not keep users waiting.
static UNAUTHENTICATED: MemoryBudget = MemoryBudget::new(1, 4 * 1024, 0);

/// The kilobytes of large answers whose peers have not taken them yet ([`hold_answer`]).
static ANSWERS: Semaphore = Semaphore::const_new(64 * 1024);

/// The memory that requests take: while they are read, and while they are worked on. Small requests never wait for large
/// ones.
struct MemoryBudget {
    /// Places for large bodies that are being read.
    reading: Semaphore,
    /// Kilobytes for small requests.
    small: Semaphore,
    /// Kilobytes for large requests.
    large: Semaphore,
}

impl MemoryBudget {
    const fn new(reading: usize, small: usize, large: usize) -> Self {
        Self {
            reading: Semaphore::const_new(reading),
            small: Semaphore::const_new(small),
            large: Semaphore::const_new(large),
        }
    }

    /// Waits for the memory that a request takes while it is worked on: about so much as was measured
    /// (`tests/interop/limits.py`), five times its bytes and 700 for each value, and something for every request.
    async fn hold(&self, bytes: usize, values: usize) -> Result<SemaphorePermit<'_>, Problem> {
        let kilobytes = u32::try_from(16 + (5 * bytes + 700 * values) / 1024).unwrap_or(u32::MAX);
        let memory = if bytes <= SMALL_BYTES && kilobytes <= 1024 {
            &self.small
        } else {
            &self.large
        };
        wait_for_turn(memory.acquire_many(kilobytes)).await
    }
}

/// Waits for a turn, at most [`QUEUE`].
///
/// # Errors
///
/// `Unavailable` if it does not come in time.
async fn wait_for_turn<T, E>(turn: impl Future<Output = Result<T, E>>) -> Result<T, Problem> {
    let turn = timeout(QUEUE, turn).await.ok().and_then(Result::ok);
    turn.ok_or_else(|| {
        Error::unavailable("too many large requests are worked on at once; try again").into()
    })
}

/// Reads the body of a user who was let in. Its share of [`USERS`] is held as long as the request's parts live.
pub(super) async fn read<B>(parts: &mut Parts, body: B) -> Result<Bytes, Problem>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    read_and_hold(&USERS, parts, body).await
}

/// Reads the body of a request of an operator, as [`read`] does.
pub(super) async fn read_operator<B>(parts: &mut Parts, body: B) -> Result<Bytes, Problem>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    read_and_hold(&OPERATORS, parts, body).await
}

/// Reads the body of a request before identity, within [`UNAUTHENTICATED`]; it must be small: forms and sign-in messages.
pub(super) async fn read_unauthenticated<B>(parts: &mut Parts, body: B) -> Result<Bytes, Problem>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let limited = Limited::new(body, SMALL_BYTES);
    read_and_hold(&UNAUTHENTICATED, parts, limited).await
}

async fn read_and_hold<B>(
    memory: &'static MemoryBudget,
    parts: &mut Parts,
    body: B,
) -> Result<Bytes, Problem>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (bytes, held) = read_within(memory, body).await?;
    parts.extensions.insert(Arc::new(held));
    Ok(bytes)
}

async fn read_within<B>(
    memory: &MemoryBudget,
    body: B,
) -> Result<(Bytes, SemaphorePermit<'_>), Problem>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(Problem::body_too_large());
    }
    let mut place = None;
    let collected = timeout(MAX_WAIT, collect(memory, body, &mut place)).await;
    let (bytes, meter) = collected.map_err(|_| Problem::too_slow())??;
    meter.check()?;
    let held = memory.hold(bytes.len(), meter.values()).await?;
    drop(place);
    Ok((bytes, held))
}

/// Returns the next frame of a body. A sender that holds a place must not pause for longer than [`PAUSE`].
async fn next<B: http_body::Body>(
    body: &mut Pin<&mut B>,
    holds_place: bool,
) -> Result<Option<Result<Frame<B::Data>, B::Error>>, Problem> {
    let pause = if holds_place { PAUSE } else { MAX_WAIT };
    timeout(pause, body.frame())
        .await
        .map_err(|_| Problem::too_slow())
}

/// Collects a body, and counts its values on the way by a [`Meter`]. A body with too many is read to its end and
/// dropped, so that its sender comes to read the answer.
async fn collect<'m, B>(
    memory: &'m MemoryBudget,
    body: B,
    place: &mut Option<SemaphorePermit<'m>>,
) -> Result<(Bytes, Meter), Problem>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (mut bytes, mut meter) = (BytesMut::new(), Meter::default());
    let mut body = pin!(Limited::new(body, MAX_BODY_BYTES));
    while let Some(frame) = next(&mut body, place.is_some()).await? {
        let Ok(mut data) = frame.map_err(|error| unreadable(&*error))?.into_data() else {
            continue;
        };
        if place.is_none() && bytes.len() + data.remaining() > SMALL_BYTES {
            *place = Some(wait_for_turn(memory.reading.acquire()).await?);
        }
        while data.has_remaining() {
            let piece = data.chunk();
            meter.read(piece);
            bytes.extend_from_slice(if meter.check().is_ok() { piece } else { &[] });
            data.advance(data.chunk().len());
        }
    }
    Ok((bytes.freeze(), meter))
}

fn unreadable(error: &(dyn StdError + Send + Sync + 'static)) -> Problem {
    if error.downcast_ref::<LengthLimitError>().is_some() {
        return Problem::body_too_large();
    }
    Problem::invalid("the body could not be read to its end")
}

/// Takes memory for a large answer until its peer has taken it, or is gone; refuses it if too much waits already.
pub(super) fn hold_answer(response: Response) -> Response {
    let bytes = response
        .body()
        .size_hint()
        .exact()
        .and_then(|bytes| usize::try_from(bytes).ok())
        .unwrap_or_default();
    if bytes <= SMALL_BYTES {
        return response;
    }
    match ANSWERS.try_acquire_many(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) {
        Ok(held) => response.map(|body| HeldBody { body, _held: held }.boxed()),
        Err(_) => {
            let busy = Error::unavailable(
                "too many large answers wait to be taken; take them, or try again later",
            );
            Problem::from(busy).into_response()
        }
    }
}

/// The body of an answer, with its share of [`ANSWERS`].
struct HeldBody {
    body: Body,
    _held: SemaphorePermit<'static>,
}

impl http_body::Body for HeldBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Makes a JSON answer. A value that can't be serialized gives a 500 with a body ([`Problem`]).
pub(super) fn json(status: u16, value: &impl Serialize) -> Response {
    const FAULT: &[u8] = br#"{"error":"the answer can't be written","code":"internal","error_description":"the answer can't be written"}"#;
    let (status, text) = match (
        http::StatusCode::from_u16(status),
        serde_json::to_vec(value),
    ) {
        (Ok(status), Ok(text)) => (status, Bytes::from(text)),
        (_, written) => {
            tracing::error!(cause = ?written.err(), "an answer can't be written");
            (
                http::StatusCode::INTERNAL_SERVER_ERROR,
                Bytes::from_static(FAULT),
            )
        }
    };
    let mut response = Response::new(Full::new(text).boxed());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    // A refusal may quote a path: no browser guesses that it is a page (Fetch standard, `nosniff`).
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
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

    use http::StatusCode;
    use http_body_util::StreamBody;

    use super::*;

    type Read = Result<(Bytes, SemaphorePermit<'static>), Problem>;

    async fn read_body(memory: &'static MemoryBudget, text: impl Into<Bytes>) -> Read {
        read_within(memory, Full::new(text.into())).await
    }

    fn memory() -> &'static MemoryBudget {
        Box::leak(Box::new(MemoryBudget::new(1, 1024, 40 * 1024)))
    }

    fn refused(read: Read) -> (StatusCode, String) {
        let response = read.map(|_| ()).expect_err("refused").into_response();
        let retry = response
            .headers()
            .get(header::RETRY_AFTER)
            .map(|value| value.to_str().expect("text").to_owned());
        (response.status(), retry.unwrap_or_default())
    }

    fn of_size(size: usize) -> String {
        format!("\"{}\"", "x".repeat(size))
    }

    #[tokio::test]
    async fn what_has_too_many_values_or_bytes_is_413_and_holds_nothing() {
        let memory = memory();
        let many = format!("[{}0]", "0,".repeat(crate::json::MAX_VALUES));
        for text in [many, "[".repeat(1_000), of_size(MAX_BODY_BYTES)] {
            assert_eq!(
                refused(read_body(memory, text).await).0,
                StatusCode::PAYLOAD_TOO_LARGE
            );
        }
        assert_eq!(
            (
                memory.small.available_permits(),
                memory.large.available_permits()
            ),
            (1024, 40 * 1024)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn large_requests_wait_for_memory_in_bounded_time_and_small_ones_do_not_wait_for_them() {
        let memory = memory();
        let first = read_body(memory, of_size(4_000_000))
            .await
            .expect("there is room for one");
        let second = read_body(memory, of_size(4_000_000))
            .await
            .expect("and for another");
        assert_eq!(
            refused(read_body(memory, of_size(4_000_000)).await),
            (StatusCode::SERVICE_UNAVAILABLE, "2".into())
        );
        assert!(read_body(memory, "{}").await.is_ok(), "a small one");
        drop(first);
        assert!(
            read_body(memory, of_size(4_000_000)).await.is_ok(),
            "there is room again"
        );
        drop(second);
        assert_eq!(memory.large.available_permits(), 40 * 1024);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up_and_leaves_its_place() {
        let memory = memory();
        let begun = futures_util::stream::iter([Ok::<_, Infallible>(http_body::Frame::data(
            Bytes::from(of_size(100_000)),
        ))]);
        let never = futures_util::StreamExt::chain(begun, futures_util::stream::pending());
        assert_eq!(
            refused(read_within(memory, StreamBody::new(never)).await).0,
            StatusCode::REQUEST_TIMEOUT
        );
        assert!(read_body(memory, of_size(100_000)).await.is_ok());
    }

    #[tokio::test]
    async fn large_answers_that_nobody_takes_are_bounded() {
        let answer = || hold_answer(json(200, &"x".repeat(4 * 1024 * 1024)));
        let waiting: Vec<_> = std::iter::repeat_with(answer)
            .take_while(|answer| answer.status() == 200)
            .take(100)
            .collect();
        assert!(
            (10..=16).contains(&waiting.len()),
            "{} of 4 MiB",
            waiting.len()
        );
        assert_eq!(answer().status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(hold_answer(json(200, &"small")).status(), 200);
        drop(waiting);
        assert_eq!(answer().status(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn who_pauses_amid_a_large_body_gives_its_place_back() {
        let memory = memory();
        let begun = futures_util::stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(
            of_size(100_000),
        )))]);
        let never = futures_util::StreamExt::chain(begun, futures_util::stream::pending());
        let slow = read_within(memory, StreamBody::new(never));
        let (slow, other) = tokio::join!(slow, read_body(memory, of_size(100_000)));
        assert_eq!(refused(slow).0, StatusCode::REQUEST_TIMEOUT);
        assert!(other.is_ok(), "it waits for a pause, and no longer");
    }

    #[tokio::test]
    async fn operators_do_not_wait_for_users_who_keep_all_memory() {
        let _all = USERS
            .small
            .acquire_many(64 * 1024)
            .await
            .expect("no user asks");
        let (mut parts, body) =
            http::Request::new(Full::new(Bytes::from_static(b"{}"))).into_parts();
        assert_eq!(read_operator(&mut parts, body).await.expect("read"), "{}");
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_a_fault_and_not_an_empty_success() {
        let unwritable = BTreeMap::from([((1, 2), "a key that is no text")]);
        let response = json(200, &unwritable);
        assert_eq!(response.status(), 500);
        let Ok(body) = response.into_body().collect().await;
        assert!(body.to_bytes().starts_with(br#"{"error":"the answer"#));
    }
}
