//! [`AnswerLimit`]: refuses answers that are too large to send.

use async_trait::async_trait;

use super::{Middleware, Next};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::provider::{DefinitionView, Reply};

/// The rule that refuses an answer of more bytes than the app sends ([`Answer::size`](crate::provider::Answer::size),
/// [`App::answer_limit`](crate::App::answer_limit)) as `TooLarge`.
#[derive(Debug)]
pub(crate) struct AnswerLimit {
    max_bytes: usize,
}

impl AnswerLimit {
    /// Creates the rule with the size of the largest answer.
    pub(crate) const fn new(max_bytes: usize) -> Self {
        Self { max_bytes }
    }
}

#[async_trait]
impl Middleware for AnswerLimit {
    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        let reply = next.run(call).await?;
        let size = match &reply {
            Reply::Answer(answer) => answer.size(),
            Reply::InputRequired(_) => 0,
        };
        let max_bytes = self.max_bytes;
        if size <= max_bytes {
            return Ok(reply);
        }
        let definition = next.definition();
        Err(Error::too_large(format!(
            "the {} `{}` answered with {size} bytes; at most {max_bytes} can be sent: ask for less",
            definition.primitive(),
            definition.name()
        )))
    }
}
