//! Complete examples behind the extension points of mcp-lambda, by its public API alone.

pub mod call_counter;
pub mod call_quota;
pub mod data_overview;
pub mod gateway_claims;
pub mod key_ring;
pub mod slow_log;
pub mod static_keys;
pub mod status_page;
pub mod tenant;
pub mod tools_from_file;
