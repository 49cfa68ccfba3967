//! [`CallDeadline`]: ends every call in time.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use super::{Middleware, Next};
use crate::call::{Call, Context};
use crate::error::{Error, Result};
use crate::provider::{CompletionRequest, DefinitionView, Reply};

/// The rule that bounds every call by the definition's timeout ([`DefinitionView::timeout`]), or by the app's where it
/// sets none, and by what is left of the request.
#[derive(Debug)]
pub(crate) struct CallDeadline {
    timeout: Duration,
}

impl CallDeadline {
    /// Creates the rule with the timeout of a call whose definition sets none.
    pub(crate) const fn new(timeout: Duration) -> Self {
        Self { timeout }
    }

    fn limit(&self, definition: &DefinitionView<'_>, context: &Context) -> Context {
        let timeout = definition.timeout().unwrap_or(self.timeout);
        context.clone().with_deadline(Instant::now() + timeout)
    }
}

#[async_trait]
impl Middleware for CallDeadline {
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, mut call: Call, next: Next) -> Result<Reply> {
        let context = self.limit(&next.definition(), &call.context);
        call.context = context.clone();
        let reply = run_until(&context, &next.definition(), next.run(call)).await;
        context.end();
        reply
    }

    async fn complete(&self, mut completion: CompletionRequest, next: Next) -> Result<Vec<String>> {
        let context = self.limit(&next.definition(), &completion.call.context);
        completion.call.context = context.clone();
        run_until(&context, &next.definition(), next.complete(completion)).await
    }
}

/// Runs work until the deadline of a [`Context`].
///
/// Over a connection that stays, a handler may wait for its user, and that time is not the handler's: the deadline moves
/// while a question is open. So when the timer fires the deadline is read again, and only one that has not moved ends the
/// call.
async fn run_until<T>(
    context: &Context,
    definition: &DefinitionView<'_>,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    let mut work = std::pin::pin!(work);
    loop {
        let end = context.handler_deadline();
        match timeout_at(end, &mut work).await {
            Ok(done) => return done,
            Err(_) if context.handler_deadline() > end => {}
            Err(_) => return Err(deadline_error(definition)),
        }
    }
}

fn deadline_error(definition: &DefinitionView<'_>) -> Error {
    Error::deadline_exceeded(format!(
        "the {} `{}` did not answer in time; ask for less, or try again later",
        definition.primitive(),
        definition.name()
    ))
}
