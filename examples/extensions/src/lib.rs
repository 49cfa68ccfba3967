//! Extensions of mcp-lambda, one module for each place where it can be extended from outside.

pub mod static_keys;
pub mod status_page;
