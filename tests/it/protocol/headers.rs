//! What MCP 2026-07-28 wants told in headers too, parameters that are not as MCP has them, and versions of tools.

use http::Request;
use http_body_util::Full;
use mcp_lambda::middleware::Middleware;
use mcp_lambda::provider::DefinitionView;
use mcp_lambda::testkit::{TestApp, TestResponse, mcp_request};
use mcp_lambda::user::Caller;
use mcp_lambda_tests::protocol;
use serde_json::{Value, json};

use super::server;

type Sent = Request<Full<bytes::Bytes>>;

async fn send(
    server: &TestApp,
    token: &str,
    method: &str,
    params: Value,
    change: impl FnOnce(&mut Sent),
) -> TestResponse {
    let mut request = mcp_request(Some(token), &json!({}), method, params);
    change(&mut request);
    server.send(request).await
}

fn set(name: &'static str, value: &'static str) -> impl FnOnce(&mut Sent) {
    move |request| {
        drop(
            request
                .headers_mut()
                .insert(name, value.parse().expect("valid")),
        )
    }
}

fn leave_out(name: &'static str) -> impl FnOnce(&mut Sent) {
    move |request| drop(request.headers_mut().remove(name))
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn method_and_name_must_be_told_and_told_right() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let call = || json!({"name": "logs", "arguments": {}});
    let read = || json!({"uri": "test://about"});
    for answer in [
        send(
            &server,
            alice.token(),
            "tools/call",
            call(),
            leave_out("mcp-method"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "tools/call",
            call(),
            set("mcp-method", "tools/list"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "tools/call",
            call(),
            leave_out("mcp-name"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "tools/call",
            call(),
            set("mcp-name", "knows"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "resources/read",
            read(),
            leave_out("mcp-name"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "resources/read",
            read(),
            set("mcp-name", "test://picture"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "prompts/get",
            json!({"name": "write"}),
            leave_out("mcp-name"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "tools/call",
            call(),
            leave_out("mcp-protocol-version"),
        )
        .await,
        send(
            &server,
            alice.token(),
            "tools/call",
            call(),
            set("mcp-protocol-version", "2025-11-25"),
        )
        .await,
    ] {
        assert_eq!(
            (answer.status, answer.error_code()),
            (400, -32_020),
            "{}",
            answer.text
        );
    }
    assert_eq!(
        send(&server, alice.token(), "tools/call", call(), |_| ())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn arguments_in_headers_are_checked_by_name_and_by_address() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let address = mcp_lambda::toolsets::address("protocol", "route");
    for name in ["route", address.as_str()] {
        let call = || json!({"name": name, "arguments": {"region": "north"}});
        let told = send(
            &server,
            alice.token(),
            "tools/call",
            call(),
            set("mcp-param-region", "north"),
        )
        .await;
        assert_eq!(told.tool_text(), "\"north\"");
        for answer in [
            send(&server, alice.token(), "tools/call", call(), |_| ()).await,
            send(
                &server,
                alice.token(),
                "tools/call",
                call(),
                set("mcp-param-region", "south"),
            )
            .await,
        ] {
            assert_eq!(
                (answer.status, answer.error_code()),
                (400, -32_020),
                "{}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn a_call_may_ask_for_one_version_of_a_tool() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let tools = alice.tools().await;
    let route = tools
        .iter()
        .find(|tool| tool["name"] == "route")
        .expect("listed");
    assert_eq!(route["_meta"]["mcp-lambda/version"], "2");
    let call = |name: &str, version: Value| json!({"name": name, "arguments": {}, "_meta": {"mcp-lambda/version": version}});
    assert_eq!(
        alice
            .mcp("tools/call", call("route", json!("2")))
            .await
            .error_code(),
        0
    );
    for (name, version) in [
        ("route", json!("1")),
        ("route", json!(2)),
        ("logs", json!("2")),
        ("nothing", json!("2")),
    ] {
        let answer = alice.mcp("tools/call", call(name, version.clone())).await;
        assert_eq!(answer.error_code(), -32_602, "{name} {version}");
        assert_eq!(
            answer.json["error"]["message"],
            format!("unknown tool `{name}`")
        );
    }
}

#[tokio::test]
async fn parameters_that_are_not_as_mcp_has_them_are_told_so_in_either_era() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for (method, params) in [
        ("tools/call", json!({"arguments": {}})),
        ("tools/call", json!({"name": 7})),
        ("prompts/get", json!({})),
        ("resources/read", json!({"uri": 7})),
        ("completion/complete", json!({"ref": {"type": "ref/other"}})),
    ] {
        let older = alice
            .older(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            .await;
        assert_eq!(older.error_code(), -32_602, "{method}: {}", older.text);
    }
    for (method, code) in [("logging/setLevel", -32_602), ("unknown/method", -32_601)] {
        let older = alice
            .older(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}))
            .await;
        assert_eq!(older.error_code(), code, "{method}: {}", older.text);
        let modern = alice.mcp(method, json!({})).await;
        assert_eq!(
            (modern.status, modern.error_code()),
            (404, -32_601),
            "{method}: {}",
            modern.text
        );
    }
    let modern = alice
        .mcp("completion/complete", json!({"ref": {"type": "ref/other"}}))
        .await;
    assert_eq!(modern.error_code(), -32_602, "{}", modern.text);
}

/// Hides one thing, by its name, from everyone but Alice.
#[derive(Debug)]
struct AlicesOwn(&'static str);

impl Middleware for AlicesOwn {
    fn visible(&self, caller: &Caller, definition: &DefinitionView<'_>) -> bool {
        let is_alice = caller
            .email()
            .is_some_and(|email| email.as_str().starts_with("alice@"));
        is_alice || definition.name() != self.0
    }
}

#[tokio::test]
async fn headers_of_a_tool_that_is_hidden_are_not_checked_and_it_is_unknown() {
    let server = TestApp::new(protocol::app().layer(AlicesOwn("route"))).await;
    let alice = server.user("alice@example.com").await;
    let bob = server.user("bob@example.com").await;
    let address = mcp_lambda::toolsets::address("protocol", "route");
    for name in ["route", address.as_str()] {
        let call = |name: &str| json!({"name": name, "arguments": {"region": "north"}});
        let checked = send(&server, alice.token(), "tools/call", call(name), |_| ()).await;
        assert_eq!(
            (checked.status, checked.error_code()),
            (400, -32_020),
            "{}",
            checked.text
        );
        let hidden = send(&server, bob.token(), "tools/call", call(name), |_| ()).await;
        let unknown = send(&server, bob.token(), "tools/call", call("nowhere"), |_| ()).await;
        assert_eq!(hidden.status, unknown.status);
        assert_eq!(hidden.text, unknown.text.replace("nowhere", name));
    }
}

#[tokio::test]
async fn every_rule_of_headers_is_checked_by_the_server() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for (arguments, header, is_right) in [
        (json!({"region": "north"}), Some("north"), true),
        (json!({"region": "nörd"}), Some("=?base64?bsO2cmQ=?="), true),
        (json!({"region": "north"}), Some("=?base64?north?="), false),
        (json!({"region": "north"}), Some(""), false),
        (json!({"region": null}), None, true),
        (json!({"region": null}), Some("north"), false),
        (json!({}), Some("north"), false),
        (json!({"region": 7}), Some("7"), true),
        (json!({"region": true}), Some("true"), true),
        (json!({"region": ["north"]}), None, true),
    ] {
        let call = json!({"name": "route", "arguments": arguments});
        let change = |request: &mut Sent| {
            if let Some(header) = header {
                let value = header.parse().expect("a header");
                drop(request.headers_mut().insert("mcp-param-region", value));
            }
        };
        let answer = send(&server, alice.token(), "tools/call", call, change).await;
        let is_mismatch = (answer.status, answer.error_code()) == (400, -32_020);
        assert_eq!(
            is_mismatch, !is_right,
            "{arguments} {header:?}: {}",
            answer.text
        );
    }
    let call = || json!({"name": "route", "arguments": {"region": "north"}});
    let twice = send(&server, alice.token(), "tools/call", call(), |request| {
        for _ in 0..2 {
            request
                .headers_mut()
                .append("mcp-param-region", "north".parse().expect("a header"));
        }
    });
    assert_eq!(twice.await.error_code(), -32_020);
    let older = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call()});
    assert_eq!(alice.older(&older).await.tool_text(), "\"north\"");
}
