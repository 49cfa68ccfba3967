//! Events of every origin, and what is none, through a real binary and the Runtime API: each gets an answer, none an
//! invocation error.

use std::time::Duration;

use http::Method;
use mcp_lambda::testkit::TestApp;
use mcp_lambda_tests::events::{load_balancer_event, rest_event};
use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::runtime_api::{Lambda, Posted, function_url_event, tool_event};
use mcp_lambda_tests::{client, fixture};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::lambda::{admin_event, registered, result, start, start_with};

const TIME: Duration = Duration::from_secs(30);

/// Whether an answer was posted as a stream.
fn is_stream(posted: &Posted) -> bool {
    posted.content_type == "application/vnd.awslambda.http-integration-response"
}

fn health(query: &str) -> Value {
    let mut event = function_url_event("GET", "/health", &[], None);
    event["rawQueryString"] = json!(query);
    event
}

/// The same event as an HTTP API with payload format 2.0 sends it.
fn http_api(mut event: Value) -> Value {
    event["requestContext"]["domainName"] = json!("abc.execute-api.eu-west-1.amazonaws.com");
    event
}

#[tokio::test]
async fn rest_apis_and_http_apis_of_payload_format_1_call_tools() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    let token = registered(&lambda).await;
    for version in [None, Some("1.0")] {
        let call = rest_event(
            &tool_event(&token, "add", &json!({"left": 2, "right": 3})),
            version,
        );
        let posted = lambda.invoke(&call, TIME).await;
        assert_eq!(
            result(&posted.read())["structuredContent"],
            json!({"sum": 5}),
            "{version:?}"
        );
        let envelope: Value = serde_json::from_slice(&posted.body).expect("JSON");
        assert!(
            envelope["headers"].is_null(),
            "a REST API adds one field to the other: {envelope}"
        );
        let forged = lambda
            .request(&rest_event(
                &tool_event("forged", "add", &json!({})),
                version,
            ))
            .await;
        assert!(
            forged.status == 401 && forged.headers["www-authenticate"].is_string(),
            "{version:?}"
        );
        let mut staged = rest_event(&health(""), version);
        staged["path"] = json!("/prod/health");
        assert_eq!(lambda.request(&staged).await.status, 200, "{version:?}");
        let mut listing = rest_event(&admin_event("GET", "/admin/users", None), version);
        listing["multiValueQueryStringParameters"] = json!({"limit": ["0"]});
        assert_eq!(
            lambda.request(&listing).await.status,
            400,
            "the query is read"
        );
        let mut encoded = rest_event(&admin_event("POST", "/admin/users", None), version);
        encoded["body"] = json!("eyJlbWFpbCI6ImFsaWNlQGV4YW1wbGUuY29tIn0=");
        encoded["isBase64Encoded"] = json!(true);
        assert_eq!(
            lambda.request(&encoded).await.status,
            409,
            "alice is there already"
        );
    }
}

#[tokio::test]
async fn only_what_can_take_a_stream_gets_one() {
    let home = Home::default();
    let lambda = start(&home, "stream").await;
    let health = health("");
    for (event, streams) in [
        (health.clone(), true),
        (rest_event(&health, None), true),
        (rest_event(&health, Some("1.0")), false),
        (http_api(health.clone()), false),
        (load_balancer_event(&health, false), false),
        (json!({}), false),
    ] {
        let posted = lambda.invoke(&event, TIME).await;
        assert_eq!(is_stream(&posted), streams, "{event}");
        assert!([200, 400].contains(&posted.read().status), "{event}");
    }
}

#[tokio::test]
async fn a_streamed_answer_at_hand_leaves_in_one_write() {
    let home = Home::default();
    let lambda = start(&home, "stream").await;
    for _ in 0..3 {
        let posted = lambda.invoke(&health(""), TIME).await;
        assert_eq!(
            (is_stream(&posted), posted.reads),
            (true, 1),
            "each further part would wait for an acknowledgement"
        );
    }
}

