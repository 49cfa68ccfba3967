//! `POST /` and `POST /mcp`.

mod call_tool;
mod handler;
mod list_tools;
mod malformed;
mod refusals;
mod versions;
