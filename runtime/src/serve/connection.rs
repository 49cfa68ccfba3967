//! One connection of the local HTTP server, with its time-outs.
//!
//! Two rules bound every phase of HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113). A connection without a
//! request is closed after a while: one that sends nothing, half a preface or half of its headers,
//! and one that is idle. So is one whose peer takes no more of an answer. A call in progress and an
//! event stream without an event yet are neither.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::http::Response;

/// The time that a connection may be silent; with [`FAREWELL`], it is gone within 30 seconds.
pub(super) const SILENCE: Duration = Duration::from_secs(28);

/// The time that a connection without a request may be silent while places run out
/// ([`ConnectionSlots`](super::connection_slots::ConnectionSlots)).
const SILENCE_WHEN_CROWDED: Duration = Duration::from_secs(2);

/// The time that the closing of an idle connection may take (RFC 9112 §9.6, RFC 9113 §6.8).
const FAREWELL: Duration = Duration::from_secs(1);

/// The largest piece of an answer that is handed over at once. A peer that takes nothing holds
/// about this much memory.
const PIECE_BYTES: usize = 16 * 1024;

/// Answers the requests of a connection until it ends, is silent for too long, or has been told to
/// `stop` and is idle. `crowded` is true while places for connections run out.
pub(super) async fn converse<I, F, A>(
    io: I,
    answer: F,
    mut crowded: watch::Receiver<bool>,
    stop: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A + Send + Sync,
    A: Future<Output = Response> + Send + 'static,
{
    let activity = Arc::new(Activity::new());
    let service = service_fn(|request| watch_answer(Activity::begin(&activity), answer(request)));
    let builder = new_builder();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    let mut stopped = None;
    loop {
        let is_crowded = *crowded.borrow_and_update();
        let deadline = activity.deadline(is_crowded, stopped);
        tokio::select! {
            biased;
            // The deadline first: each poll of the connection makes hyper ask for one more piece,
            // whether the last one was taken or not, and moves the deadline.
            () = sleep_until(deadline) => {
                if activity.deadline(is_crowded, stopped) <= Instant::now() { break }
            }
            // An error of a connection is caused by its peer, and is no line in the log.
            _ = connection.as_mut() => return,
            Ok(()) = crowded.changed() => {}
            () = stop.cancelled(), if stopped.is_none() => {
                stopped = Some(Instant::now());
                connection.as_mut().graceful_shutdown();
            }
        }
    }
    if stopped.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(FAREWELL, connection).await;
    }
}

/// Awaits an answer, and makes its body note when the peer takes a piece.
async fn watch_answer(
    exchange: Exchange,
    answer: impl Future<Output = Response>,
) -> Result<http::Response<WatchedBody>, Infallible> {
    let response = answer.await;
    Ok(response.map(|body| WatchedBody {
        body,
        rest: Bytes::new(),
        exchange,
    }))
}

/// Creates hyper's builder of connections, with small buffers for headers, concurrent streams and
/// unsent data (RFC 9113 §6.5.2), since strangers may fill them.
///
/// A peer must take some two kilobytes of an answer a second, or the content of these buffers looks
/// as if it took none.
fn new_builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(32 * 1024);
    builder
        .http2()
        .max_header_list_size(32 * 1024)
        .max_concurrent_streams(8)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .max_send_buf_size(64 * 1024);
    builder
}

/// The requests in progress of one connection, each an [`Exchange`].
struct Activity {
    state: Mutex<ActivityState>,
}

/// The state of an [`Activity`].
struct ActivityState {
    /// The exchanges by number, each with the time since which its peer has not asked for the next
    /// piece of the answer; `None` while the server is the one to act.
    exchanges: BTreeMap<u64, Option<Instant>>,
    /// The number of the last exchange.
    last_number: u64,
    /// The time of the end of the last exchange, or of the beginning of the connection.
    idle_since: Instant,
}

impl Activity {
    /// Creates the activity of a new connection.
    fn new() -> Self {
        Self {
            state: Mutex::new(ActivityState {
                exchanges: BTreeMap::new(),
                last_number: 0,
                idle_since: Instant::now(),
            }),
        }
    }

