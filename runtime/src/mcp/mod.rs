//! The MCP voice: rmcp's types end here, and no rule begins here.
//!
//! Two servers speak: [`Server`] for what an app offers, and [`Identified`] around somebody's rmcp `ServerHandler`.
//! Both learn who calls from a [`Seat`].

mod complete;
mod convert;
mod error;
mod http;
mod identified;
mod message;
mod offers;
mod pages;
mod params;
mod request;
mod seat;
mod server;
#[cfg(feature = "local")]
mod stdio;
mod wire;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use ::http::{Request, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::combinators::BoxBody;

pub use identified::Identified;
pub use offers::{About, Catalogs, Offering, Offers};
pub use seat::Seat;
#[cfg(feature = "local")]
pub use seat::StdioCaller;
pub use server::Server;

#[cfg(feature = "local")]
use crate::error::Result;

/// Answers an MCP request whose caller stands in its extensions as `Arc<Caller>`.
pub type Endpoint = Arc<
    dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response<BoxBody<Bytes, Infallible>>>
        + Send
        + Sync,
>;

/// Something that speaks MCP through any door.
pub trait Speaker: fmt::Debug + Send + Sync + 'static {
    /// Speaks streamable HTTP, statelessly.
    fn endpoint(&self) -> Endpoint;

    /// Speaks over standard input and output, on behalf of one caller, until the input ends or the caller may not ask any
    /// more, which is `Forbidden`.
    #[cfg(feature = "local")]
    fn stdio(&self, caller: StdioCaller) -> BoxFuture<'static, Result<()>>;
}

/// A server that callers can be named to.
pub(crate) trait Seated: rmcp::ServerHandler + Clone + fmt::Debug {
    /// The same server, every call of which is this caller's.
    #[cfg(feature = "local")]
    fn taken_by(&self, resident: seat::Resident) -> Self;
}

impl<S: Seated> Speaker for S {
    fn endpoint(&self) -> Endpoint {
        http::endpoint(self.clone())
    }

    #[cfg(feature = "local")]
    fn stdio(&self, caller: StdioCaller) -> BoxFuture<'static, Result<()>> {
        Box::pin(stdio::speak(self.clone(), caller))
    }
}
