//! A real binary as a Lambda, with its users in DynamoDB and its key in Secrets Manager.

use mcp_lambda::admin::{AdminApi, NewUser};
use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::{Home, Server};
use mcp_lambda_tests::runtime_api::{Lambda, function_url_event, older_headers};
use serde_json::json;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");
const KEY: &str = "first-key-0123456789-0123456789-0123456789";

/// The variables of a deployment whose AWS is on loopback.
fn deployment<'a>(dynamo: &'a str, secrets: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("USERS_TABLE", "users"),
        ("SIGNING_KEY_SECRET", "prod/key"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamo),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]
}

async fn status(lambda: &Lambda, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = older_headers(&bearer);
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    lambda.request(&function_url_event("POST", "/mcp", &headers, Some(&list))).await.status
}

/// Registers a user through a server on the same table and key.
async fn registered(home: &Home, variables: &[(&str, &str)]) -> (Server, String) {
    let mut command = home.command(FIXTURE);
    command.envs(variables.iter().copied());
    let server = Server::start(command).await;
    let key = mcp_lambda::keys::SigningKey::from_text(KEY).expect("long enough");
    let api = mcp_lambda_admin::Remote::new(&server.url, key, std::sync::Arc::new(mcp_lambda::clock::SystemClock))
        .expect("a client");
    let user = NewUser { email: "alice@example.com".parse().expect("valid"), profile: None, duration_seconds: None };
    let token = api.register(user).await.expect("registered").token.expose().clone();
    (server, token)
}

#[tokio::test]
async fn users_in_dynamodb_and_keys_in_secrets_manager_let_a_user_in() {
    let (dynamo, secrets) = (Dynamo::start("users").await, SecretsManager::start(Some(KEY)).await);
    let (home, variables) = (Home::default(), deployment(&dynamo.url, &secrets.url));
    let (_server, token) = registered(&home, &variables).await;
    let lambda = Lambda::start(&home, FIXTURE, &variables).await;
    assert_eq!(status(&lambda, &token).await, 200);
    assert_eq!(status(&lambda, "forged").await, 401);
    let asked = secrets.with(|vault| vault.asked);
    for _ in 0..3 {
        assert_eq!(status(&lambda, &token).await, 200);
    }
    assert_eq!(secrets.with(|vault| vault.asked), asked, "the warm path asks Secrets Manager nothing");
    assert!(!home.data().exists(), "nothing is kept beside what was named");
}

#[tokio::test]
async fn a_store_or_a_key_out_of_reach_is_503_and_a_missing_secret_no_start() {
    let (dynamo, secrets) = (Dynamo::start("users").await, SecretsManager::start(Some(KEY)).await);
    let (home, variables) = (Home::default(), deployment(&dynamo.url, &secrets.url));
    let (_server, token) = registered(&home, &variables).await;
    let no_store = Lambda::start(&home, FIXTURE, &deployment("http://127.0.0.1:1", &secrets.url)).await;
    assert_eq!(status(&no_store, &token).await, 503);
    secrets.with(|vault| vault.is_down = true);
    let no_key = Lambda::start(&home, FIXTURE, &variables).await;
    assert_eq!(status(&no_key, &token).await, 503);
    secrets.with(|vault| vault.is_down = false);
    assert_eq!(status(&no_key, &token).await, 200, "it is let in once the key is there");
    secrets.with(|vault| vault.current = None);
    let output = home.command(FIXTURE).arg("serve").envs(variables.iter().copied()).output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SIGNING_KEY_SECRET"));
}
