//! One line in the log for every call: who, what, how long, how it ended.
//!
//! Arguments and answers are never logged: they are the user's. Nor is a URI: it may say what the user reads.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::call::{Call, Trace};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{
    Answer, Completion, Definition, Listing, Primitive, Provider, Reply, SharedProvider,
};
use crate::user::Caller;

/// A source whose calls are logged.
#[derive(Debug)]
pub struct Logged<P: Primitive> {
    inner: SharedProvider<P>,
}

impl<P: Primitive> Logged<P> {
    /// Logs the calls of this source.
    #[must_use]
    pub const fn new(inner: SharedProvider<P>) -> Self {
        Self { inner }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: Primitive> Provider<P> for Logged<P> {
    async fn list(&self, caller: &Caller) -> Result<Listing<P>> {
        self.inner.list(caller).await
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition<P>>>> {
        let found = self.inner.find(caller, name).await;
        if let Ok(None) = found {
            let user = caller.subject().to_string();
            tracing::info!(
                kind = P::NAME,
                user.email = user,
                error = ErrorKind::NotFound.code(),
                "call"
            );
        }
        found
    }

    async fn call(&self, found: &Arc<Definition<P>>, call: Call) -> Result<Reply<P::Answer>> {
        let mut line = Line::new(found, &call);
        let reply = self.inner.call(found, call).await;
        (line.ending, line.cause) = ending(&reply);
        reply
    }

    async fn complete(
        &self,
        found: &Arc<Definition<P>>,
        completion: Completion,
    ) -> Result<Vec<String>> {
        let completed = self.inner.complete(found, completion).await;
        if let Err(error) = &completed {
            let (name, cause) = (&*found.name, cause(error));
            tracing::warn!(
                kind = P::NAME,
                name,
                error = error.kind().code(),
                cause,
                "completion"
            );
        }
        completed
    }
}

/// The line of one call, written when the call is over; also when its client went away and it was given up.
struct Line<P: Primitive> {
    found: Arc<Definition<P>>,
    caller: Arc<Caller>,
    trace: Option<Trace>,
    started: Instant,
    ending: Option<&'static str>,
    cause: Option<String>,
}

impl<P: Primitive> Line<P> {
    fn new(found: &Arc<Definition<P>>, call: &Call) -> Self {
        Self {
            found: Arc::clone(found),
            caller: Arc::clone(&call.caller),
            trace: tracing::enabled!(tracing::Level::INFO).then(|| call.context.trace()),
            started: Instant::now(),
            ending: Some("cancelled"),
            cause: None,
        }
    }
}

impl<P: Primitive> Drop for Line<P> {
    fn drop(&mut self) {
        let (kind, name, trace) = (
            P::NAME,
            &*self.found.name,
            self.trace.as_ref().and_then(Trace::id),
        );
        let user = self.caller.subject().to_string();
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let error = self.ending;
        match &self.cause {
            None => tracing::info!(
                kind,
                name,
                user.email = user,
                duration_ms,
                trace,
                error,
                "call"
            ),
            Some(cause) => tracing::warn!(
                kind,
                name,
                user.email = user,
                duration_ms,
                trace,
                error,
                cause,
                "call"
            ),
        }
    }
}

/// What went wrong in a word, and why.
fn ending<A: Answer>(reply: &Result<Reply<A>>) -> (Option<&'static str>, Option<String>) {
    match reply {
        Ok(Reply::Asks(_)) => (Some("asked"), None),
        Ok(Reply::Answer(answer)) => match answer.failure() {
            None => (None, None),
            Some(cause) => (Some("tool"), cause.map(str::to_owned)),
        },
        Err(error) => (Some(error.kind().code()), cause(error)),
    }
}

/// What lies behind an error. Its own words may quote arguments, and so may what lies behind one that refuses them.
fn cause(error: &Error) -> Option<String> {
    error
        .causes()
        .filter(|_| error.kind() != ErrorKind::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(Arc::new(Logged::new(Arc::new(laws::catalog())))).await;
    }
}
