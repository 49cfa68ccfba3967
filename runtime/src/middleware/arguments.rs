//! [`ArgumentReader`]: reads the arguments of a call by the definition's schema.

use async_trait::async_trait;

use super::{Middleware, Next};
use crate::call::Call;
use crate::error::Result;
use crate::provider::{Callable, DefinitionView, Reply};

/// The rule that reads arguments ([`Callable::bind`]) before any rule of the app's sees them, so that such a rule finds
/// a number where a number is due, and the variables of a resource's URI.
#[derive(Debug)]
pub(crate) struct ArgumentReader;

#[async_trait]
impl Middleware for ArgumentReader {
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, mut call: Call, next: Next) -> Result<Reply> {
        next.bind(&mut call)?;
        next.run(call).await
    }
}
