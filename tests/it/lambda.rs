//! A real binary as a Lambda, through the Runtime API, in both response modes.

use std::collections::BTreeMap;
use std::time::Duration;

use mcp_lambda::config::Settings;
use mcp_lambda::testkit::SIGNING_KEY;
use mcp_lambda_tests::events::load_balancer_event;
use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::runtime_api::{
    self, Answer, Lambda, function_url_event, older_headers, tool_event,
};
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

pub(crate) async fn start(home: &Home, mode: &str) -> Lambda {
    start_with(home, mode, &[]).await
}

pub(crate) async fn start_with(home: &Home, mode: &str, more: &[(&str, &str)]) -> Lambda {
    let key = String::from_utf8(SIGNING_KEY.to_vec()).expect("text");
    let folder = home.data().to_string_lossy().into_owned();
    let variables = [
        ("SIGNING_KEY", key.as_str()),
        ("APP_USERS_PATH", &folder),
        ("RESPONSE_MODE", mode),
    ];
    Lambda::start(home, FIXTURE, &[&variables, more].concat()).await
}

pub(crate) fn admin_event(method: &str, path: &str, body: Option<&Value>) -> Value {
    runtime_api::admin_event(&String::from_utf8_lossy(SIGNING_KEY), method, path, body)
}

pub(crate) fn result(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body["result"].clone()
}

pub(crate) async fn registered(lambda: &Lambda) -> String {
    let answer = lambda
        .request(&admin_event(
            "POST",
            "/admin/users",
            Some(&json!({"email": "alice@example.com"})),
        ))
        .await;
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body["token"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.body))
        .to_owned()
}

#[tokio::test]
async fn a_function_url_event_calls_a_tool_in_both_modes() {
    for mode in ["buffered", "stream"] {
        let home = Home::default();
        let lambda = start(&home, mode).await;
        let token = registered(&lambda).await;
        let posted = lambda
            .invoke(
                &tool_event(&token, "add", &json!({"left": 2, "right": 3})),
                Duration::from_secs(30),
            )
            .await;
        assert_eq!(
            posted.content_type.contains("http-integration-response"),
            mode == "stream"
        );
        assert_eq!(
            result(&posted.read())["structuredContent"],
            json!({"sum": 5}),
            "{mode}"
        );
        let answer = lambda
            .request(&function_url_event("GET", "/health", &[], None))
            .await;
        assert_eq!(
            (answer.status, answer.body.contains("healthy")),
            (200, true),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn a_poll_that_is_cut_off_is_made_again_and_not_for_ever() {
    let home = Home::default();
    let command = || {
        let mut command = home.command(FIXTURE);
        let key = String::from_utf8_lossy(SIGNING_KEY).into_owned();
        command
            .env("SIGNING_KEY", key)
            .env("APP_USERS_PATH", home.data());
        command
    };
    let lambda = Lambda::spawn_with(command(), 2).await;
    for _ in 0..5 {
        assert_eq!(
            lambda
                .request(&function_url_event("GET", "/health", &[], None))
                .await
                .status,
            200
        );
        lambda.hang_up(2);
    }
    let mut lambda = Lambda::spawn_with(command(), 1_000).await;
    assert_eq!(lambda.ended().await.code(), Some(7));
}

#[tokio::test]
async fn refusals_are_answers_with_a_challenge_in_the_body() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let answer = lambda
        .request(&tool_event("forged", "add", &json!({"left": 1})))
        .await;
    assert_eq!(answer.status, 401);
    assert!(
        answer.body.contains("www_authenticate") && answer.headers["www-authenticate"].is_string()
    );
    let answer = lambda
        .request(&function_url_event("POST", "/mcp", &[], None))
        .await;
    assert_eq!(
        answer.status, 401,
        "a missing body is no fault of the handler"
    );
}

#[tokio::test]
async fn duplicate_headers_joined_by_the_front_door_are_400() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let mut event = tool_event("a", "add", &json!({"left": 1}));
    event["headers"]["authorization"] = json!("Bearer a,Bearer b");
    assert_eq!(lambda.request(&event).await.status, 400);
}

#[tokio::test]
async fn a_load_balancer_is_a_door_too() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let token = registered(&lambda).await;
    for several in [false, true] {
        let call = tool_event(&token, "add", &json!({"left": 2, "right": 3}));
        let answer = lambda.request(&load_balancer_event(&call, several)).await;
        assert_eq!(
            result(&answer)["structuredContent"],
            json!({"sum": 5}),
            "{several}"
        );
        let health = function_url_event("GET", "/health", &[], None);
        assert_eq!(
            lambda
                .request(&load_balancer_event(&health, several))
                .await
                .status,
            200,
            "{several}"
        );
        let forged = tool_event("forged", "add", &json!({"left": 2}));
        assert_eq!(
            lambda
                .request(&load_balancer_event(&forged, several))
                .await
                .status,
            401,
            "{several}"
        );
    }
    let mut event = load_balancer_event(&tool_event(&token, "add", &json!({"left": 2})), true);
    event["multiValueHeaders"]["authorization"] = json!([format!("Bearer {token}"), "Bearer b"]);
    assert_eq!(
        lambda.request(&event).await.status,
        400,
        "two tokens are none"
    );
}