    /// Begins the [`Exchange`] of one request.
    fn begin(this: &Arc<Self>) -> Exchange {
        let mut state = this.lock();
        state.last_number += 1;
        let number = state.last_number;
        state.exchanges.insert(number, None);
        Exchange {
            activity: Arc::clone(this),
            number,
        }
    }

    /// Returns the time at which the connection is to be closed, as far as is known now. It moves
    /// on with the connection's activity, so it is asked for again once it has come.
    fn deadline(&self, is_crowded: bool, stopped: Option<Instant>) -> Instant {
        let state = self.lock();
        let silence = if is_crowded {
            SILENCE_WHEN_CROWDED
        } else {
            SILENCE
        };
        if state.exchanges.is_empty() {
            return stopped.map_or(state.idle_since + silence, |stopped| {
                state.idle_since.max(stopped) + FAREWELL
            });
        }
        // No exchange that ends or hands over a piece from now on can have an earlier deadline, so
        // nothing is missed by sleeping until then.
        let next_look = Instant::now() + silence;
        let oldest = state.exchanges.values().flatten().min();
        oldest.map_or(next_look, |untaken| (*untaken + SILENCE).min(next_look))
    }

    /// Locks the [`ActivityState`].
    fn lock(&self) -> MutexGuard<'_, ActivityState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request and its answer, in the [`Activity`] of its connection until both are over.
struct Exchange {
    activity: Arc<Activity>,
    number: u64,
}

impl Exchange {
    /// Notes the time since which the peer has a piece to take; `None` once it has asked for the
    /// next one.
    fn note(&self, untaken: Option<Instant>) {
        self.activity.lock().exchanges.insert(self.number, untaken);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Also where a call is cancelled or panics: an exchange that stayed would keep its
        // connection open for ever.
        let mut state = self.activity.lock();
        state.exchanges.remove(&self.number);
        state.idle_since = Instant::now();
    }
}

/// The body of an answer, in pieces of [`PIECE_BYTES`]. It notes whether the peer takes them: hyper
/// asks for the next one when there is room.
struct WatchedBody {
    body: crate::http::Body,
    /// The part of the last frame that has not been handed over yet.
    rest: Bytes,
    exchange: Exchange,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.exchange.note(None);
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        self.exchange.note(Some(Instant::now()));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::task::JoinHandle;

    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nhost: localhost\r\n\r\n";
    /// HEADERS of stream 1, which ends with them: GET, http, `/`, by the static table of HPACK.
    const REQUEST_2: &[u8] = b"\0\0\x03\x01\x05\0\0\0\x01\x82\x86\x84";

    fn full(size: usize) -> Response {
        Response::new(Full::new(Bytes::from(vec![b'x'; size])).boxed())
    }

    /// A server's end of a pipe, and the peer's.
    fn connect(size: usize, stop: &CancellationToken) -> (DuplexStream, JoinHandle<()>) {
        let (peer, io) = tokio::io::duplex(1024);
        let answer = move |_| std::future::ready(full(size));
        #[expect(clippy::disallowed_methods, reason = "the peer speaks beside it")]
        let server = tokio::spawn(converse(io, answer, watch::channel(false).1, stop.clone()));
        (peer, server)
    }

