//! Suggested values for an argument (MCP, completion): [`CompletionRequest`] asks a [`Completer`].

use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use super::{Primitive, Registration};
use crate::call::Call;
use crate::error::Result;

/// A request to suggest values for an argument (MCP, completion), answered by
/// [`Resolved::complete`](super::Resolved::complete). A completer must change nothing: nobody has called yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompletionRequest {
    /// The name of the argument.
    pub argument: String,
    /// The text typed so far.
    pub value: String,
    /// The call in the making: its caller, and the arguments that are filled in already.
    pub call: Call,
}

/// A function that suggests values for an argument, the best first; see [`Registration::completes`].
///
/// [`completer`] makes one of a fixed list; one that looks its values up is written out:
///
/// ```
/// use std::sync::Arc;
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::provider::{Completer, CompletionRequest};
/// use serde_json::json;
///
/// let own_name: Completer = Arc::new(|request: CompletionRequest| {
///     Box::pin(async move { Ok(request.call.caller().email().map(ToString::to_string).into_iter().collect()) })
/// });
/// let schema = json!({"type": "object", "properties": {"to": {"type": "string"}}});
/// let tool = Tool::raw("greet", schema, |_| async { Ok(Outcome::text("hello")) }).description("Greets.");
/// assert_eq!(App::new("notes").tools([tool.completes("to", own_name)]).check(), Ok(()));
/// ```
pub type Completer = Arc<
    dyn Fn(CompletionRequest) -> Pin<Box<dyn Future<Output = Result<Vec<String>>> + Send>>
        + Send
        + Sync,
>;

/// Makes a [`Completer`] of a fixed list: it suggests the values that begin with the typed text, in any case.
pub fn completer<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Completer {
    let values: Arc<[String]> = values.into_iter().map(Into::into).collect();
    Arc::new(move |completion| {
        let typed = completion.value.to_lowercase();
        let begins = |value: &&String| value.to_lowercase().starts_with(&typed);
        let fitting = values.iter().filter(begins).cloned().collect();
        Box::pin(async move { Ok(fitting) })
    })
}

impl<P: Primitive> Registration<P> {
    /// Suggests the values of an argument whose schema is an `enum`.
    pub(crate) fn suggesting(self, argument: &str, property: &Value) -> Self {
        let values = read_constants(property);
        if values.is_empty() {
            self
        } else {
            self.completes(argument, completer(values))
        }
    }
}

/// Returns the texts of a normalized schema's `enum`; none for a schema without one.
fn read_constants(schema: &Value) -> Vec<String> {
    let named = schema["enum"].as_array().into_iter().flatten();
    named.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_schema_that_names_its_values_suggests_any() {
        assert_eq!(read_constants(&json!({"enum": ["a", 1]})), ["a"]);
        assert!(read_constants(&json!({"type": "string"})).is_empty());
    }
}
