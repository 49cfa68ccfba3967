//! [`Session`]: the caller and the deadline of each request.
//!
//! Over HTTP both are in the request's extensions, put there by the router and the entry point. Over standard input the
//! caller is the one user the process works for, who is looked up anew at each call.

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

/// The [`Caller`] of everything that comes over standard input.
#[cfg(feature = "local")]
#[derive(Clone, Debug)]
pub(crate) enum StdioCaller {
    /// The same caller for as long as the process lives.
    Fixed(Arc<Caller>),
    /// A registered user, looked up anew at each call ([`LocalUser::caller`]).
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

/// A connection that stays between calls: its [`StdioCaller`], and the refusal that ends it.
#[cfg(feature = "local")]
#[derive(Clone, Debug)]
pub(crate) struct StdioSession {
    caller: StdioCaller,
    refusal: Arc<Mutex<Option<Error>>>,
    /// The token that [`StdioSession::caller`] cancels when the connection must end.
    cancellation: CancellationToken,
}

#[cfg(feature = "local")]
impl StdioSession {
    pub(super) fn new(caller: StdioCaller) -> Self {
        Self {
            caller,
            refusal: Arc::default(),
            cancellation: CancellationToken::new(),
        }
    }

    /// Looks up the caller. A user who is refused once is refused for good, and the connection ends
    /// ([`StdioSession::cancellation`]).
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
            self.cancellation.cancel();
        }
        found.map(Arc::new)
    }

    /// Returns the token that is cancelled when the connection must end.
    pub(super) const fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Takes the refusal that ended the connection, if one did.
    pub(super) fn take_refusal(&self) -> Option<Error> {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// The source of callers, deadlines and log levels of a server's requests.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    #[cfg(feature = "local")]
    stdio: Option<StdioSession>,
    timeout: Duration,
    level: Arc<Mutex<Level>>,
}

impl Session {
    /// Creates a session whose requests carry their callers; a request may take this long where the entry point sets no
    /// [`Deadline`].
    #[must_use]
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            #[cfg(feature = "local")]
            stdio: None,
            timeout,
            level: Arc::default(),
        }
    }

    /// Makes every call on behalf of this connection's user.
    #[cfg(feature = "local")]
    #[must_use]
    pub(super) fn with_stdio(mut self, stdio: StdioSession) -> Self {
        self.stdio = Some(stdio);
        self
    }

    /// Returns the caller of a request.
    ///
    /// # Errors
    /// `Unauthenticated` for a request that did not come through the router. Over a connection that stays, `Forbidden` if
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

    /// Returns the time by which a request must be answered.
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

    /// Returns whether the connection stays between calls.
    #[cfg(feature = "local")]
    pub(super) const fn is_lasting(&self) -> bool {
        self.stdio.is_some()
    }

    /// Returns whether the connection stays between calls: none does on Lambda.
    #[cfg(not(feature = "local"))]
    #[expect(clippy::unused_self, reason = "elsewhere it depends")]
    pub(super) const fn is_lasting(&self) -> bool {
        false
    }

    /// Returns the least [`Level`] of log messages for a client that can't send it with each call.
    pub(super) fn level(&self) -> Level {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the least level of log messages, where there is one client to set it for: elsewhere it would be everyone's.
    pub(super) fn set_level(&self, level: Level) {
        if self.is_lasting() {
            *self.level.lock().unwrap_or_else(PoisonError::into_inner) = level;
        }
    }
}
