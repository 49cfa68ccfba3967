//! `tools` and `safe-tool`: what the server's tools are, and what one of them answers to a user.
//!
//! Listing needs no user. A call is a user's: it carries a token made for it, which lives a minute and is ended after it.

use clap::Subcommand;

use mcp_lambda::admin::NewToken;
use mcp_lambda::{Email, Error};
use serde_json::{Map, Value, json};

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::flags::ValueKind;
use crate::input::read_json;
use crate::mcp::RpcClient;
use crate::output::{Output, StyledText, format_table};

#[derive(Debug, Subcommand)]
pub(crate) enum ToolsCommand {
    /// List all tools.
    List,
    /// Show a tool: what it does and what it takes.
    Show {
        /// The tool's name.
        name: String,
    },
    /// Call a tool as a user, with a token made for it that lives a minute.
    Call {
        /// The tool's name.
        name: String,
        /// Who calls.
        #[arg(long, value_name = "EMAIL")]
        user: Email,
        /// An argument, such as `--arg text=milk`; its kind is that of the tool's schema.
        #[arg(long = "arg", value_name = "NAME=VALUE")]
        arguments: Vec<String>,
        /// All arguments as JSON, or @FILE.
        #[arg(long, value_name = "JSON|@FILE", conflicts_with = "arguments")]
        body: Option<String>,
    },
}

/// The lifetime of a call's token, in seconds.
const TOKEN_SECONDS: u64 = 60;

pub(crate) async fn run(
    session: &AdminSession,
    command: ToolsCommand,
    output: &Output,
) -> Result<(), CliError> {
    match command {
        ToolsCommand::List => list(session, output).await,
        ToolsCommand::Show { name } => show(session, &name, output).await,
        ToolsCommand::Call {
            name,
            user,
            arguments,
            body,
        } => {
            let tool = find(session, &name).await?;
            let arguments = match body {
                Some(body) => match read_json(&body)? {
                    body @ Value::Object(_) => body,
                    _ => {
                        return Err(CliError::Usage(
                            "`--body` must be a JSON object, one member for each argument".into(),
                        ));
                    }
                },
                None => parse_arguments(&tool, &arguments)?,
            };
            call(session, &name, user, &arguments, output).await
        }
    }
}

/// The tool that may be called to see whether tools work; called, if a user is named.
pub(crate) async fn safe(
    session: &AdminSession,
    invoke: Option<Email>,
    output: &Output,
) -> Result<(), CliError> {
    let safe = session.api.safe_tool().await?;
    let tool = json!(safe)["tool"].clone();
    match (tool["name"].as_str(), invoke) {
        (None, _) => Err(Error::not_found(
            "the app names no safe tool; say `.safe_tool(…)` where it is declared",
        )
        .into()),
        (Some(_), None) => {
            output.print_answer(&safe, || {
                format!(
                    "{}: {}",
                    tool["name"].as_str().unwrap_or_default(),
                    tool["description"].as_str().unwrap_or_default()
                )
            });
            Ok(())
        }
        (Some(name), Some(user)) => call(session, name, user, &tool["arguments"], output).await,
    }
}

async fn list(session: &AdminSession, output: &Output) -> Result<(), CliError> {
    let tools = RpcClient::for_probe(session).await?.list_tools().await?;
    output.print_answer(&tools, || {
        let word = |tool: &Value, name: &str| tool[name].as_str().unwrap_or_default().to_owned();
        // The first sentence; a doc comment breaks its lines wherever they are full.
        let first = |text: String| {
            let text = text
                .split("\n\n")
                .next()
                .unwrap_or_default()
                .replace('\n', " ");
            text.split_once(". ")
                .map_or(text.clone(), |(sentence, _)| format!("{sentence}."))
        };
        let row = |tool: &Value| {
            let scopes = scopes(tool).join(" ");
            [
                word(tool, "name"),
                hints(tool).join(", "),
                scopes,
                first(word(tool, "description")),
            ]
        };
        format_table(
            ["TOOL", "HINTS", "SCOPES", "WHAT IT DOES"],
            tools.iter().map(row),
        )
    });
    Ok(())
}

async fn show(session: &AdminSession, name: &str, output: &Output) -> Result<(), CliError> {
    let tool = find(session, name).await?;
    output.print_answer(&tool, || {
        let description = tool["description"].as_str().unwrap_or_default();
        let arguments = arguments(&tool);
        let arguments = if arguments.is_empty() {
            "It takes no arguments.".into()
        } else {
            format_table(["ARGUMENT", "KIND", "", "WHAT IT IS"], arguments)
        };
        StyledText::join(
            [
                format!("{name}\n{description}").into(),
                effects(&tool).into(),
                arguments,
            ],
            "\n\n",
        )
    });
    Ok(())
}

