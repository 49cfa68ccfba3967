//! Suggestions for an argument while somebody types it (MCP, completion).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Primitive, Registration};
use crate::call::Call;
use crate::error::Result;

/// An argument that somebody types. It is no call: what it suggests, it must not change.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The argument's name.
    pub argument: String,
    /// What has been typed so far.
    pub value: String,
    /// Who types, and the arguments that are there already.
    pub call: Call,
}

/// What suggests values for an argument.
pub type Completer =
    Arc<dyn Fn(Completion) -> BoxFuture<'static, Result<Vec<String>>> + Send + Sync>;

/// Suggests those of these values that begin as what was typed, whatever the case.
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
    /// Suggests the values that an argument's schema names.
    pub(crate) fn suggesting(self, argument: &str, property: &Value) -> Self {
        let values = named_values(property);
        if values.is_empty() {
            self
        } else {
            self.completes(argument, completer(values))
        }
    }
}

/// The texts that a normalized schema allows, if it names them all.
fn named_values(schema: &Value) -> Vec<String> {
    let named = schema["enum"].as_array().into_iter().flatten();
    named.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_schema_that_names_its_values_suggests_any() {
        assert_eq!(named_values(&json!({"enum": ["a", 1]})), ["a"]);
        assert!(named_values(&json!({"type": "string"})).is_empty());
    }
}