    /// The seconds until the server's end is over, however long its peer waits.
    async fn seconds(server: JoinHandle<()>) -> u64 {
        let started = Instant::now();
        timeout(Duration::from_secs(3_600), server)
            .await
            .expect("it ends")
            .expect("without a panic");
        started.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_sends_no_request_is_gone_within_thirty_seconds() {
        let many = [PREFACE, b"\0\0\0\x04\x01\0\0\0\0"].concat();
        for said in [
            &b""[..],
            b"P",
            &PREFACE[..12],
            &PREFACE[..24],
            PREFACE,
            &many,
            &REQUEST[..5],
            &REQUEST[..30],
        ] {
            let (mut peer, server) = connect(1, &CancellationToken::new());
            peer.write_all(said).await.expect("written");
            assert!(
                seconds(server).await <= 30,
                "{}",
                String::from_utf8_lossy(said)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_idle_after_an_answer_is_gone_within_thirty_seconds() {
        for said in [REQUEST.to_vec(), [PREFACE, REQUEST_2].concat()] {
            let (mut peer, server) = connect(1, &CancellationToken::new());
            peer.write_all(&said).await.expect("written");
            let mut heard = [0; 64];
            assert!(peer.read(&mut heard).await.expect("readable") > 0);
            assert!((28..=30).contains(&seconds(server).await));
        }
    }

    /// Headers or pings, a byte now and then, are no request.
    #[tokio::test(start_paused = true)]
    async fn whoever_dribbles_is_gone_too() {
        let ping = b"\0\0\x08\x06\0\0\0\0\0--------";
        for (said, again) in [(&REQUEST[..16], &b"x"[..]), (PREFACE, ping)] {
            let (mut peer, server) = connect(1, &CancellationToken::new());
            let dribbling = async {
                peer.write_all(said).await.expect("written");
                while peer.write_all(again).await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            };
            let (seconds, ()) = tokio::join!(seconds(server), dribbling);
            assert!(seconds <= 30, "{seconds}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_given_up() {
        for said in [REQUEST.to_vec(), [PREFACE, REQUEST_2].concat()] {
            let (mut peer, server) = connect(4_000_000, &CancellationToken::new());
            peer.write_all(&said).await.expect("written");
            let seconds = seconds(server).await;
            assert!((28..=30).contains(&seconds), "{seconds}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_slowly_comes_whole() {
        let (mut peer, server) = connect(1_000_000, &CancellationToken::new());
        peer.write_all(REQUEST).await.expect("written");
        let mut heard = 0;
        let mut piece = [0; 8_192];
        while heard < 1_000_000 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let taken = peer.read(&mut piece).await.expect("readable");
            assert!(taken > 0, "cut after {heard} bytes");
            heard += taken;
        }
        assert!(heard < 1_001_000 && seconds(server).await <= 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_minutes_and_a_stream_that_is_silent_for_minutes_are_answered() {
        let minutes = || tokio::time::sleep(Duration::from_secs(300));
        for is_stream in [false, true] {
            let (mut peer, io) = tokio::io::duplex(1024);
            let answer = move |_| async move {
                if !is_stream {
                    minutes().await;
                    return full(5);
                }
                let event = futures_util::stream::once(async move {
                    minutes().await;
                    Ok(Frame::data(Bytes::from_static(b"event")))
                });
                Response::new(BodyExt::boxed(StreamBody::new(event)))
            };
            #[expect(clippy::disallowed_methods, reason = "the peer speaks beside it")]
            let server = tokio::spawn(converse(
                io,
                answer,
                watch::channel(false).1,
                CancellationToken::new(),
            ));
            peer.write_all(REQUEST).await.expect("written");
            let mut heard = String::new();
            peer.read_to_string(&mut heard).await.expect("readable");
            assert!(
                heard.contains(if is_stream { "event" } else { "xxxxx" }),
                "{heard}"
            );
            server.await.expect("it ended");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_peer_does_not_delay_a_stop() {
        for said in [&b""[..], PREFACE, REQUEST, &[PREFACE, REQUEST_2].concat()] {
            let stop = CancellationToken::new();
            let (mut peer, server) = connect(1, &stop);
            peer.write_all(said).await.expect("written");
            tokio::time::sleep(Duration::from_secs(2)).await;
            stop.cancel();
            assert!(
                seconds(server).await <= 1,
                "{}",
                String::from_utf8_lossy(said)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn where_places_run_out_idle_connections_go_at_once_and_calls_go_on() {
        for (said, expected) in [(&b""[..], 10..=11), (REQUEST, 60..=62)] {
            let crowded = watch::channel(false);
            let (mut peer, io) = tokio::io::duplex(1024);
            let answer = |_| async {
                tokio::time::sleep(Duration::from_secs(59)).await;
                full(1)
            };
            #[expect(clippy::disallowed_methods, reason = "the peer speaks beside it")]
            let server = tokio::spawn(converse(io, answer, crowded.1, CancellationToken::new()));
            peer.write_all(said).await.expect("written");
            let fills = async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                crowded.0.send_replace(true);
            };
            let (seconds, ()) = tokio::join!(seconds(server), fills);
            assert!(expected.contains(&seconds), "{seconds}");
        }
    }
}
