//! Requests to the user, or to the user's client, in the middle of a call (MCP 2026-07-28, multi
//! round-trip requests).
//!
//! [`form`](form()), [`url`](url()), [`sampling`] and [`roots`] make an [`InputRequest`]. A call that
//! asks is given up where it waits, and begins anew when the client comes again with the answers
//! ([`InputResponses`]).

mod capability;
mod form;
mod request;
mod waiting;

pub use capability::Capability;
pub(crate) use form::parse_answer;
pub use form::{FormElicitation, form};
pub use request::{
    ClientRequest, ElicitResult, InputRequest, InputRequired, InputResponses, UrlElicitation,
    roots, sampling, url,
};
pub(crate) use request::{PendingRequests, write_request};
pub(crate) use waiting::WaitingTime;
