//! One complete example behind each extension point of mcp-lambda, by its public API alone.

pub mod call_counter;
pub mod tenant;
pub mod tools_from_file;
