//! Suggestions for arguments of prompts and of resource templates.

use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};
use serde_json::{Map, Value};

use super::error;
use super::scope::RequestScope;
use super::state::ServerState;
use crate::error::{Error, Result};
use crate::provider::{Completion, Primitive, SharedProvider, resolve};

pub(super) async fn complete(
    state: &ServerState,
    scope: &RequestScope<'_>,
    params: CompleteRequestParams,
) -> std::result::Result<CompleteResult, ErrorData> {
    if state.info.capabilities.completions.is_none() {
        return Err(error::no_method("completion/complete"));
    }
    let there = params
        .context
        .and_then(|context| context.arguments)
        .unwrap_or_default();
    let there: Map<_, _> = there
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    let typed = (params.argument.name, params.argument.value);
    let values = match params.r#ref {
        Reference::Prompt(prompt) => {
            suggested(&state.prompts, scope, prompt.name, there, typed).await
        }
        Reference::Resource(resource) => {
            suggested(&state.resources, scope, resource.uri, there, typed).await
        }
        other => Err(Error::invalid(format!(
            "`{}` is nothing to complete arguments of",
            other.reference_type()
        ))),
    };
    let values = values.map_err(|error| error::protocol(&error))?;
    let mut result = CompleteResult::new(worded(values));
    result.meta = scope.stamp(None);
    Ok(result)
}

async fn suggested<P: Primitive>(
    source: &SharedProvider<P>,
    scope: &RequestScope<'_>,
    name: String,
    there: Map<String, Value>,
    (argument, value): (String, String),
) -> Result<Vec<String>> {
    let call = scope.call::<P>(name, there, None);
    let found = resolve(&**source, &call).await?;
    source
        .complete(
            &found,
            Completion {
                argument,
                value,
                call,
            },
        )
        .await
}

/// At most a hundred, and how many there are.
fn worded(mut values: Vec<String>) -> CompletionInfo {
    let total = u32::try_from(values.len()).ok();
    let has_more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    let mut worded = CompletionInfo::default();
    (worded.values, worded.total, worded.has_more) = (values, total, Some(has_more));
    worded
}
