//! A real binary as a Lambda, with its users in DynamoDB and its key in Secrets Manager.

use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::runtime_api::Lambda;

use super::{FIXTURE, KEY, deployment, registered, status};

#[tokio::test]
async fn users_in_dynamodb_and_keys_in_secrets_manager_let_a_user_in() {
    let (dynamo, secrets) = (
        Dynamo::start("users").await,
        SecretsManager::start(Some(KEY)).await,
    );
    let (home, variables) = (Home::default(), deployment(&dynamo.url, &secrets.url));
    let (_server, token) = registered(&home, &variables).await;
    let lambda = Lambda::start(&home, FIXTURE, &variables).await;
    assert_eq!(status(&lambda, &token).await, 200);
    assert_eq!(status(&lambda, "forged").await, 401);
    let asked = secrets.with(|vault| vault.asked);
    for _ in 0..3 {
        assert_eq!(status(&lambda, &token).await, 200);
    }
    assert_eq!(
        secrets.with(|vault| vault.asked),
        asked,
        "the warm path asks Secrets Manager nothing"
    );
    assert!(
        !home.data().exists(),
        "nothing is kept beside what was named"
    );
}

#[tokio::test]
async fn a_store_or_a_key_out_of_reach_is_503_and_a_missing_secret_no_start() {
    let (dynamo, secrets) = (
        Dynamo::start("users").await,
        SecretsManager::start(Some(KEY)).await,
    );
    let (home, variables) = (Home::default(), deployment(&dynamo.url, &secrets.url));
    let (_server, token) = registered(&home, &variables).await;
    let no_store = Lambda::start(
        &home,
        FIXTURE,
        &deployment("http://127.0.0.1:1", &secrets.url),
    )
    .await;
    assert_eq!(status(&no_store, &token).await, 503);
    secrets.with(|vault| vault.is_down = true);
    let no_key = Lambda::start(&home, FIXTURE, &variables).await;
    assert_eq!(status(&no_key, &token).await, 503);
    secrets.with(|vault| vault.is_down = false);
    // Whoever asks within two seconds of the failure is told of it.
    let let_in = async { while status(&no_key, &token).await != 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), let_in)
        .await
        .expect("it is let in once the key is there");
    secrets.with(|vault| vault.current = None);
    let output = home
        .command(FIXTURE)
        .args(["serve", "--port", "0"])
        .envs(variables.iter().copied())
        .output()
        .await
        .expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SIGNING_KEY_SECRET"));
}
