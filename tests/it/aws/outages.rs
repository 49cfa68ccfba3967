//! DynamoDB on its bad days: every trouble is a 503 that says when to come back, and never an unauthenticated answer.

use std::time::Duration;

use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::proxy::{Proxy, Trouble};
use mcp_lambda_tests::runtime_api::{Answer, Lambda, function_url_event, tool_event};
use serde_json::json;

use super::{FIXTURE, KEY, deployment, list_event, listed, registered, status};

/// A name that no message has by chance.
const TABLE: &str = "quince-42";

/// A Lambda whose table can be in trouble, and alice's token.
struct Day {
    _engine: Dynamo,
    _secrets: SecretsManager,
    _server: mcp_lambda_tests::process::Server,
    proxy: Proxy,
    lambda: Lambda,
    token: String,
}

/// The settings of a deployment on [`TABLE`].
fn settings<'a>(dynamo: &'a str, secrets: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut settings = deployment(dynamo, secrets);
    settings.retain(|(name, _)| *name != "USERS_TABLE");
    settings.push(("USERS_TABLE", TABLE));
    settings
}

async fn day() -> Day {
    let (engine, secrets) = (
        Dynamo::start(TABLE).await,
        SecretsManager::start(Some(KEY)).await,
    );
    let (home, proxy) = (Home::default(), Proxy::start(&engine.url).await);
    let (server, token) = registered(&home, &settings(&engine.url, &secrets.url)).await;
    let lambda = Lambda::start(&home, FIXTURE, &settings(&proxy.url, &secrets.url)).await;
    assert_eq!(status(&lambda, &token).await, 200);
    Day {
        _engine: engine,
        _secrets: secrets,
        _server: server,
        proxy,
        lambda,
        token,
    }
}

async fn tool(day: &Day, name: &str, arguments: &serde_json::Value) -> Answer {
    day.lambda
        .request(&tool_event(&day.token, name, arguments))
        .await
}

#[tokio::test]
async fn each_trouble_is_a_503_that_says_when_to_come_back_and_then_it_is_over() {
    let day = day().await;
    for (trouble, said) in [
        (Trouble::Denied, "refuses access"),
        (Trouble::Throttled, "is throttled"),
        (Trouble::HangsUp, "can't be reached"),
        (Trouble::Silent, "can't be reached"),
    ] {
        day.proxy.trouble(Some(("", trouble)));
        let answer = listed(&day.lambda, &day.token).await;
        assert_eq!(answer.status, 503, "{trouble:?}: {}", answer.body);
        assert!(
            answer.headers["retry-after"].is_string(),
            "{trouble:?}: {}",
            answer.headers
        );
        assert!(
            answer.body.contains(said) && !answer.body.contains(TABLE),
            "{trouble:?}: {}",
            answer.body
        );
        assert_eq!(
            status(&day.lambda, "forged").await,
            401,
            "{trouble:?}: what needs no store goes on"
        );
        day.proxy.trouble(None);
        assert_eq!(
            status(&day.lambda, &day.token).await,
            200,
            "{trouble:?} is over"
        );
    }
}

#[tokio::test]
async fn trouble_in_the_middle_of_a_call_is_an_answer_that_the_model_can_read() {
    let day = day().await;
    day.proxy
        .trouble(Some(("TransactWriteItems", Trouble::Throttled)));
    let answer = tool(&day, "keep", &json!({"word": "milk"})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.contains(r#""isError":true"#) && answer.body.contains("is throttled"),
        "{}",
        answer.body
    );
    day.proxy
        .trouble(Some(("TransactWriteItems", Trouble::HangsUp)));
    assert!(
        tool(&day, "keep", &json!({"word": "milk"}))
            .await
            .body
            .contains("can't be reached")
    );
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_done_once() {
    let day = day().await;
    day.proxy
        .trouble(Some(("TransactWriteItems", Trouble::LosesOneAnswer)));
    let answer = tool(&day, "keep", &json!({"word": "milk"})).await;
    assert!(answer.body.contains("kept"), "{}", answer.body);
    assert_eq!(
        day.proxy.calls()["TransactWriteItems"],
        2,
        "the SDK sent it again"
    );
}

#[tokio::test]
async fn no_try_outlasts_lambdas_deadline() {
    let day = day().await;
    day.proxy.trouble(Some(("", Trouble::Silent)));
    let events = [
        list_event(&day.token),
        function_url_event("GET", "/health", &[], None),
    ];
    for event in events {
        let deadline =
            std::time::UNIX_EPOCH.elapsed().expect("after 1970") + Duration::from_secs(4);
        let answer = day
            .lambda
            .invoke_until(&event, deadline.as_millis())
            .await
            .read();
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(
            std::time::UNIX_EPOCH.elapsed().expect("after 1970") < deadline,
            "answered before Lambda gives up"
        );
    }
}
