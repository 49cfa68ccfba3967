//! DynamoDB and Secrets Manager behind a whole server.

mod lambda;
mod many;
mod outages;
mod secrets;

use mcp_lambda::admin::{AdminApi, NewUser};
use mcp_lambda_admin::RemoteAdmin;
use mcp_lambda_tests::process::{Home, Server};
use mcp_lambda_tests::runtime_api::{Answer, Lambda, function_url_event, older_headers};
use serde_json::{Value, json};

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

fn list_event(token: &str) -> Value {
    let bearer = format!("Bearer {token}");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    function_url_event("POST", "/mcp", &older_headers(&bearer), Some(&list))
}

async fn listed(lambda: &Lambda, token: &str) -> Answer {
    lambda.request(&list_event(token)).await
}

async fn status(lambda: &Lambda, token: &str) -> u16 {
    listed(lambda, token).await.status
}

/// A server on the table and the key that these variables name.
async fn server(home: &Home, variables: &[(&str, &str)]) -> (Server, RemoteAdmin) {
    let mut command = home.command(FIXTURE);
    command.envs(variables.iter().copied());
    let server = Server::start(command).await;
    let key = mcp_lambda::keys::SigningKey::from_text(KEY).expect("long enough");
    let api = RemoteAdmin::new(
        &server.url,
        key,
        std::sync::Arc::new(mcp_lambda::clock::SystemClock),
    )
    .expect("a client");
    (server, api)
}

/// Registers alice through a server on the same table and key.
async fn registered(home: &Home, variables: &[(&str, &str)]) -> (Server, String) {
    let (server, api) = server(home, variables).await;
    let user = NewUser::new("alice@example.com".parse().expect("valid"));
    let token = api
        .register(user)
        .await
        .expect("registered")
        .token
        .expose()
        .clone();
    (server, token)
}