#[tokio::test]
async fn a_broken_url_is_encoded_and_routed_like_any_other() {
    let home = Home::default();
    for mode in ["buffered", "stream"] {
        let lambda = start(&home, mode).await;
        for query in [
            "q=a b",
            " ",
            "\"<>\\^`{|}",
            "ñ=漢",
            "#",
            "%",
            "\u{0}\u{7f}\r\n",
        ] {
            assert_eq!(
                lambda.request(&health(query)).await.status,
                200,
                "{mode}: {query:?}"
            );
        }
        for (path, status) in [
            ("/health ", 404),
            ("/ñ漢", 404),
            ("/%zz", 404),
            ("", 405),
            ("nowhere", 404),
            ("/\u{0}?#", 404),
        ] {
            let answer = lambda
                .request(&function_url_event("GET", path, &[], None))
                .await;
            assert!(
                answer.status == status || (path.is_empty() && answer.status == 401),
                "{mode}: {path:?}"
            );
        }
        let long = "/long".repeat(20_000);
        assert_eq!(
            lambda
                .request(&function_url_event("GET", &long, &[], None))
                .await
                .status,
            414,
            "{mode}"
        );
    }
}

#[tokio::test]
async fn headers_of_any_alphabet_are_read_and_broken_ones_refused() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    for (name, value, status) in [
        ("user-agent", "Bücher 漢", 200),
        ("host", "a b", 200),
        ("x-forwarded-proto", "no scheme", 200),
        ("a b", "c", 400),
        ("a", "b\r\nc", 400),
    ] {
        let mut event = health("");
        event["headers"][name] = json!(value);
        assert_eq!(
            lambda.request(&event).await.status,
            status,
            "{name}: {value:?}"
        );
    }
    let mut event = admin_event("POST", "/admin/users", None);
    (event["body"], event["isBase64Encoded"]) = (json!("no base64!"), json!(true));
    assert_eq!(lambda.request(&event).await.status, 400);
}

#[tokio::test]
async fn what_is_no_http_request_gets_a_sentence_and_what_warms_gets_nothing() {
    let home = Home::default();
    let lambda = start(&home, "buffered").await;
    for event in [
        json!({}),
        json!({"key1": "value1", "key2": "value2"}),
        json!({"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}}}]}),
        json!({"requestContext": 5}),
        json!([1, 2]),
    ] {
        let answer = lambda.request(&event).await;
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            (answer.status, &body["code"]),
            (400, &json!("invalid")),
            "{event}"
        );
        assert!(
            body["error"]
                .as_str()
                .expect("a sentence")
                .contains("HTTP request"),
            "{body}"
        );
    }
    for warmer in [
        json!({"source": "serverless-plugin-warmup"}),
        json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
    ] {
        let answer = lambda.request(&warmer).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{warmer}");
    }
    for text in [
        r#"{"rawPath": "\ud800"}"#.to_owned(),
        format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)),
    ] {
        let posted = lambda.invoke_with(text, u128::from(u32::MAX) * 1_000).await;
        assert_eq!(posted.read().status, 400);
    }
}

