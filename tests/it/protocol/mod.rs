//! What MCP has beyond plain tools: asking, reporting, prompts, resources, lists in pages, headers, and apps that are open.

mod ask;
mod context;
mod headers;
mod open;
mod pages;
mod prompts;
mod resources;
mod stdio;
