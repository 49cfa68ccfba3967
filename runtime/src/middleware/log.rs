//! [`CallLog`]: writes one line to the log for every call.
//!
//! Arguments and answers must never be logged: they are the user's. Nor may a URI: it can say what the user reads.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Middleware, Next};
use crate::call::{Call, Trace};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{CompletionRequest, DefinitionView, Reply};
use crate::user::Caller;

/// The rule that logs each call: its caller, its name, its duration and its end; and look-ups that found nothing
/// ([`Middleware::observe_unknown`]).
#[derive(Debug)]
pub(crate) struct CallLog;

#[async_trait]
impl Middleware for CallLog {
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        let mut line = CallLine::new(&next, &call);
        let reply = next.run(call).await;
        line.ending = Ending::from(&reply);
        reply
    }

    async fn complete(&self, completion: CompletionRequest, next: Next) -> Result<Vec<String>> {
        let completed = next.complete(completion).await;
        if let Err(error) = &completed {
            tracing::warn!(
                kind = next.definition().primitive(),
                name = next.definition().name(),
                error = error.kind().code(),
                cause = cause(error),
                "completion"
            );
        }
        completed
    }

    /// Leaves the name out: it is the client's text, and may be a URI.
    fn observe_unknown(&self, caller: &Caller, primitive: &'static str, _name: &str) {
        let user = caller.subject().to_string();
        tracing::info!(
            kind = primitive,
            user.email = user,
            error = ErrorKind::NotFound.code(),
            "call"
        );
    }
}

/// The line of one [`Call`].
///
/// It is written when it is dropped, so that a call whose client went away, whose future is dropped where it waits, is
/// logged too.
struct CallLine<'a> {
    definition: DefinitionView<'a>,
    caller: Arc<Caller>,
    trace: Option<Trace>,
    started: Instant,
    ending: Ending,
}

/// The way a call ended.
struct Ending {
    /// The code of the failure, if it failed.
    error: Option<&'static str>,
    cause: Option<String>,
}

impl<'a> CallLine<'a> {
    fn new(next: &'a Next, call: &Call) -> Self {
        Self {
            definition: next.definition(),
            caller: Arc::clone(&call.caller),
            trace: tracing::enabled!(tracing::Level::INFO).then(|| call.context.trace()),
            started: Instant::now(),
            ending: Ending {
                error: Some("cancelled"),
                cause: None,
            },
        }
    }
}

impl Drop for CallLine<'_> {
    fn drop(&mut self) {
        let kind = self.definition.primitive();
        let name = self.definition.name();
        let trace = self.trace.as_ref().and_then(Trace::id);
        let user = self.caller.subject().to_string();
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let error = self.ending.error;
        match &self.ending.cause {
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

impl From<&Result<Reply>> for Ending {
    fn from(reply: &Result<Reply>) -> Self {
        let (error, cause) = match reply {
            Ok(Reply::InputRequired(_)) => (Some("asked"), None),
            Ok(Reply::Answer(answer)) => match answer.failure() {
                None => (None, None),
                Some(cause) => (Some("tool"), cause.map(str::to_owned)),
            },
            Err(error) => (Some(error.kind().code()), cause(error)),
        };
        Self { error, cause }
    }
}

/// Returns the causes of an error ([`Error::causes`]). Its message may quote arguments, and so may the cause of one
/// that refuses them.
fn cause(error: &Error) -> Option<String> {
    error
        .causes()
        .filter(|_| error.kind() != ErrorKind::Invalid)
}