#[tokio::test]
async fn an_http_apis_stage_is_no_part_of_the_path() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    for (stage, path, status) in [
        ("prod", "/prod/health", 200),
        ("prod", "/health", 200),
        ("$default", "/health", 200),
        ("prod", "/prod/nowhere", 404),
    ] {
        let mut event = function_url_event("GET", path, &[], None);
        event["requestContext"]["stage"] = json!(stage);
        event["requestContext"]["domainName"] = json!("abc.execute-api.eu-west-1.amazonaws.com");
        assert_eq!(
            lambda.request(&event).await.status,
            status,
            "{stage} {path}"
        );
    }
    let mut listing = admin_event("GET", "/prod/admin/users", None);
    listing["requestContext"]["stage"] = json!("prod");
    listing["rawQueryString"] = json!("limit=0");
    assert_eq!(
        lambda.request(&listing).await.status,
        400,
        "the query is still there"
    );
}

#[tokio::test]
async fn a_body_in_base64_is_read() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let mut event = admin_event("POST", "/admin/users", None);
    event["body"] = json!("eyJlbWFpbCI6ImJvYkBleGFtcGxlLmNvbSJ9");
    event["isBase64Encoded"] = json!(true);
    let answer = lambda.request(&event).await;
    assert!(answer.body.contains("bob@example.com"), "{}", answer.body);
}

#[tokio::test]
async fn an_answer_without_a_body_ends_in_both_modes() {
    for mode in ["buffered", "stream"] {
        let home = Home::default();
        let lambda = start(&home, mode).await;
        let token = registered(&lambda).await;
        let bearer = format!("Bearer {token}");
        let headers = older_headers(&bearer);
        let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
        let answer = lambda
            .request(&function_url_event("POST", "/mcp", &headers, Some(&note)))
            .await;
        assert_eq!((answer.status, answer.body.trim()), (202, ""), "{mode}");
        assert!(
            answer.headers["content-type"].is_null(),
            "{mode}: {}",
            answer.headers
        );
        assert_eq!(
            answer.body.is_empty(),
            mode == "buffered",
            "a stream has one byte at least"
        );
    }
}

#[tokio::test]
async fn tools_that_panic_hang_or_flood_are_answered_for() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let token = registered(&lambda).await;
    for (tool, said) in [
        ("panics", "panicked"),
        ("sleeps", "in time"),
        ("floods", "7000000 bytes"),
    ] {
        let outcome = result(&lambda.request(&tool_event(&token, tool, &json!({}))).await);
        assert_eq!(outcome["isError"], true, "{tool}");
        assert!(
            outcome["content"][0]["text"]
                .as_str()
                .expect("text")
                .contains(said),
            "{outcome}"
        );
    }
}

#[tokio::test]
async fn lambdas_deadline_less_a_margin_is_the_calls() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let token = registered(&lambda).await;
    let posted = lambda
        .invoke(
            &tool_event(&token, "time_left", &json!({})),
            Duration::from_secs(10),
        )
        .await;
    let left: u64 = result(&posted.read())["content"][0]["text"]
        .as_str()
        .expect("text")
        .parse()
        .expect("a number");
    assert!((1..=9_500).contains(&left), "{left} ms of 10,000 are left");
}

#[tokio::test]
async fn a_deadline_from_long_ago_as_the_emulator_sends_is_no_deadline() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let token = registered(&lambda).await;
    let posted = lambda
        .invoke_until(&tool_event(&token, "time_left", &json!({})), 600_000)
        .await;
    let left: u64 = result(&posted.read())["content"][0]["text"]
        .as_str()
        .expect("text")
        .parse()
        .expect("a number");
    assert!(left > 10_000, "{left} ms are left of the app's own minute");
}

#[tokio::test]
async fn a_lambda_without_a_named_key_and_store_does_not_start() {
    let home = Home::default();
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ];
    let output = home
        .command(FIXTURE)
        .envs(variables)
        .output()
        .await
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said.contains("SIGNING_KEY_SECRET") && said.contains("USERS_TABLE"),
        "{said}"
    );
    assert!(
        !home.data().exists(),
        "nothing is made where nothing was named"
    );
}