#[tokio::test]
async fn the_path_of_public_url_is_taken_off_on_lambda() {
    let home = Home::default();
    let lambda = start_with(
        &home,
        "buffered",
        &[("PUBLIC_URL", "https://api.example.com/notes/")],
    )
    .await;
    let token = registered(&lambda).await;
    for (path, status) in [
        ("/notes/health", 200),
        ("/health", 200),
        ("/notes/nowhere", 404),
        ("/notesbook/health", 404),
    ] {
        let event = function_url_event("GET", path, &[], None);
        for event in [
            event.clone(),
            rest_event(&event, None),
            load_balancer_event(&event, true),
        ] {
            assert_eq!(lambda.request(&event).await.status, status, "{event}");
        }
    }
    for path in ["/notes/mcp", "/notes", "/notes/"] {
        let mut call = tool_event(&token, "add", &json!({"left": 2, "right": 3}));
        call["rawPath"] = json!(path);
        assert_eq!(
            result(&lambda.request(&call).await)["structuredContent"],
            json!({"sum": 5}),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_path_of_public_url_is_taken_off_elsewhere_too() {
    let server = TestApp::with_settings(
        fixture::app(),
        &[("PUBLIC_URL", "http://localhost:8080/notes")],
    )
    .await;
    for name in ["alice", "bob"] {
        server.user(&format!("{name}@example.com")).await;
    }
    let first = server
        .admin()
        .ask(Method::GET, "/notes/admin/users?limit=1", None)
        .await;
    assert_eq!(
        first.header("link"),
        Some("<?limit=1&after=alice%40example.com>; rel=\"next\""),
        "below the same path"
    );
    let second = server
        .admin()
        .ask(
            Method::GET,
            "/notes/admin/users?limit=1&after=alice%40example.com",
            None,
        )
        .await;
    assert_eq!(second.json[0]["email"], "bob@example.com");
    assert_eq!(
        client::server()
            .await
            .admin()
            .ask(Method::GET, "/notes/admin/users", None)
            .await
            .status,
        404
    );
}

/// How many events each mode gets.
const CASES: u32 = 250;

/// Any JSON in, an answer out: no invocation error, no fault of ours, and a process that lives.
#[test]
fn any_json_in_an_answer_out() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for mode in ["buffered", "stream"] {
        let home = Home::default();
        let lambda = runtime.block_on(start(&home, mode));
        let token = runtime.block_on(registered(&lambda));
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            max_shrink_iters: 50,
            ..Config::default()
        };
        let events = prop_oneof![1 => any_json(), 3 => mutated(valid_events(&token))];
        let outcome = TestRunner::new(config).run(&events, |event| {
            let status = runtime.block_on(status(&lambda, &event))?;
            prop_assert!((200..500).contains(&status), "{status}");
            Ok(())
        });
        outcome.unwrap_or_else(|fault| panic!("{mode}: {fault}"));
        assert_eq!(
            runtime.block_on(lambda.request(&health(""))).status,
            200,
            "{mode}: it lives"
        );
    }
}

async fn status(lambda: &Lambda, event: &Value) -> Result<u16, TestCaseError> {
    let posted = lambda.invoke(event, TIME).await;
    prop_assert!(
        !posted.is_error,
        "an invocation error: {}",
        String::from_utf8_lossy(&posted.body)
    );
    Ok(posted.read().status)
}

/// A tool call as each of the five origins sends it.
fn valid_events(token: &str) -> Vec<Value> {
    let call = tool_event(token, "add", &json!({"left": 2, "right": 3}));
    vec![
        http_api(call.clone()),
        rest_event(&call, None),
        rest_event(&call, Some("1.0")),
        load_balancer_event(&call, true),
        load_balancer_event(&call, false),
        call,
    ]
}

/// What is done to one place of an event.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Put(Value),
}

fn mutated(events: Vec<Value>) -> impl Strategy<Value = Value> {
    let change = prop_oneof![
        1 => Just(Change::Remove),
        2 => text().prop_map(|text| Change::Put(text.into())),
        2 => any_json().prop_map(Change::Put),
    ];
    (select(events), vec((any::<Index>(), change), 1..4)).prop_map(|(mut event, changes)| {
        for (place, change) in changes {
            apply(&mut event, place, change);
        }
        event
    })
}

fn apply(event: &mut Value, place: Index, change: Change) {
    let mut places = Vec::new();
    collect_places(event, String::new(), &mut places);
    let pointer = place.get(&places).clone();
    match change {
        Change::Put(value) => *event.pointer_mut(&pointer).expect("a place") = value,
        Change::Remove => {
            let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
            let parent = event.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.and_then(|parent| parent.remove(&name.replace("~1", "/").replace("~0", "~")));
        }
    }
}

/// The JSON pointers of a value and of everything in it.
fn collect_places(value: &Value, pointer: String, places: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            collect_places(value, format!("{pointer}/{}", escaped(name)), places)
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(number, value)| {
            collect_places(value, format!("{pointer}/{number}"), places)
        }),
        _ => {}
    }
    places.push(pointer);
}

/// Texts that some reader of events stumbled over.
const TEXTS: &[&str] = &[
    "/mcp",
    "/health",
    "",
    " ",
    "%",
    "%zz",
    "a b",
    "\r\n",
    "\u{0}",
    "$default",
    "prod",
    "GET",
    "OPTIONS",
    "G T",
    "//",
    "/../",
    "#",
    "?",
    "a=b&c",
    "=",
    "aws.events",
    "é漢",
    "1.0",
    "2.0",
    "Bearer x",
    "https://example.com",
    "[::1]:80",
    "a@b",
    "no base64!",
    "application/json;charset=utf-7",
];

/// Names that mean something in an event.
const NAMES: &[&str] = &[
    "version",
    "requestContext",
    "http",
    "method",
    "path",
    "elb",
    "stage",
    "domainName",
    "rawPath",
    "rawQueryString",
    "httpMethod",
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "cookies",
    "body",
    "isBase64Encoded",
    "source",
    "warmer",
    "Records",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(TEXTS).prop_map(str::to_owned),
        any::<String>(),
        "[ -~]{0,40}"
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let name = prop_oneof![3 => select(NAMES).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            1 => vec(inner.clone(), 0..6).prop_map(Value::from),
            3 => btree_map(name, inner, 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}
