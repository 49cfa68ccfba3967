//! Standard input and output. Nothing but MCP may be written to standard output while this runs.
//!
//! rmcp's own transport drops what is no JSON and what ends without a newline, in silence; here every line is answered.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ErrorData, JsonRpcError, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, Empty, ReadBuf};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::session::{StdioCaller, StdioSession};
use super::{SessionHandler, message};
use crate::error::{Error, Result};
use crate::json::Meter;

/// The longest line that is read; as much as a body may have over HTTP.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// Serves a caller until the input ends, or until the [`StdioSession`] is cancelled: then what was asked before is
/// answered first.
pub(super) async fn serve<S: SessionHandler>(server: S, caller: StdioCaller) -> Result<()> {
    let stdio = StdioSession::new(caller);
    let (input, output) = rmcp::transport::stdio();
    let input = UntilEnded {
        input,
        ended: Box::pin(stdio.cancellation().clone().cancelled_owned()),
    };
    let lines = Lines::new(BufReader::new(input), output);
    let running = rmcp::serve_server(server.with_stdio(stdio.clone()), lines).await;
    // rmcp's own message quotes the whole message.
    let running = running.map_err(|_| {
        Error::unavailable("the client hung up, or began with something else than `initialize`")
    })?;
    let ended = running.waiting().await;
    if let Some(refusal) = stdio.take_refusal() {
        return Err(refusal);
    }
    ended
        .map(drop)
        .map_err(|error| Error::internal("the conversation broke off").with_source(error))
}

/// An input that ends, as if the client had closed it, when the [`StdioSession`] is cancelled.
struct UntilEnded<I> {
    input: I,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<I: AsyncRead + Unpin> AsyncRead for UntilEnded<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.input).poll_read(context, buffer)
    }
}

/// A [`Transport`] of one message a line, in both directions.
struct Lines<R, W: AsyncWrite> {
    input: R,
    line: InputLine,
    output: AsyncRwTransport<RoleServer, Empty, W>,
    /// A refusal that is being written: a caller that stops waiting for a message must not stop this write.
    refusing: Option<BoxFuture<'static, io::Result<()>>>,
}

