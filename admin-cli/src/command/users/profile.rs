//! `users update-profile` and `users get-profile`: the data that an app stores about a user.

use clap::Args;
use mcp_lambda::Email;
use serde_json::{Map, Value, json};

use crate::context::CommandContext;
use crate::error::CliError;
use crate::input::read_json;

/// Change what the app keeps about a user: by flags, by one name and value, or by JSON.
#[derive(Debug, Args)]
pub(crate) struct UpdateProfile {
    /// The user's email.
    email: Email,
    /// A field's name.
    #[arg(requires = "value")]
    field: Option<String>,
    /// The field's new value.
    value: Option<String>,
    /// A JSON merge patch (RFC 7396), or @FILE.
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "field")]
    profile: Option<String>,
    /// Take a field away.
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
}

impl UpdateProfile {
    /// Sends the merge patch, and prints the whole profile that the user has now.
    pub(super) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let patch = self.to_patch(context)?;
        let session = context.session().await?;
        let email = &self.email;
        let profile = session.api.update_profile(email, &patch).await?;
        let answer = json!({ "email": email, "profile": profile });
        context
            .output
            .print_answer(&answer, || format!("{email} has now\n{profile:#}"));
        Ok(())
    }

    /// Returns the merge patch (RFC 7396) of all arguments.
    fn to_patch(&self, context: &CommandContext) -> Result<Value, CliError> {
        let patch = read_profile(context, self.profile.as_deref())?;
        let Value::Object(mut patch) = patch.unwrap_or_else(|| json!({})) else {
            return Err(CliError::Usage("`--profile` must be a JSON object".into()));
        };
        if let Some((field, text)) = self.field.as_ref().zip(self.value.as_ref()) {
            patch.insert(field.clone(), parse_field(context, field, text)?);
        }
        patch.extend(self.unset.iter().map(|name| (name.clone(), Value::Null)));
        if patch.is_empty() {
            return Err(CliError::Usage(
                "nothing to change: give a field and its value, a flag, `--profile` or `--unset`"
                    .into(),
            ));
        }
        Ok(Value::Object(patch))
    }
}

/// Print what the app keeps about a user; secrets, and what the app's type does not declare, are masked.
#[derive(Debug, Args)]
pub(crate) struct GetProfile {
    /// The user's email.
    email: Email,
    /// Show what is masked too.
    #[arg(long)]
    reveal: bool,
}

impl GetProfile {
    /// Prints the profile, or that there is none.
    pub(super) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let session = context.session().await?;
        let email = &self.email;
        let profile = session.api.profile(email, self.reveal).await?;
        let answer = json!({ "email": email, "profile": profile });
        context.output.print_answer(&answer, || {
            profile.as_ref().map_or_else(
                || format!("{email} has no profile."),
                |profile| format!("{profile:#}"),
            )
        });
        Ok(())
    }
}

/// Reads the profile of `--profile`, and puts the values of the profile's own flags over it; `None` if neither was given.
///
/// # Errors
/// [`CliError::Usage`] if `--profile` is no JSON object where there are other flags.
pub(super) fn read_profile(
    context: &CommandContext,
    argument: Option<&str>,
) -> Result<Option<Value>, CliError> {
    let profile = argument.map(read_json).transpose()?;
    let Some(flags) = context.profile() else {
        return Ok(profile);
    };
    match profile {
        None => Ok(Some(Value::Object(flags.clone()))),
        Some(Value::Object(profile)) => {
            let all: Map<_, _> = profile.into_iter().chain(flags.clone()).collect();
            Ok(Some(Value::Object(all)))
        }
        Some(_) => Err(CliError::Usage(
            "`--profile` must be a JSON object where other fields are given by flags".into(),
        )),
    }
}

/// Parses the value of one field by the app's profile type. The generic CLI knows no type: what reads as JSON is JSON.
fn parse_field(context: &CommandContext, field: &str, text: &str) -> Result<Value, CliError> {
    let flags = context.target.profile_flags();
    match flags.into_iter().find(|flag| flag.field() == field) {
        Some(flag) => flag.parse(text).map_err(CliError::Usage),
        None => Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))),
    }
}
