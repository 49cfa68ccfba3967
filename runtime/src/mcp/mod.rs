//! The MCP protocol over rmcp. rmcp's types end here, and no rule begins here.
//!
//! Two servers speak it: [`Handler`] for an app's own providers, and [`ForeignHandler`] around somebody's rmcp
//! `ServerHandler`. A [`Session`] tells both who calls.

mod complete;
mod convert;
mod error;
mod foreign;
mod foreign_target;
mod handler;
mod headers;
mod http;
mod message;
mod params;
mod peer;
mod scope;
mod session;
mod state;
#[cfg(feature = "local")]
mod stdio;
mod wire_size;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use ::http::{Request, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::combinators::BoxBody;

pub(crate) use foreign::{ForeignHandler, ForeignRules};
pub(crate) use handler::Handler;
pub(crate) use session::Session;
#[cfg(feature = "local")]
pub(crate) use session::StdioCaller;
pub(crate) use state::{AppInfo, ServerState};

#[cfg(feature = "local")]
use crate::error::Result;

/// The HTTP service of a server. Each request carries its [`Caller`](crate::user::Caller) in its extensions, as
/// `Arc<Caller>`.
pub(crate) type McpHttpService = Arc<
    dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response<BoxBody<Bytes, Infallible>>>
        + Send
        + Sync,
>;

/// An MCP server by every transport: an app's own [`Handler`], or a [`ForeignHandler`].
pub(crate) trait Transports: fmt::Debug + Send + Sync + 'static {
    /// Returns the server as a service of streamable HTTP, without sessions (MCP, transports).
    fn http_service(&self) -> McpHttpService;

    /// Serves one caller over standard input and output until the input ends (MCP, transports, stdio).
    ///
    /// # Errors
    /// `Forbidden` once the caller was revoked or removed.
    #[cfg(feature = "local")]
    fn serve_stdio(&self, caller: StdioCaller) -> BoxFuture<'static, Result<()>>;
}

/// An rmcp server that takes its callers from a [`Session`].
pub(crate) trait SessionHandler: rmcp::ServerHandler + Clone + fmt::Debug {
    /// Makes every call on behalf of this connection's user ([`StdioCaller`]).
    #[cfg(feature = "local")]
    fn with_stdio(&self, stdio: session::StdioSession) -> Self;
}

impl<S: SessionHandler> Transports for S {
    fn http_service(&self) -> McpHttpService {
        http::service(self.clone())
    }

    #[cfg(feature = "local")]
    fn serve_stdio(&self, caller: StdioCaller) -> BoxFuture<'static, Result<()>> {
        Box::pin(stdio::serve(self.clone(), caller))
    }
}
