//! [`AnswerLimit`]: refuses answers that are too large to send.

use async_trait::async_trait;

use super::{Middleware, Next};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::provider::{DefinitionView, Reply};

/// The largest answer, in bytes: it fits Lambda's response of 6 MB with room for JSON's escapes (AWS Lambda, quotas).
const MAX_ANSWER_BYTES: usize = 4_000_000;

/// The rule that refuses an answer of more than 4,000,000 bytes ([`Answer::size`](crate::provider::Answer::size)) as
/// `TooLarge`.
#[derive(Debug)]
pub(crate) struct AnswerLimit;

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
        if size <= MAX_ANSWER_BYTES {
            return Ok(reply);
        }
        let definition = next.definition();
        Err(Error::too_large(format!(
            "the {} `{}` answered with {size} bytes; at most {MAX_ANSWER_BYTES} can be sent: ask for less",
            definition.primitive(),
            definition.name()
        )))
    }
}