#[tokio::test]
async fn a_table_named_to_an_app_without_a_backend_is_refused() {
    let home = Home::default();
    let folder = home.path().to_string_lossy().into_owned();
    for name in ["USERS_TABLE", "SIGNING_KEY_SECRET"] {
        let environment = [("HOME", folder.as_str()), (name, "users")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::read(&BTreeMap::from(environment), "fixture").expect("valid");
        let error = mcp_lambda_tests::fixture::app()
            .build(&settings)
            .await
            .expect_err("refused");
        assert!(
            error.message().contains(name) && error.message().contains("`App::backend`"),
            "{error}"
        );
    }
}

async fn start_for_pages(home: &Home, mode: &str, origins: &str) -> Lambda {
    let key = String::from_utf8(SIGNING_KEY.to_vec()).expect("text");
    let folder = home.data().to_string_lossy().into_owned();
    let settings = [
        ("SIGNING_KEY", &*key),
        ("APP_USERS_PATH", &folder),
        ("RESPONSE_MODE", mode),
        ("ALLOWED_ORIGINS", origins),
    ];
    Lambda::start(home, FIXTURE, &settings).await
}

fn preflight_event(origin: &str) -> Value {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization,content-type,mcp-protocol-version,mcp-param-city",
        ),
    ];
    function_url_event("OPTIONS", "/mcp", &headers, None)
}

/// A load balancer, a REST API and a function URL without a CORS configuration hand preflights on, and set no headers.
#[tokio::test]
async fn pages_of_allowed_origins_may_ask_behind_every_front() {
    const PAGE: &str = "https://app.example.com";
    for mode in ["buffered", "stream"] {
        let home = Home::default();
        let lambda = start_for_pages(&home, mode, "https://*.example.com").await;
        let token = registered(&lambda).await;
        let mut call = tool_event(&token, "add", &json!({"left": 2, "right": 3}));
        call["headers"]["origin"] = json!(PAGE);
        let mut forged = tool_event("forged", "add", &json!({"left": 2}));
        forged["headers"]["origin"] = json!(PAGE);
        for is_behind_a_balancer in [false, true] {
            let front = |event: &Value| {
                if is_behind_a_balancer {
                    load_balancer_event(event, false)
                } else {
                    event.clone()
                }
            };
            let preflight = lambda.request(&front(&preflight_event(PAGE))).await;
            assert_eq!(
                (preflight.status, preflight.body.trim()),
                (204, ""),
                "{mode}"
            );
            assert_eq!(preflight.headers["access-control-allow-origin"], PAGE);
            for (name, value) in [
                ("access-control-allow-headers", "mcp-param-city"),
                ("access-control-allow-headers", "mcp-protocol-version"),
                ("access-control-allow-methods", "PATCH"),
            ] {
                assert!(
                    preflight.headers[name]
                        .as_str()
                        .is_some_and(|all| all.contains(value)),
                    "{name}: {value}"
                );
            }
            let answer = lambda.request(&front(&call)).await;
            assert_eq!(
                answer.headers["access-control-allow-origin"], PAGE,
                "once, in {mode}"
            );
            assert_eq!(result(&answer)["structuredContent"], json!({"sum": 5}));
            let refused = lambda.request(&front(&forged)).await;
            assert_eq!(
                (
                    refused.status,
                    &refused.headers["access-control-allow-origin"]
                ),
                (401, &json!(PAGE))
            );
            for origin in [
                "https://example.com",
                "https://evil-example.com",
                "http://localhost:3000",
                "null",
            ] {
                let refused = lambda.request(&front(&preflight_event(origin))).await;
                assert_eq!(refused.status, 403, "{origin}");
                assert!(
                    refused.headers["access-control-allow-origin"].is_null(),
                    "{origin}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_event_without_a_host_is_answered() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let token = registered(&lambda).await;
    let mut event = tool_event(&token, "add", &json!({"left": 2, "right": 3}));
    event["headers"]
        .as_object_mut()
        .expect("headers")
        .remove("host");
    for event in [load_balancer_event(&event, false), event] {
        assert_eq!(
            result(&lambda.request(&event).await)["structuredContent"],
            json!({"sum": 5})
        );
    }
}

#[tokio::test]
async fn a_signature_of_awss_hides_no_token() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let token = registered(&lambda).await;
    let mut event = tool_event(&token, "add", &json!({"left": 2, "right": 3}));
    event["headers"]["x-api-key"] = json!(token);
    event["headers"]["authorization"] = json!(
        "AWS4-HMAC-SHA256 Credential=AKID/20261125/eu-west-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc"
    );
    assert_eq!(
        result(&lambda.request(&event).await)["structuredContent"],
        json!({"sum": 5})
    );
}
