//! Where a server learns who calls, and how long the call may take.
//!
//! Over HTTP both stand beside each request, put there by the router and the door; over standard input they are those of
//! the one user the process works for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;
use rmcp::RoleServer;
use rmcp::model::Extensions;
use rmcp::service::RequestContext;
use tokio::time::Instant;

use crate::call::{Deadline, Level};
use crate::error::{Error, Result};
use crate::user::Caller;

/// How a server hears of its callers.
#[derive(Clone, Debug)]
pub struct Seat {
    caller: Option<Arc<Caller>>,
    timeout: Duration,
    level: Arc<Mutex<Level>>,
}

impl Seat {
    /// Callers stand beside each request; a call may take this long if the door sets no deadline.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { caller: None, timeout, level: Arc::default() }
    }

    /// Every call is this caller's, over one connection that stays.
    #[must_use]
    pub fn taken_by(mut self, caller: Arc<Caller>) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Who calls.
    ///
    /// # Errors
    /// `Unauthenticated` if nobody said: a request that came past the router.
    pub(super) fn caller(&self, extensions: &Extensions) -> Result<Arc<Caller>> {
        let beside = || extensions.get::<Parts>().and_then(|parts| parts.extensions.get::<Arc<Caller>>()).cloned();
        self.caller.clone().or_else(beside).ok_or_else(|| Error::unauthenticated("this call has no caller"))
    }

    /// When the call must end.
    pub(super) fn deadline(&self, request: &RequestContext<RoleServer>) -> Instant {
        let beside = request.extensions.get::<Parts>().and_then(|parts| parts.extensions.get::<Deadline>());
        beside.map_or_else(|| Instant::now() + self.timeout, |Deadline(instant)| *instant)
    }

    /// Whether the connection stays between calls.
    pub(super) const fn is_lasting(&self) -> bool {
        self.caller.is_some()
    }

    /// The least level of log messages for a client that can't say it with each call.
    pub(super) fn level(&self) -> Level {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it, where there is one client to set it for: elsewhere it would be everyone's.
    pub(super) fn set_level(&self, level: Level) {
        if self.is_lasting() {
            *self.level.lock().unwrap_or_else(PoisonError::into_inner) = level;
        }
    }
}
