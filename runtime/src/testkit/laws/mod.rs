//! The laws of every app: functions that panic if their law is broken.
//! [`app_suite!`](crate::app_suite) makes a test of each.

mod identity;
mod operators;
mod service;
mod tools;

use serde_json::Value;

pub use identity::{
    a_malformed_token_is_401, a_missing_token_is_401, a_probe_token_lists_and_never_calls,
    a_revoked_token_is_401, a_revoked_users_token_is_401, a_token_by_another_key_is_401,
    a_token_for_another_audience_is_401, a_user_token_on_admin_is_403,
    an_admin_token_on_mcp_is_403, an_expired_token_is_401, an_unknown_users_token_is_401,
    every_tool_needs_an_identity,
};
pub use operators::{admins_go_round, profiles_are_checked};
pub use service::{
    an_outage_lets_nobody_in, both_eras_answer, health_is_for_everyone_and_tells_nothing,
    instances_see_each_others_revocations, the_app_is_well_made,
};
pub use tools::{
    every_tool_answers, prompts_are_listed_and_documented, resources_can_be_read,
    schemas_are_json_schema, schemas_are_taken_by_common_clients, the_safe_tool_is_safe,
    tools_are_listed_and_documented, users_never_meet,
};

/// The names of all laws, in the order of [`app_suite!`](crate::app_suite).
pub const NAMES: [&str; 27] = [
    "the_app_is_well_made",
    "every_tool_needs_an_identity",
    "a_missing_token_is_401",
    "a_malformed_token_is_401",
    "an_expired_token_is_401",
    "a_revoked_users_token_is_401",
    "a_revoked_token_is_401",
    "an_unknown_users_token_is_401",
    "a_token_for_another_audience_is_401",
    "a_token_by_another_key_is_401",
    "an_admin_token_on_mcp_is_403",
    "a_user_token_on_admin_is_403",
    "a_probe_token_lists_and_never_calls",
    "admins_go_round",
    "profiles_are_checked",
    "users_never_meet",
    "tools_are_listed_and_documented",
    "schemas_are_json_schema",
    "schemas_are_taken_by_common_clients",
    "prompts_are_listed_and_documented",
    "resources_can_be_read",
    "the_safe_tool_is_safe",
    "health_is_for_everyone_and_tells_nothing",
    "both_eras_answer",
    "every_tool_answers",
    "instances_see_each_others_revocations",
    "an_outage_lets_nobody_in",
];

/// The user of most laws.
const ALICE: &str = "alice@example.com";

/// Another user, where a law compares two.
const BOB: &str = "bob@example.com";

/// Panics with all problems at once.
fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn name(tool: &Value) -> &str {
    tool["name"].as_str().expect("a tool has a name")
}
