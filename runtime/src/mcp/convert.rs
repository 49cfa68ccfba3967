//! Conversion from the framework's types to rmcp's. No rule may be decided here.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CallToolResult, ContentBlock, GetPromptResult, InputRequiredResult, MetaObject,
    PromptArgument, PromptMessage, ReadResourceResult, ResourceTemplate, Tool, ToolAnnotations,
};
use serde_json::{Map, Value, json};

use super::peer::convert_via_json;
use crate::call::Content;
use crate::elicitation::InputRequired;
use crate::prompt::{PromptMessages, Prompts, Role};
use crate::provider::Definition;
use crate::resource::{ReadResult, ResourceBody, ResourceContents, Resources};
use crate::tool::{Hints, Outcome, Tools};

/// The `_meta` key of a tool's version, in its listing and in a call that asks for just that one ([`Tools`]).
pub(super) const VERSION: &str = "mcp-lambda/version";

/// The `_meta` key of the scopes that a tool requires: for an operator who issues a token.
const SCOPES: &str = "mcp-lambda/scopes";

pub(super) fn tool(definition: &Definition<Tools>) -> Tool {
    let mut tool = Tool::new(
        definition.name.clone(),
        definition.description.clone(),
        Arc::clone(&definition.input_schema),
    );
    tool.title.clone_from(&definition.title);
    tool.output_schema.clone_from(&definition.output_schema);
    tool.annotations = annotations(definition.hints);
    tool.meta = meta(tool_meta(definition));
    tool
}

fn tool_meta(definition: &Definition<Tools>) -> Map<String, Value> {
    let mut ui = Map::new();
    ui.extend(
        definition
            .ui
            .iter()
            .map(|uri| ("resourceUri".to_owned(), json!(uri))),
    );
    ui.extend(
        definition
            .visibility
            .map(|visibility| ("visibility".to_owned(), json!(visibility.values()))),
    );
    let mut meta = Map::new();
    if !ui.is_empty() {
        meta.insert("ui".into(), Value::Object(ui));
    }
    meta.extend(
        definition
            .version
            .iter()
            .map(|version| (VERSION.to_owned(), json!(version))),
    );
    if !definition.scopes.is_empty() {
        meta.insert(SCOPES.to_owned(), json!(definition.scopes));
    }
    meta
}

fn annotations(hints: Hints) -> Option<ToolAnnotations> {
    if hints == Hints::default() {
        return None;
    }
    let Hints {
        read_only,
        destructive,
        idempotent,
        open_world,
    } = hints;
    Some(ToolAnnotations::from_raw(
        None,
        read_only,
        destructive,
        idempotent,
        open_world,
    ))
}

pub(super) fn prompt(definition: &Definition<Prompts>) -> rmcp::model::Prompt {
    let argument = |argument: &crate::prompt::PromptArgument| {
        let described = PromptArgument::new(&argument.name).with_required(argument.is_required);
        if argument.description.is_empty() {
            described
        } else {
            described.with_description(&argument.description)
        }
    };
    let arguments = definition.arguments.iter().map(argument).collect();
    let mut prompt = rmcp::model::Prompt::new(
        &definition.name,
        Some(&definition.description),
        Some(arguments),
    );
    prompt.title.clone_from(&definition.title);
    prompt
}

pub(super) fn resource(definition: &Definition<Resources>) -> rmcp::model::Resource {
    let mut resource = rmcp::model::Resource::new(&definition.uri, &definition.name);
    resource.title.clone_from(&definition.title);
    resource.description = Some(definition.description.clone());
    resource.mime_type.clone_from(&definition.mime_type);
    resource.size = definition.size;
    resource.meta = meta(ui(definition));
    resource
}

pub(super) fn template(definition: &Definition<Resources>) -> ResourceTemplate {
    let mut template = ResourceTemplate::new(&definition.uri, &definition.name);
    template.title.clone_from(&definition.title);
    template.description = Some(definition.description.clone());
    template.mime_type.clone_from(&definition.mime_type);
    template
}

fn ui(definition: &Definition<Resources>) -> Map<String, Value> {
    definition
        .ui
        .iter()
        .map(|ui| ("ui".to_owned(), (**ui).clone()))
        .collect()
}

