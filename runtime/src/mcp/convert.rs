//! From our words to rmcp's. Nothing is decided here.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, Resource, ResourceContents, Tool, ToolAnnotations};

use crate::tool::{Content, Definition, Hints, Outcome};

pub(super) fn tool(definition: &Definition) -> Tool {
    let mut tool =
        Tool::new(definition.name.clone(), definition.description.clone(), Arc::clone(&definition.input_schema));
    tool.title.clone_from(&definition.title);
    tool.output_schema.clone_from(&definition.output_schema);
    tool.annotations = annotations(definition.hints);
    tool
}

fn annotations(hints: Hints) -> Option<ToolAnnotations> {
    if hints == Hints::default() {
        return None;
    }
    let Hints { read_only, destructive, idempotent, open_world } = hints;
    Some(ToolAnnotations::from_raw(None, read_only, destructive, idempotent, open_world))
}

pub(super) fn outcome(outcome: Outcome) -> CallToolResult {
    let content = outcome.content.into_iter().map(block).collect();
    let mut result = if outcome.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
    result.structured_content = outcome.structured;
    result
}

fn block(content: Content) -> ContentBlock {
    match content {
        Content::Text { text } => ContentBlock::text(text),
        Content::Image { data, mime_type } => ContentBlock::image(data, mime_type),
        Content::Audio { data, mime_type } => ContentBlock::audio(data, mime_type),
        Content::Resource { uri, mime_type, text } => resource(ResourceContents::text(text, uri), mime_type),
        Content::Blob { uri, mime_type, data } => resource(ResourceContents::blob(data, uri), mime_type),
        Content::ResourceLink { uri, name } => ContentBlock::resource_link(Resource::new(uri, name)),
    }
}

fn resource(contents: ResourceContents, mime_type: Option<String>) -> ContentBlock {
    ContentBlock::resource(match mime_type {
        Some(mime_type) => contents.with_mime_type(mime_type),
        None => contents,
    })
}
