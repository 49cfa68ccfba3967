//! [`ScopeCheck`]: hides what a token does not open.

use async_trait::async_trait;

use super::{Middleware, Next};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::provider::{CompletionRequest, DefinitionView, Reply};
use crate::user::{Caller, Subject};

/// The rule that checks the scopes of a caller's token ([`Caller::may_use`]), whether it may only read, and that a
/// probe calls nothing.
///
/// A thing that the token does not open is unknown to the caller (RFC 6749 §3.3 says what a scope is). The probe sees
/// everything and calls nothing.
#[derive(Debug)]
pub(crate) struct ScopeCheck;

#[async_trait]
impl Middleware for ScopeCheck {
    fn visible(&self, caller: &Caller, definition: &DefinitionView<'_>) -> bool {
        caller.may_use(definition.scopes(), definition.is_read_only())
    }

    fn depends_on_caller(&self, definition: &DefinitionView<'_>) -> bool {
        !definition.scopes().is_empty() || !definition.is_read_only()
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        refuse_probe(&call)?;
        next.run(call).await
    }

    async fn complete(&self, completion: CompletionRequest, next: Next) -> Result<Vec<String>> {
        refuse_probe(&completion.call)?;
        next.complete(completion).await
    }
}

fn refuse_probe(call: &Call) -> Result<()> {
    if *call.caller.subject() == Subject::Probe {
        let primitive = call.primitive;
        return Err(Error::forbidden(format!(
            "a probe token may discover and list, and may not call a {primitive}"
        )));
    }
    Ok(())
}
