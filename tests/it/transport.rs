//! MCP over real sockets, as other clients than the kit's put it on the wire.

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mcp_lambda_tests::process::{Home, Server, Talk};
use serde_json::{Value, json};
use tokio::net::TcpStream;

const OPEN: &str = env!("CARGO_BIN_EXE_open");

fn post(
    url: &str,
    version: http::Version,
    host: Option<&str>,
    message: &Value,
) -> Request<Full<bytes::Bytes>> {
    let request = Request::post(url)
        .version(version)
        .header("content-type", "application/json");
    let request = request.header("accept", "application/json, text/event-stream");
    let request = host
        .into_iter()
        .fold(request, |request, host| request.header("host", host));
    request
        .body(Full::from(message.to_string()))
        .expect("a valid request")
}

/// RFC 9113 §8.3.1: `:authority` stands for `Host`, and is held to the server's own names like it.
#[tokio::test]
async fn http_2_names_its_host_in_authority() {
    let home = Home::default();
    let server = Server::start(home.command(OPEN)).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().expect("a port");
    let stream = TcpStream::connect(&address).await.expect("connected");
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2");
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let asking = async {
        for (authority, status) in [
            (address.clone(), 200),
            (format!("localhost:{port}"), 200),
            (format!("evil.example.com:{port}"), 403),
        ] {
            let request = post(
                &format!("http://{authority}/mcp"),
                http::Version::HTTP_2,
                None,
                &ping,
            );
            let answer = sender
                .clone()
                .send_request(request)
                .await
                .expect("answered");
            let found = answer.status().as_u16();
            let body = answer
                .into_body()
                .collect()
                .await
                .expect("a body")
                .to_bytes();
            assert_eq!(
                found,
                status,
                "{authority}: {}",
                String::from_utf8_lossy(&body)
            );
        }
    };
    tokio::select! {
        () = asking => {}
        ended = connection => panic!("the connection ended: {ended:?}"),
    }
}

/// MCP 2025-11-25, transports, sending messages: 202 with no body.
#[tokio::test]
async fn an_accepted_notification_has_neither_a_body_nor_a_media_type() {
    let home = Home::default();
    let server = Server::start(home.command(OPEN)).await;
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    for accept in [
        "application/json, text/event-stream",
        "application/json",
        "text/event-stream",
    ] {
        let request = reqwest::Client::new()
            .post(format!("{}/mcp", server.url))
            .body(note.clone());
        let request = request
            .header("content-type", "application/json")
            .header("accept", accept);
        let answer = request.send().await.expect("answered");
        assert_eq!(
            (
                answer.status().as_u16(),
                answer.headers().get("content-type")
            ),
            (202, None),
            "{accept}"
        );
        assert!(answer.bytes().await.expect("an end").is_empty());
    }
}

/// `ping` is a method of the revisions before 2026-07-28 alone; over HTTP too (`mcp/refusals.rs`).
#[tokio::test]
async fn over_stdio_the_newest_revision_has_no_ping_and_those_before_it_do() {
    let home = Home::default();
    let mut command = home.command(OPEN);
    command.arg("stdio");
    let (mut talk, _) = Talk::start(command).await;
    assert_eq!(talk.ask("ping", json!({})).await["result"], json!({}));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let refused = talk.ask("ping", json!({ "_meta": meta })).await;
    assert_eq!(refused["error"]["code"], -32_601, "{refused}");
    assert_eq!(talk.end().await.code(), Some(0));
}
