//! One complete example behind each extension point of mcp-lambda, by its public API alone.

pub mod tenant;
