//! Standard input and output. Nothing but MCP may be written to standard output while this runs.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::Seated;
use super::seat::{Resident, StdioCaller};
use crate::error::{Error, Result};

/// Speaks until the input ends, or until nothing more may be asked: then what was asked is answered first.
pub(super) async fn speak<S: Seated>(server: S, caller: StdioCaller) -> Result<()> {
    let resident = Resident::new(caller);
    let (input, output) = rmcp::transport::stdio();
    let input = UntilEnded { input, ended: Box::pin(resident.ended().clone().cancelled_owned()) };
    let running = rmcp::serve_server(server.taken_by(resident.clone()), (input, output)).await;
    // rmcp's own words quote the whole message.
    let running = running
        .map_err(|_| Error::unavailable("the client hung up, or began with something else than `initialize`"))?;
    let ended = running.waiting().await;
    if let Some(refusal) = resident.refusal() {
        return Err(refusal);
    }
    ended.map(drop).map_err(|error| Error::internal("the conversation broke off").with_source(error))
}

/// An input that ends, as if the client had hung up, when nothing more may be asked.
struct UntilEnded<I> {
    input: I,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<I: AsyncRead + Unpin> AsyncRead for UntilEnded<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.input).poll_read(context, buffer)
    }
}
