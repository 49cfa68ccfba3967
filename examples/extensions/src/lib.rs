//! Extensions of mcp-lambda, one module for each place where it can be extended from outside.

pub mod call_counter;
pub mod tools_from_file;
