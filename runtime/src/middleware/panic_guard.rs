//! [`PanicGuard`]: answers for handlers that panic.

use std::panic::AssertUnwindSafe;

use async_trait::async_trait;
use futures_util::FutureExt;

use super::{Middleware, Next};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::provider::{CompletionRequest, DefinitionView, Reply};

/// The end of the message about a handler that panicked.
pub(crate) const PANICKED: &str = "panicked; this is a bug of the server";

/// The rule that turns a panic into an [`Internal`](crate::ErrorKind::Internal) error.
///
/// The message of a panic may quote an argument, so it reaches neither the client nor the log; the hook of the process
/// logs its place.
#[derive(Debug)]
pub(crate) struct PanicGuard;

#[async_trait]
impl Middleware for PanicGuard {
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        let done = AssertUnwindSafe(next.run(call)).catch_unwind().await;
        done.unwrap_or_else(|_| Err(broken(&next.definition())))
    }

    async fn complete(&self, completion: CompletionRequest, next: Next) -> Result<Vec<String>> {
        let done = AssertUnwindSafe(next.complete(completion))
            .catch_unwind()
            .await;
        done.unwrap_or_else(|_| Err(broken(&next.definition())))
    }
}

fn broken(definition: &DefinitionView<'_>) -> Error {
    Error::internal(format!(
        "the {} `{}` {PANICKED}",
        definition.primitive(),
        definition.name()
    ))
}
