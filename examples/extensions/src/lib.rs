//! One complete example behind each extension point of mcp-lambda, by its public API alone.

pub mod call_counter;
pub mod static_keys;
pub mod status_page;
pub mod tenant;
pub mod tools_from_file;
