//! `users update-profile` and `users get-profile`: the data that an app stores about a user.

use mcp_lambda::Email;
use serde_json::{Map, Value, json};

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::Output;
use crate::target::AdminTarget;

/// Returns a profile in JSON with the values of flags over it.
pub(super) fn merge(
    profile: Option<Value>,
    flags: Option<Map<String, Value>>,
) -> Result<Option<Value>, CliError> {
    let Some(flags) = flags else {
        return Ok(profile);
    };
    match profile.unwrap_or_else(|| json!({})) {
        Value::Object(mut profile) => {
            profile.extend(flags);
            Ok(Some(Value::Object(profile)))
        }
        _ => Err(CliError::Usage(
            "`--profile` must be a JSON object where other fields are given by flags".into(),
        )),
    }
}

/// Returns the patch with one more field, and with those that go.
pub(super) fn complete_patch(
    subject: &AdminTarget,
    patch: Option<Value>,
    field: Option<(String, String)>,
    unset: &[String],
) -> Result<Value, CliError> {
    let Value::Object(mut patch) = patch.unwrap_or_else(|| json!({})) else {
        return Err(CliError::Usage("`--profile` must be a JSON object".into()));
    };
    if let Some((name, text)) = field {
        let flag = subject
            .profile_flags()
            .into_iter()
            .find(|flag| flag.field() == name);
        // Without a type to go by, what reads as JSON is JSON.
        let untyped = || serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_str()));
        let value = flag
            .map_or_else(|| Ok(untyped()), |flag| flag.parse(&text))
            .map_err(CliError::Usage)?;
        patch.insert(name, value);
    }
    patch.extend(unset.iter().map(|name| (name.clone(), Value::Null)));
    if patch.is_empty() {
        return Err(CliError::Usage(
            "nothing to change: give a field and its value, a flag, `--profile` or `--unset`"
                .into(),
        ));
    }
    Ok(Value::Object(patch))
}

pub(super) async fn update(
    session: &AdminSession,
    email: &Email,
    patch: &Value,
    output: &Output,
) -> Result<(), CliError> {
    let profile = session.api.update_profile(email, patch).await?;
    output.print_answer(&json!({ "email": email, "profile": profile }), || {
        format!("{email} has now\n{profile:#}")
    });
    Ok(())
}

pub(super) async fn show(
    session: &AdminSession,
    email: &Email,
    reveal: bool,
    output: &Output,
) -> Result<(), CliError> {
    let profile = session.api.profile(email, reveal).await?;
    output.print_answer(&json!({ "email": email, "profile": profile }), || {
        profile.as_ref().map_or_else(
            || format!("{email} has no profile."),
            |profile| format!("{profile:#}"),
        )
    });
    Ok(())
}
