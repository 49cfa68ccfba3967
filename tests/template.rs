//! `template.yaml` against the code: it sets what the code reads on Lambda, and allows what the code calls, exactly.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mcp_lambda::config::SETTINGS;

/// Settings that a deployment by this template does without.
const LEFT_OUT: [&str; 7] = [
    "SIGNING_KEY",
    "APP_USERS_PATH",
    "TOKEN_DURATION_SECONDS",
    "PUBLIC_URL",
    "ALLOW_QUERY_TOKEN",
    "ALLOW_ANONYMOUS",
    "LOG_FORMAT",
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_setting_is_set_or_left_out_on_purpose() {
    let template = read("template.yaml");
    for setting in SETTINGS {
        let is_set = template.contains(&format!("          {}: ", setting.name));
        assert_eq!(
            is_set,
            !LEFT_OUT.contains(&setting.name),
            "{}",
            setting.name
        );
    }
}

#[test]
fn the_package_is_named_or_other_members_would_turn_on_what_only_a_laptop_needs() {
    assert!(read("template.yaml").contains("Flags: [--package, notes, --no-default-features]"));
}

#[test]
fn the_policy_allows_exactly_what_the_code_calls() {
    let template = read("template.yaml");
    let words = template.split_whitespace();
    let allowed: BTreeSet<_> = words
        .filter(|word| word.starts_with("dynamodb:") || word.starts_with("secretsmanager:"))
        .collect();
    let called: BTreeSet<_> = [("store", "dynamodb"), ("secrets", "secretsmanager")]
        .into_iter()
        .flat_map(|(file, service)| calls(&read(&format!("store-dynamo/src/{file}.rs")), service))
        // A transaction needs what its parts need; the others of them are called by themselves too.
        .map(|call| call.replace("dynamodb:TransactWriteItems", "dynamodb:ConditionCheckItem"))
        .collect();
    assert_eq!(allowed, called.iter().map(String::as_str).collect());
}

/// Each `self.client.some_call()` of a file, as the action `service:SomeCall`.
fn calls(code: &str, service: &str) -> Vec<String> {
    let dense: String = code.split_whitespace().collect();
    let names = dense
        .split("self.client.")
        .skip(1)
        .filter_map(|rest| rest.split_once("()"));
    names
        .map(|(name, _)| format!("{service}:{}", camel(name)))
        .collect()
}

fn camel(name: &str) -> String {
    name.split('_')
        .map(|word| word[..1].to_ascii_uppercase() + &word[1..])
        .collect()
}

#[test]
fn cors_is_the_functions_own_and_a_blank_audience_is_left_out() {
    let template = read("template.yaml");
    assert!(
        !template.contains("Cors:") && !template.contains("AllowHeaders"),
        "browsers refuse headers that are set twice"
    );
    assert!(template.contains(r#"ALLOWED_ORIGINS: !Join [",", !Ref AllowedOrigins]"#));
    assert!(template.contains(r#"JWT_AUD: !If [HasAudience, !Ref Audience, !Ref "AWS::NoValue"]"#));
    assert!(template.contains(r#"HasAudience: !Not [!Equals [!Ref Audience, ""]]"#));
}

#[test]
fn the_url_streams_and_is_open_to_those_with_a_token() {
    let template = read("template.yaml");
    for line in [
        "InvokeMode: RESPONSE_STREAM",
        "RESPONSE_MODE: stream",
        "AuthType: NONE",
        "PointInTimeRecoveryEnabled: true",
        "DeletionProtectionEnabled: true",
        "AttributeName: expires, Enabled: true",
    ] {
        assert!(template.contains(line), "{line}");
    }
}

#[test]
fn the_permissions_are_left_to_sam_or_the_url_would_have_each_twice() {
    assert!(!read("template.yaml").contains("AWS::Lambda::Permission"));
}