fn meta(map: Map<String, Value>) -> Option<MetaObject> {
    (!map.is_empty()).then(|| MetaObject::from(map))
}

pub(super) fn outcome(outcome: Outcome) -> CallToolResult {
    let content = outcome.content.into_iter().map(block).collect();
    let mut result = if outcome.is_error {
        CallToolResult::error(content)
    } else {
        CallToolResult::success(content)
    };
    result.structured_content = outcome.structured;
    result.meta = meta(outcome.meta);
    result
}

pub(super) fn messages(
    definition: &Definition<Prompts>,
    messages: PromptMessages,
) -> GetPromptResult {
    let role = |role: Role| match role {
        Role::User => rmcp::model::Role::User,
        Role::Assistant => rmcp::model::Role::Assistant,
    };
    let messages = messages.messages.into_iter();
    let messages = messages
        .map(|message| PromptMessage::new(role(message.role), block(message.content)))
        .collect();
    GetPromptResult::new(messages).with_description(&definition.description)
}

pub(super) fn read_result(
    definition: &Definition<Resources>,
    uri: &str,
    read: ReadResult,
) -> ReadResourceResult {
    let contents = read
        .contents
        .into_iter()
        .map(|piece| contents(definition, uri, piece))
        .collect();
    let scope = if definition.is_shared && definition.scopes.is_empty() {
        CacheScope::Public
    } else {
        CacheScope::Private
    };
    let ttl = u64::try_from(definition.ttl.as_millis()).unwrap_or(u64::MAX);
    ReadResourceResult::new(contents)
        .with_ttl_ms(ttl)
        .with_cache_scope(scope)
}

fn contents(
    definition: &Definition<Resources>,
    uri: &str,
    piece: ResourceContents,
) -> rmcp::model::ResourceContents {
    let uri = piece.uri.unwrap_or_else(|| uri.to_owned());
    let (mime_type, meta) = (
        piece.mime_type.or_else(|| definition.mime_type.clone()),
        meta(ui(definition)),
    );
    match piece.body {
        ResourceBody::Text(text) => rmcp::model::ResourceContents::TextResourceContents {
            uri,
            mime_type,
            text,
            meta,
        },
        ResourceBody::Blob(blob) => rmcp::model::ResourceContents::BlobResourceContents {
            uri,
            mime_type,
            blob,
            meta,
        },
    }
}

/// Converts an [`InputRequired`].
///
/// # Errors
///
/// -32603 for a question that MCP does not have: a client that is not shown a question could never answer it.
///
/// # Errors
/// -32603 for a question that MCP does not have: a client that is not shown a question could never answer it.
pub(super) fn input_required(input: InputRequired) -> Result<InputRequiredResult, ErrorData> {
    let convert = |(key, request)| match convert_via_json(request) {
        Some(request) => Ok((key, request)),
        None => Err(ErrorData::internal_error(
            format!("the question `{key}` is not as MCP has it"),
            None,
        )),
    };
    let requests = input
        .requests
        .into_iter()
        .map(convert)
        .collect::<Result<BTreeMap<String, _>, _>>()?;
    Ok(InputRequiredResult::new(Some(requests), input.state))
}

fn block(content: Content) -> ContentBlock {
    match content {
        Content::Text { text } => ContentBlock::text(text),
        Content::Image { data, mime_type } => ContentBlock::image(data, mime_type),
        Content::Audio { data, mime_type } => ContentBlock::audio(data, mime_type),
        Content::Resource {
            uri,
            mime_type,
            text,
        } => embed(rmcp::model::ResourceContents::text(text, uri), mime_type),
        Content::Blob {
            uri,
            mime_type,
            data,
        } => embed(rmcp::model::ResourceContents::blob(data, uri), mime_type),
        Content::ResourceLink { uri, name } => {
            ContentBlock::resource_link(rmcp::model::Resource::new(uri, name))
        }
    }
}

fn embed(contents: rmcp::model::ResourceContents, mime_type: Option<String>) -> ContentBlock {
    ContentBlock::resource(match mime_type {
        Some(mime_type) => contents.with_mime_type(mime_type),
        None => contents,
    })
}
