//! The MCP voice: rmcp's types end here, and no rule begins here.
//!
//! Two servers speak: [`Handler`] for what an app offers, and [`ForeignHandler`] around somebody's rmcp `ServerHandler`.
//! Both learn who calls from a [`Session`].

mod complete;
mod convert;
mod error;
mod foreign;
mod handler;
mod http;
mod message;
mod pages;
mod params;
mod peer;
mod scope;
mod session;
mod state;
#[cfg(feature = "local")]
mod stdio;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use ::http::{Request, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::combinators::BoxBody;

pub use foreign::ForeignHandler;
pub use handler::Handler;
pub use session::Session;
#[cfg(feature = "local")]
pub use session::StdioCaller;
pub use state::{AppInfo, Catalogs, ServerInfo, ServerState};

#[cfg(feature = "local")]
use crate::error::Result;

/// Answers an MCP request whose caller stands in its extensions as `Arc<Caller>`.
pub type HttpService = Arc<
    dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response<BoxBody<Bytes, Infallible>>>
        + Send
        + Sync,
>;

/// Something that speaks MCP through any door.
pub trait Transports: fmt::Debug + Send + Sync + 'static {
    /// Speaks streamable HTTP, statelessly.
    fn endpoint(&self) -> HttpService;

    /// Speaks over standard input and output, on behalf of one caller, until the input ends or the caller may not ask any
    /// more, which is `Forbidden`.
    #[cfg(feature = "local")]
    fn stdio(&self, caller: StdioCaller) -> BoxFuture<'static, Result<()>>;
}

/// A server that callers can be named to.
pub(crate) trait SessionHandler: rmcp::ServerHandler + Clone + fmt::Debug {
    /// The same server, every call of which is this caller's.
    #[cfg(feature = "local")]
    fn with_stdio(&self, stdio: session::StdioSession) -> Self;
}

impl<S: SessionHandler> Transports for S {
    fn endpoint(&self) -> HttpService {
        http::endpoint(self.clone())
    }

    #[cfg(feature = "local")]
    fn stdio(&self, caller: StdioCaller) -> BoxFuture<'static, Result<()>> {
        Box::pin(stdio::serve(self.clone(), caller))
    }
}