impl<R, W> Lines<R, W>
where
    R: AsyncBufRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    fn new(input: R, output: W) -> Self {
        let output = AsyncRwTransport::new_server(tokio::io::empty(), output);
        Self {
            input,
            line: InputLine::default(),
            output,
            refusing: None,
        }
    }

    /// Reads to the end of an [`InputLine`]; returns whether there is one. Cancelling it loses nothing.
    async fn read_line(&mut self) -> io::Result<bool> {
        loop {
            let available = self.input.fill_buf().await?;
            let end = available.iter().position(|byte| *byte == b'\n');
            let (length, is_over) = (
                end.map_or(available.len(), |end| end + 1),
                available.is_empty(),
            );
            self.line.take(&available[..length]);
            self.input.consume(length);
            if end.is_some() || is_over {
                return Ok(!is_over || !self.line.is_empty());
            }
        }
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncBufRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.output.send(message)
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(refusing) = &mut self.refusing {
                refusing.await.ok()?;
                self.refusing = None;
            }
            if !self.read_line().await.ok()? {
                return None;
            }
            match std::mem::take(&mut self.line).message() {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(refusal) => {
                    self.refusing = Some(Box::pin(
                        self.output.send(ServerJsonRpcMessage::Error(*refusal)),
                    ))
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.close().await
    }
}

/// A line that is being read, within [`MAX_LINE_BYTES`] and a [`Meter`]'s bound on values.
#[derive(Default)]
struct InputLine {
    bytes: Vec<u8>,
    meter: Meter,
    is_too_long: bool,
}

impl InputLine {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.is_too_long
    }

    fn take(&mut self, piece: &[u8]) {
        self.is_too_long |= self.bytes.len() + piece.len() > MAX_LINE_BYTES;
        if self.is_too_long {
            self.bytes = Vec::new();
        } else {
            self.meter.read(piece);
            self.bytes.extend_from_slice(piece);
        }
    }

    /// The message; nothing for an empty line, and for a notification that MCP doesn't have, which JSON-RPC leaves unanswered.
    fn message(self) -> std::result::Result<Option<ClientJsonRpcMessage>, Box<JsonRpcError>> {
        if self.is_too_long {
            let message = format!("a message may have at most {MAX_LINE_BYTES} bytes");
            return Err(Box::new(JsonRpcError::new(
                None,
                ErrorData::invalid_request(message, None),
            )));
        }
        let bytes = self
            .bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(&self.bytes)
            .trim_ascii();
        if bytes.is_empty() {
            return Ok(None);
        }
        let head = message::head(bytes).map_err(Box::new)?;
        let is_notification = head.id.is_none() && head.method.is_some();
        if let Err(error) = self.meter.check() {
            let refusal = ErrorData::invalid_request(error.message().to_owned(), None);
            return Err(Box::new(JsonRpcError::new(head.id, refusal)));
        }
        match serde_json::from_slice(bytes) {
            Ok(message) => Ok(Some(message)),
            Err(_) if is_notification => Ok(None),
            Err(_) => Err(Box::new(message::error_for(bytes))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::io::AsyncReadExt;

    use super::*;

    /// What is handed on, and what is answered, for an input that comes in pieces of this many bytes.
    async fn exchange(input: Vec<u8>, piece: usize) -> (Vec<Value>, Vec<Value>) {
        let (output, mut heard) = tokio::io::duplex(1 << 20);
        let mut lines = Lines::new(
            BufReader::with_capacity(piece, io::Cursor::new(input)),
            output,
        );
        let mut messages = Vec::new();
        while let Some(message) = lines.receive().await {
            messages.push(serde_json::to_value(message).expect("JSON"));
        }
        lines.close().await.expect("closed");
        drop(lines);
        let mut text = String::new();
        heard.read_to_string(&mut text).await.expect("text");
        (
            messages,
            text.lines()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect(),
        )
    }

    fn ping(id: impl Into<Value>) -> String {
        json!({"jsonrpc": "2.0", "id": id.into(), "method": "ping"}).to_string()
    }

    #[tokio::test]
    async fn every_line_is_handed_on_or_answered_and_the_last_needs_no_newline() {
        let nested = format!(
            r#"{{"jsonrpc":"2.0","id":"deep","method":"ping","x":{}1{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let many = format!(
            r#"{{"jsonrpc":"2.0","id":"many","method":"ping","x":[0{}]}}"#,
            ",0".repeat(50_000)
        );
        let long = format!(
            r#"{{"jsonrpc":"2.0","id":"long","method":"ping","x":"{}"}}"#,
            "x".repeat(MAX_LINE_BYTES)
        );
        let unknown = r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":[]}"#.to_owned();
        let lines = [
            ping(1),
            "{oops".into(),
            String::new(),
            "\r".into(),
            nested,
            many,
            long,
            unknown,
            ping(Value::Null),
            ping(1.5),
            "[]".into(),
            ping(2),
        ];
        for piece in [7, 8_192] {
            let (messages, answers) = exchange(lines.join("\n").into_bytes(), piece).await;
            assert_eq!(
                messages
                    .iter()
                    .map(|message| &message["id"])
                    .collect::<Vec<_>>(),
                [1, 2]
            );
            let told: Vec<_> = answers
                .iter()
                .map(|answer| (answer["error"]["code"].as_i64(), answer["id"].as_str()))
                .collect();
            let expected = [
                (Some(-32_700), None),
                (Some(-32_600), Some("deep")),
                (Some(-32_600), Some("many")),
                (Some(-32_600), None),
                (Some(-32_600), None),
                (Some(-32_600), None),
                (Some(-32_600), None),
            ];
            assert_eq!(told, expected, "{answers:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let mut line = InputLine::default();
        for _ in 0..1_000 {
            line.take(&[b'x'; 64 * 1024]);
            assert!(line.bytes.capacity() <= 2 * MAX_LINE_BYTES);
        }
        assert_eq!((line.bytes.capacity(), line.is_too_long), (0, true));
    }

    /// rmcp gives up waiting for a message whenever something else is to be done.
    #[tokio::test]
    async fn nothing_is_lost_when_waiting_is_given_up() {
        let (mut client, input) = tokio::io::duplex(64);
        let (output, mut heard) = tokio::io::duplex(8);
        let mut lines = Lines::new(BufReader::new(input), output);
        let text = format!("{{oops\n{}\n", ping(7));
        let writing = async {
            for byte in text.as_bytes() {
                tokio::io::AsyncWriteExt::write_all(&mut client, &[*byte])
                    .await
                    .expect("written");
                tokio::task::yield_now().await;
            }
        };
        let reading = async {
            loop {
                tokio::select! {
                    biased;
                    message = lines.receive() => break message,
                    () = tokio::task::yield_now() => {}
                }
            }
        };
        let mut answer = Vec::new();
        let hearing = async {
            while answer.last() != Some(&b'\n') {
                answer.push(heard.read_u8().await.expect("a byte"));
            }
        };
        let ((), message, ()) = tokio::join!(writing, reading, hearing);
        assert_eq!(serde_json::to_value(message).expect("JSON")["id"], 7);
        assert_eq!(
            serde_json::from_slice::<Value>(&answer).expect("JSON")["error"]["code"],
            -32_700
        );
    }
}
