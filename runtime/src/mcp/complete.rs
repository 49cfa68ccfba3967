//! Suggested values for arguments of prompts and resource templates (MCP, completion), from the
//! [`CompletionRequest`] that providers answer.

use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};
use serde_json::{Map, Value};

use super::error;
use super::scope::RequestScope;
use crate::error::{Error, Result};
use crate::prompt::Prompts;
use crate::provider::CompletionRequest;
use crate::registry::Registrable;
use crate::resource::Resources;

/// The argument to complete, and those that are filled in already.
struct CompletedArgument {
    name: String,
    value: String,
    others: Map<String, Value>,
}

/// Answers `completion/complete`: reads the [`CompletedArgument`] and asks the provider of what it belongs
/// to.
pub(super) async fn complete(
    scope: &RequestScope<'_>,
    params: CompleteRequestParams,
) -> std::result::Result<CompleteResult, ErrorData> {
    let filled = params.context.and_then(|context| context.arguments);
    let others = filled.unwrap_or_default().into_iter();
    let argument = CompletedArgument {
        name: params.argument.name,
        value: params.argument.value,
        others: others
            .map(|(name, value)| (name, Value::String(value)))
            .collect(),
    };
    let values = match params.r#ref {
        Reference::Prompt(prompt) => suggest::<Prompts>(scope, prompt.name, argument).await,
        Reference::Resource(resource) => suggest::<Resources>(scope, resource.uri, argument).await,
        other => Err(Error::invalid(format!(
            "`{}` is nothing to complete arguments of",
            other.reference_type()
        ))),
    };
    let values = values.map_err(|error| error::protocol(&error))?;
    let mut result = CompleteResult::new(first_values(values));
    result.meta = scope.stamp(None);
    Ok(result)
}

async fn suggest<P: Registrable>(
    scope: &RequestScope<'_>,
    name: String,
    argument: CompletedArgument,
) -> Result<Vec<String>> {
    let call = scope.calls.call(P::NAME, name, argument.others, None);
    let resolved = scope.calls.resolve::<P>(&call).await?;
    let completion = CompletionRequest {
        argument: argument.name,
        value: argument.value,
        call,
    };
    resolved.complete(completion).await
}

/// Keeps the first hundred values, which is the most that MCP allows, and says how many there are.
fn first_values(mut values: Vec<String>) -> CompletionInfo {
    let mut info = CompletionInfo::default();
    info.total = u32::try_from(values.len()).ok();
    info.has_more = Some(values.len() > CompletionInfo::MAX_VALUES);
    values.truncate(CompletionInfo::MAX_VALUES);
    info.values = values;
    info
}
