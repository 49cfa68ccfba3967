//! An app's own routes, by the local server over real sockets and by Lambda.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use mcp_lambda::App;
use mcp_lambda::http::laws::RouteLaws;
use mcp_lambda::http::{Access, Route, RouteRequest, RouteResponse, Routes};
use mcp_lambda::identity::{
    Challenge, Claims, Credential, Operator, Verdict, Verifier, operator_token,
};
use mcp_lambda::keys::SigningKey;
use mcp_lambda::testkit::{SIGNING_KEY, TestApp};
use mcp_lambda_tests::fixture;
use mcp_lambda_tests::pages::{BadPages, Motto, Pages};
use mcp_lambda_tests::process::{Home, Server};
use mcp_lambda_tests::runtime_api::{Lambda, function_url_event};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lambda;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

/// The most bytes of a body before identity.
const MOST: usize = 64 * 1024;

/// The fixture app as a process, by one of its entry points.
enum Process {
    Local(Server),
    Lambda(Lambda),
}

struct Answer {
    status: u16,
    headers: Value,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

impl Process {
    async fn all(home: &Home) -> [Self; 3] {
        let mut command = home.command(FIXTURE);
        command.env(
            "SIGNING_KEY",
            String::from_utf8_lossy(SIGNING_KEY).into_owned(),
        );
        [
            Self::Local(Server::start(command).await),
            Self::Lambda(lambda::start(home, "buffered").await),
            Self::Lambda(lambda::start(home, "stream").await),
        ]
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: Option<&str>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let headers = &headers[usize::from(token.is_empty())..];
        match self {
            Self::Local(server) => over_http(&server.url, method, path, headers, body).await,
            Self::Lambda(lambda) => {
                let answer = lambda
                    .request(&function_url_event(method, path, headers, body))
                    .await;
                Answer {
                    status: answer.status,
                    headers: answer.headers,
                    body: answer.body,
                }
            }
        }
    }

