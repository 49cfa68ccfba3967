//! Where a server learns who calls, and how long the call may take.
//!
//! Over HTTP both stand beside each request, put there by the router and the door; over standard input they are those of
//! the one user the process works for, who is looked up anew at each call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;
use rmcp::RoleServer;
use rmcp::model::Extensions;
use rmcp::service::RequestContext;
use tokio::time::Instant;
#[cfg(feature = "local")]
use tokio_util::sync::CancellationToken;

use crate::call::{Deadline, Level};
#[cfg(feature = "local")]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
#[cfg(feature = "local")]
use crate::identity::LocalUser;
use crate::user::Caller;

/// Whom every call over standard input is made by.
#[cfg(feature = "local")]
#[derive(Clone, Debug)]
pub enum StdioCaller {
    /// The same caller for as long as the process lives.
    Fixed(Arc<Caller>),
    /// A registered user, as of each call.
    User(Box<LocalUser>),
}

#[cfg(feature = "local")]
impl From<Caller> for StdioCaller {
    fn from(caller: Caller) -> Self {
        Self::Fixed(Arc::new(caller))
    }
}

#[cfg(feature = "local")]
impl From<LocalUser> for StdioCaller {
    fn from(user: LocalUser) -> Self {
        Self::User(Box::new(user))
    }
}

/// The caller of a connection that stays, and why it must end, once it must.
#[cfg(feature = "local")]
#[derive(Clone, Debug)]
pub(crate) struct StdioSession {
    caller: StdioCaller,
    refusal: Arc<Mutex<Option<Error>>>,
    /// Cancelled when nothing more may be asked.
    ended: CancellationToken,
}

#[cfg(feature = "local")]
impl StdioSession {
    pub(super) fn new(caller: StdioCaller) -> Self {
        Self {
            caller,
            refusal: Arc::default(),
            ended: CancellationToken::new(),
        }
    }

    /// The caller as of now. Whoever is refused once is refused for good, and the connection ends.
    async fn caller(&self) -> Result<Arc<Caller>> {
        let user = match &self.caller {
            StdioCaller::Fixed(caller) => return Ok(Arc::clone(caller)),
            StdioCaller::User(user) => user,
        };
        let found = user.caller().await;
        if let Err(error) = &found
            && error.kind() == ErrorKind::Forbidden
        {
            let refusal = Error::forbidden(error.message().to_owned());
            *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
            self.ended.cancel();
        }
        found.map(Arc::new)
    }

    /// Is cancelled when nothing more may be asked.
    pub(super) const fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Why the connection had to end.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// How a server hears of its callers.
#[derive(Clone, Debug)]
pub struct Session {
    #[cfg(feature = "local")]
    stdio: Option<StdioSession>,
    timeout: Duration,
    level: Arc<Mutex<Level>>,
}

impl Session {
    /// Callers stand beside each request; a call may take this long if the door sets no deadline.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self {
            #[cfg(feature = "local")]
            stdio: None,
            timeout,
            level: Arc::default(),
        }
    }

    /// Every call is this caller's, over one connection that stays.
    #[cfg(feature = "local")]
    #[must_use]
    pub(super) fn with_stdio(mut self, stdio: StdioSession) -> Self {
        self.stdio = Some(stdio);
        self
    }

    /// Who calls.
    ///
    /// # Errors
    /// `Unauthenticated` if nobody said: a request that came past the router. Over a connection that stays, `Forbidden` if
    /// its user was revoked or removed, `Unavailable`.
    pub(super) async fn caller(&self, extensions: &Extensions) -> Result<Arc<Caller>> {
        #[cfg(feature = "local")]
        if let Some(stdio) = &self.stdio {
            return stdio.caller().await;
        }
        let beside = extensions
            .get::<Parts>()
            .and_then(|parts| parts.extensions.get::<Arc<Caller>>())
            .cloned();
        beside.ok_or_else(|| Error::unauthenticated("this call has no caller"))
    }

    /// When the call must end.
    pub(super) fn deadline(&self, request: &RequestContext<RoleServer>) -> Instant {
        let beside = request
            .extensions
            .get::<Parts>()
            .and_then(|parts| parts.extensions.get::<Deadline>());
        beside.map_or_else(
            || Instant::now() + self.timeout,
            |Deadline(instant)| *instant,
        )
    }

    /// Whether the connection stays between calls.
    #[cfg(feature = "local")]
    pub(super) const fn is_lasting(&self) -> bool {
        self.stdio.is_some()
    }

    /// Whether the connection stays between calls: none does on Lambda.
    #[cfg(not(feature = "local"))]
    #[expect(clippy::unused_self, reason = "elsewhere it depends")]
    pub(super) const fn is_lasting(&self) -> bool {
        false
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