/// Describes a tool's declared effects (MCP 2026-07-28, `ToolAnnotations`); who says nothing may do anything.
fn hints(tool: &Value) -> Vec<&'static str> {
    let hint = |name: &str| tool["annotations"][name].as_bool();
    if hint("readOnlyHint") == Some(true) {
        return vec!["read-only"];
    }
    let destructive = (hint("destructiveHint") == Some(true)).then_some("destructive");
    let idempotent = (hint("idempotentHint") == Some(true)).then_some("idempotent");
    destructive.into_iter().chain(idempotent).collect()
}

/// The scopes that a token must have for a tool, as our servers tell them.
fn scopes(tool: &Value) -> Vec<&str> {
    let scopes = tool["_meta"]["mcp-lambda/scopes"]
        .as_array()
        .into_iter()
        .flatten();
    scopes.filter_map(Value::as_str).collect()
}

/// The same in a sentence.
fn effects(tool: &Value) -> String {
    let effects = match hints(tool).join(" and ") {
        none if none.is_empty() => "It may change things.".to_owned(),
        hints => format!("It is {hints}."),
    };
    match scopes(tool).join(", ") {
        none if none.is_empty() => effects,
        scopes => format!("{effects} A token that names scopes must name {scopes}."),
    }
}

fn arguments(tool: &Value) -> Vec<[String; 4]> {
    let schema = &tool["inputSchema"];
    let required: Vec<_> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let row = |(name, schema): (&String, &Value)| {
        let is_needed = if required.contains(&name.as_str()) {
            "needed"
        } else {
            ""
        };
        [
            name.clone(),
            ValueKind::from_schema(schema, &tool["inputSchema"]).describe(),
            is_needed.to_owned(),
            schema["description"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ]
    };
    properties.map(row).collect()
}

async fn find(session: &AdminSession, name: &str) -> Result<Value, CliError> {
    let tools = RpcClient::for_probe(session).await?.list_tools().await?;
    let found = tools.into_iter().find(|tool| tool["name"] == name);
    found.ok_or_else(|| {
        Error::not_found(format!(
            "there is no tool `{name}`; `tools list` names them"
        ))
        .into()
    })
}

/// `name=value` pairs, each value of the kind that the tool's schema says.
fn parse_arguments(tool: &Value, pairs: &[String]) -> Result<Value, CliError> {
    let mut arguments = Map::new();
    for pair in pairs {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| CliError::Usage(format!("`{pair}` is not of the form NAME=VALUE")))?;
        let schema = tool["inputSchema"]["properties"].get(name);
        let schema = schema.ok_or_else(|| {
            CliError::Usage(format!(
                "the tool has no argument `{name}`; `tools show` names them"
            ))
        })?;
        let value = ValueKind::from_schema(schema, &tool["inputSchema"]).parse(text);
        let value = value
            .map_err(|fault| CliError::Usage(format!("`{name}`: {fault}, and `{text}` is not")))?;
        if arguments.insert(name.to_owned(), value).is_some() {
            return Err(CliError::Usage(format!("`{name}` is given twice")));
        }
    }
    Ok(Value::Object(arguments))
}

/// Calls with a token of the call's own, and ends it whatever came of the call.
async fn call(
    session: &AdminSession,
    name: &str,
    user: Email,
    arguments: &Value,
    output: &Output,
) -> Result<(), CliError> {
    let made = session.api.create_token(NewToken {
        name: Some(format!("tools call {name}")),
        duration_seconds: Some(TOKEN_SECONDS),
        ..NewToken::new(user.clone())
    });
    let made = made.await?;
    output.print_note(&format!(
        "as {user} with a token of its own, to {}\ntools/call {name} {arguments}",
        session.describe()
    ));
    let outcome = RpcClient::new(session, made.token)
        .call_tool(name, arguments)
        .await;
    let ended = session.api.revoke_token(&user, &made.id).await;
    let outcome = outcome?;
    output.print_answer(&outcome, || words(&outcome));
    // The call was made, whatever became of its token.
    ended.map_err(|error| {
        Error::new(
            error.kind(),
            format!("{error}; the call's token ends within a minute"),
        )
    })?;
    if outcome["isError"] == true {
        return Err(Error::forbidden(format!("the tool `{name}` reports an error")).into());
    }
    Ok(())
}

fn words(outcome: &Value) -> String {
    let content = outcome["content"].as_array().into_iter().flatten();
    let parts = content.map(|part| {
        part["text"]
            .as_str()
            .map_or_else(|| part.to_string(), str::to_owned)
    });
    parts.collect::<Vec<_>>().join("\n")
}