    /// A new user's token.
    async fn register(&self, email: &str) -> String {
        let body = json!({ "email": email }).to_string();
        match self {
            Self::Local(server) => {
                let bearer = format!("Bearer {}", admin_token());
                let headers = [
                    ("authorization", bearer.as_str()),
                    ("content-type", "application/json"),
                ];
                let url = &server.url;
                let answer = over_http(url, "POST", "/admin/users", &headers, Some(&body)).await;
                answer.json()["token"].as_str().expect("a token").to_owned()
            }
            Self::Lambda(lambda) => {
                let body = json!({ "email": email });
                let event = lambda::admin_event("POST", "/admin/users", Some(&body));
                let answer = lambda.request(&event).await;
                let body: Value = serde_json::from_str(&answer.body).expect("JSON");
                body["token"].as_str().expect("a token").to_owned()
            }
        }
    }
}

async fn over_http(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Answer {
    let method = method.parse().expect("a method");
    let request = reqwest::Client::new().request(method, format!("{url}{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let request = request.body(body.unwrap_or_default().to_owned());
    let answer = request.send().await.expect("answered");
    let headers = answer.headers().iter().map(|(name, value)| {
        let value = value.to_str().expect("text");
        (name.to_string(), json!(value))
    });
    Answer {
        status: answer.status().as_u16(),
        headers: headers.collect(),
        body: answer.text().await.expect("a body"),
    }
}

fn admin_token() -> String {
    let key = SigningKey::new(*SIGNING_KEY).expect("long enough");
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    let token = operator_token(&key, Operator::Admin, None, now.as_secs());
    token.expect("signed").expose().clone()
}

#[tokio::test]
async fn the_fixtures_routes_keep_the_laws() {
    let pages = Pages::default();
    RouteLaws::new(&pages).state(Motto::default()).check().await;
}

#[tokio::test]
async fn a_page_is_for_everyone_by_every_entry_point() {
    let home = Home::default();
    for process in Process::all(&home).await {
        let page = process.send("GET", "/pages", "", None).await;
        assert_eq!((page.status, page.body.as_str()), (200, "<h1>a page</h1>"));
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert!(
            page.headers["cache-control"].is_null(),
            "anyone may store it"
        );
        let head = process.send("HEAD", "/pages", "", None).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.headers["content-type"], page.headers["content-type"]);
        let unknown = process.send("GET", "/pages/no/such", "", None).await;
        assert_eq!(
            (unknown.status, &unknown.json()["code"]),
            (404, &json!("not_found"))
        );
        assert_eq!(unknown.headers["x-content-type-options"], "nosniff");
        let wrong = process.send("DELETE", "/pages", "", None).await;
        assert_eq!(wrong.status, 405);
        assert_eq!(wrong.headers["allow"], "GET, POST");
    }
}

#[tokio::test]
async fn routes_of_users_and_operators_refuse_others_by_every_entry_point() {
    let home = Home::default();
    for (number, process) in Process::all(&home).await.into_iter().enumerate() {
        let email = format!("user{number}@example.com");
        let token = process.register(&email).await;
        let admin = admin_token();
        let me = process.send("GET", "/pages/me", &token, None).await;
        assert_eq!((me.status, me.body.as_str()), (200, email.as_str()));
        assert_eq!(me.headers["cache-control"], "no-store");
        let set = process.send("POST", "/pages/notice", &admin, Some("notice=a+b"));
        let set = set.await;
        assert_eq!((set.status, set.body.as_str()), (200, "a b"));
        for (method, path, token, status) in [
            ("GET", "/pages/me", "", 401),
            ("GET", "/pages/me", "forged", 401),
            ("GET", "/pages/me", &admin, 403),
            ("POST", "/pages/notice", "", 401),
            ("POST", "/pages/notice", &token, 403),
        ] {
            let refused = process.send(method, path, token, None).await;
            assert_eq!(refused.status, status, "{method} {path}: {}", refused.body);
            assert_eq!(refused.headers["cache-control"], "no-store");
            if status == 401 {
                let challenge = &refused.headers["www-authenticate"];
                assert!(challenge.is_string(), "{}", refused.headers);
                assert_eq!(refused.json()["www_authenticate"], *challenge);
            }
        }
    }
}

#[tokio::test]
async fn a_handler_reaches_what_tools_reach_by_every_entry_point() {
    let home = Home::default();
    let admin = admin_token();
    for (number, process) in Process::all(&home).await.into_iter().enumerate() {
        let email = format!("user{number}@example.com");
        let token = process.register(&email).await;
        let motto = process.send("GET", "/pages/motto", "", None).await;
        assert_eq!((motto.status, motto.body.as_str()), (200, "paint it all"));
        let form = format!("word={number}");
        let kept = process.send("POST", "/pages/word", &token, Some(&form));
        assert_eq!(kept.await.status, 200);
        let word = process.send("GET", "/pages/word", &token, None).await;
        assert_eq!(word.body, number.to_string(), "the user's own");
        let users = process.send("GET", "/pages/users", &admin, None).await;
        let mut users = users.body.split(' ');
        assert!(users.any(|user| user == email), "an operator sees all");
        for (path, token) in [
            ("/bad/lacks", ""),
            ("/bad/data", ""),
            ("/bad/operates", &token),
        ] {
            let broken = process.send("GET", path, token, None).await;
            assert_eq!(broken.status, 500, "{path}: {}", broken.body);
            assert_eq!(broken.json()["code"], "internal");
            assert!(!broken.body.contains("NeverGiven"), "{}", broken.body);
        }
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for_by_every_entry_point() {
    let home = Home::default();
    for process in Process::all(&home).await {
        let broken = process.send("GET", "/bad/panics", "", None).await;
        assert_eq!(
            (broken.status, &broken.json()["code"]),
            (500, &json!("internal"))
        );
        assert!(!broken.body.contains("hunter2"), "{}", broken.body);
        let after = process.send("GET", "/pages", "", None).await;
        assert_eq!(after.status, 200, "it goes on");
    }
}

#[tokio::test]
async fn a_strangers_body_has_64_kilobytes_by_every_entry_point() {
    let home = Home::default();
    for process in Process::all(&home).await {
        let whole = process
            .send("POST", "/pages", "", Some(&"x".repeat(MOST)))
            .await;
        assert_eq!((whole.status, whole.body.as_str()), (200, "65536"));
        let body = "x".repeat(MOST + 1);
        let refused = process.send("POST", "/pages", "", Some(&body)).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (413, &json!("too_large"))
        );
        let posts = process.send("GET", "/pages/posts", "", None).await;
        assert_eq!(posts.body, "1", "one reached the handler");
    }
}

/// A body whose length nobody tells is counted as it comes.
#[tokio::test]
async fn a_body_in_chunks_is_bounded_too_and_one_that_breaks_off_reaches_no_handler() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command.env(
        "SIGNING_KEY",
        String::from_utf8_lossy(SIGNING_KEY).into_owned(),
    );
    let server = Server::start(command).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let head = "POST /pages HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let chunk = |bytes: usize| format!("{bytes:x}\r\n{}\r\n", "x".repeat(bytes));
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    for (request, expected) in [
        (
            format!("{head}{chunked}{}{}0\r\n\r\n", chunk(MOST - 1), chunk(1)),
            "HTTP/1.1 200 ",
        ),
        (
            format!("{head}{chunked}{}{}0\r\n\r\n", chunk(MOST), chunk(1)),
            "HTTP/1.1 413 ",
        ),
        (format!("{head}{chunked}{}", chunk(10)), ""),
        (format!("{head}content-length: 100\r\n\r\nxxxxxxxxxx"), ""),
    ] {
        let mut stream = TcpStream::connect(&address).await.expect("accepted");
        stream.write_all(request.as_bytes()).await.expect("taken");
        if expected.is_empty() {
            stream.shutdown().await.expect("half closed");
        }
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        let heard = String::from_utf8_lossy(&heard);
        let is_refused = heard.is_empty() || heard.starts_with("HTTP/1.1 400 ");
        let is_expected = heard.starts_with(expected) && (!expected.is_empty() || is_refused);
        assert!(is_expected, "{expected}: {heard}");
    }
    let posts = over_http(&server.url, "GET", "/pages/posts", &[], None).await;
    assert_eq!(posts.body, "1", "the whole one alone");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_or_never_ends_is_an_answer_and_reaches_no_handler() {
    let app = App::new("pages").state(Motto::default());
    let app = TestApp::new(app.routes("/pages", Pages::default())).await;
    let piece = || futures_util::stream::iter([Ok(Frame::data(Bytes::from_static(b"begun")))]);
    let broken = futures_util::stream::iter([Err(std::io::Error::other("the peer is gone"))]);
    let broken = futures_util::StreamExt::chain(piece(), broken);
    let endless = futures_util::StreamExt::chain(piece(), futures_util::stream::pending());
    let post = || Request::post("/pages").header("host", "localhost");
    let broken = post().body(StreamBody::new(broken)).expect("a request");
    let endless = post().body(StreamBody::new(endless)).expect("a request");
    let router = &app.server().router;
    for (answer, status) in [
        (router.handle(broken).await, 400),
        (router.handle(endless).await, 408),
    ] {
        assert_eq!(answer.status(), status);
        let Ok::<_, Infallible>(body) = answer.into_body().collect().await;
        let body: Value = serde_json::from_slice(&body.to_bytes()).expect("JSON");
        assert!(body["error"].is_string(), "{body}");
    }
    let posts = app.anonymous().ask(Method::GET, "/pages/posts", None).await;
    assert_eq!(posts.text, "0");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_answered_at_the_apps_timeout() {
    let app = App::new("pages").routes("/bad", BadPages);
    let app = TestApp::new(app.timeout(Duration::from_secs(7))).await;
    let alice = app.user("alice@example.com").await;
    for (client, path) in [(&app.anonymous(), "/bad/hangs"), (&alice, "/bad/mine")] {
        let started = tokio::time::Instant::now();
        let answer = client.ask(Method::GET, path, None).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (504, &json!("deadline_exceeded"))
        );
        assert_eq!(
            started.elapsed().as_secs(),
            7,
            "by the clock that stands still"
        );
    }
}

/// Lambda's deadline is nearer than the app's minute.
#[tokio::test]
async fn a_handler_that_never_ends_is_answered_before_lambda_gives_up() {
    let home = Home::default();
    let lambda = lambda::start(&home, "buffered").await;
    let event = function_url_event("GET", "/bad/hangs", &[], None);
    let answer = lambda.invoke(&event, Duration::from_secs(2)).await.read();
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(
        (answer.status, &body["code"]),
        (504, &json!("deadline_exceeded"))
    );
}

/// Believes a proxy about who its user is.
#[derive(Debug)]
struct Proxy;

#[async_trait::async_trait]
impl Verifier for Proxy {
    async fn verify(&self, credential: &Credential) -> mcp_lambda::Result<Verdict> {
        let secret = credential.header("x-proxy-secret");
        Ok(match (secret, credential.header("x-user")) {
            (None, _) => Verdict::Unrecognized,
            (Some("sesame"), Some(user)) => {
                Verdict::Valid(Claims::user(user.parse()?, 1_800_000_000).register_if_new(None))
            }
            _ => Verdict::Refused("not_the_proxy".into()),
        })
    }

    fn challenge(&self) -> Challenge {
        Challenge::new("Basic").with_parameter("realm", "notes")
    }

    fn secret_headers(&self) -> Vec<String> {
        vec!["X-Proxy-Secret".to_owned()]
    }
}

/// Answers with the names of the request's headers.
#[derive(Debug)]
struct Headers;

impl Routes for Headers {
    fn routes(&self) -> Vec<Route> {
        let show = async |request: RouteRequest| {
            let names = request.request().headers().keys().map(|name| name.as_str());
            Ok(RouteResponse::text(names.collect::<Vec<_>>().join(" ")))
        };
        vec![
            Route::get("/", Access::Public, show),
            Route::get("/me", Access::Caller, show),
        ]
    }
}

#[tokio::test]
async fn a_verifiers_secret_reaches_no_route_and_its_user_does() {
    let app = App::new("pages")
        .verifier(Proxy)
        .routes("/headers", Headers);
    let app = TestApp::new(app).await;
    let get = async |path: &str, secret: &str| {
        let request = Request::get(path).header("host", "localhost");
        let request = request.header("x-proxy-secret", secret);
        let request = request.header("x-user", "alice@example.com");
        let body = http_body_util::Full::new(Bytes::new());
        app.send(request.body(body).expect("a request")).await
    };
    for path in ["/headers", "/headers/me"] {
        let page = get(path, "sesame").await;
        assert_eq!(
            (page.status, page.text.as_str()),
            (200, "host x-user"),
            "{path}"
        );
    }
    let users = app.admin().ask(Method::GET, "/admin/users", None).await;
    assert_eq!(users.json[0]["email"], "alice@example.com");
    let refused = get("/headers/me", "guess").await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    let challenge = refused.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains(r#"Basic realm="notes""#), "{challenge}");
    let operator = get("/admin/users", "sesame").await;
    assert_eq!(operator.status, 403, "a user: {}", operator.text);
}

#[test]
fn the_fixture_has_its_routes() {
    assert_eq!(fixture::app().check(), Ok(()));
}
