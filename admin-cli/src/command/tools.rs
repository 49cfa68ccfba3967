//! `tools`: lists and shows the server's tools, and calls one as a user.
//!
//! Listing needs no user. A call is a user's, with a token of its own ([`call_as_user`]).

use clap::{Args, Subcommand};
use mcp_lambda::{Email, Error};
use serde_json::{Map, Value};

use crate::context::CommandContext;
use crate::error::CliError;
use crate::flags::ValueKind;
use crate::input::read_json;
use crate::mcp::RpcClient;
use crate::output::{StyledText, format_table};
use crate::tool_call::call_as_user;

/// List, show and call tools.
#[derive(Debug, Subcommand)]
pub(crate) enum ToolsCommand {
    /// List all tools.
    List,
    /// Show a tool: what it does and what it takes.
    Show {
        /// The tool's name.
        name: String,
    },
    Call(CallTool),
}

/// Call a tool as a user, with a token made for it that lives a minute.
#[derive(Debug, Args)]
pub(crate) struct CallTool {
    /// The tool's name.
    name: String,
    /// User to call as.
    #[arg(long, value_name = "EMAIL")]
    user: Email,
    /// An argument, such as `--arg text=milk`; its kind is that of the tool's schema.
    #[arg(long = "arg", value_name = "NAME=VALUE")]
    arguments: Vec<String>,
    /// All arguments as JSON, or @FILE.
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "arguments")]
    body: Option<String>,
}

impl ToolsCommand {
    /// Lists with the operator's probe token, and calls with a token of the user.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        match self {
            Self::List => list(context).await,
            Self::Show { name } => show(context, &name).await,
            Self::Call(call) => call.run(context).await,
        }
    }
}

impl CallTool {
    /// Reads the arguments by the tool's schema before a token is created.
    async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let tool = find(context, &self.name).await?;
        let arguments = match &self.body {
            Some(body) => read_body(body)?,
            None => parse_arguments(&tool, &self.arguments)?,
        };
        call_as_user(context, &self.name, self.user, &arguments).await
    }
}

async fn list(context: &CommandContext) -> Result<(), CliError> {
    let tools = list_tools(context).await?;
    context.output.print_answer(&tools, || {
        let header = ["TOOL", "HINTS", "SCOPES", "WHAT IT DOES"];
        format_table(header, tools.iter().map(to_row))
    });
    Ok(())
}

fn to_row(tool: &Value) -> [String; 4] {
    [
        text_member(tool, "name").to_owned(),
        list_hints(tool).join(", "),
        list_scopes(tool).join(" "),
        first_sentence(text_member(tool, "description")),
    ]
}

async fn show(context: &CommandContext, name: &str) -> Result<(), CliError> {
    let tool = find(context, name).await?;
    context.output.print_answer(&tool, || {
        let arguments = argument_rows(&tool);
        let arguments = if arguments.is_empty() {
            "It takes no arguments.".into()
        } else {
            format_table(["ARGUMENT", "KIND", "", "WHAT IT IS"], arguments)
        };
        let description = text_member(&tool, "description");
        let heading = format!("{name}\n{description}").into();
        StyledText::join([heading, describe_effects(&tool).into(), arguments], "\n\n")
    });
    Ok(())
}

/// Lists all tools that an operator sees (MCP, `tools/list`).
async fn list_tools(context: &CommandContext) -> Result<Vec<Value>, CliError> {
    let session = context.session().await?;
    Ok(RpcClient::for_probe(session).await?.list_tools().await?)
}

async fn find(context: &CommandContext, name: &str) -> Result<Value, CliError> {
    let tools = list_tools(context).await?;
    let found = tools.into_iter().find(|tool| tool["name"] == name);
    found.ok_or_else(|| {
        Error::not_found(format!(
            "there is no tool `{name}`; `tools list` names them"
        ))
        .into()
    })
}

/// Returns a member of a tool that is text; an optional one that is missing is empty.
fn text_member<'t>(tool: &'t Value, name: &str) -> &'t str {
    tool[name].as_str().unwrap_or_default()
}

/// Returns the first sentence of a description, in one line: a doc comment breaks its lines wherever they are full.
fn first_sentence(description: &str) -> String {
    let paragraph = description.split("\n\n").next().unwrap_or_default();
    let paragraph = paragraph.replace('\n', " ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}

/// Returns the names of a tool's hints (MCP 2026-07-28, `ToolAnnotations`). A tool without hints may do anything.
fn list_hints(tool: &Value) -> Vec<&'static str> {
    let is_true = |name: &str| tool["annotations"][name] == true;
    if is_true("readOnlyHint") {
        return vec!["read-only"];
    }
    let destructive = is_true("destructiveHint").then_some("destructive");
    let idempotent = is_true("idempotentHint").then_some("idempotent");
    destructive.into_iter().chain(idempotent).collect()
}

/// Returns the scopes that a token must have for a tool. A server of another framework names none.
fn list_scopes(tool: &Value) -> Vec<&str> {
    let scopes = tool["_meta"]["mcp-lambda/scopes"]
        .as_array()
        .into_iter()
        .flatten();
    scopes.filter_map(Value::as_str).collect()
}

/// Describes the hints and the scopes of a tool in sentences.
fn describe_effects(tool: &Value) -> String {
    let effects = match list_hints(tool).join(" and ") {
        none if none.is_empty() => "It may change things.".to_owned(),
        hints => format!("It is {hints}."),
    };
    match list_scopes(tool).join(", ") {
        none if none.is_empty() => effects,
        scopes => format!("{effects} A token that names scopes must name {scopes}."),
    }
}

/// Returns one row for each argument of a tool: name, kind, whether it is required, description.
fn argument_rows(tool: &Value) -> Vec<[String; 4]> {
    let root = &tool["inputSchema"];
    let required = root["required"].as_array().into_iter().flatten();
    let required: Vec<_> = required.filter_map(Value::as_str).collect();
    let row = |(name, schema): (&String, &Value)| {
        let need = if required.contains(&name.as_str()) {
            "needed"
        } else {
            ""
        };
        [
            name.clone(),
            ValueKind::from_schema(schema, root).describe(),
            need.to_owned(),
            text_member(schema, "description").to_owned(),
        ]
    };
    let properties = root["properties"].as_object().into_iter().flatten();
    properties.map(row).collect()
}

/// Reads the value of `--body`.
fn read_body(body: &str) -> Result<Value, CliError> {
    match read_json(body)? {
        body @ Value::Object(_) => Ok(body),
        _ => Err(CliError::Usage(
            "`--body` must be a JSON object, one member for each argument".into(),
        )),
    }
}

/// Parses `NAME=VALUE` pairs; each value is of the kind that the tool's schema declares.
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
        let value = ValueKind::from_schema(schema, &tool["inputSchema"])
            .parse(text)
            .map_err(|problem| {
                CliError::Usage(format!("`{name}`: {problem}, and `{text}` is not"))
            })?;
        if arguments.insert(name.to_owned(), value).is_some() {
            return Err(CliError::Usage(format!("`{name}` is given twice")));
        }
    }
    Ok(Value::Object(arguments))
}
