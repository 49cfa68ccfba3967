//! Rounds of register, call, revoke, purge and register again, by eight processes at once over one store and a few emails.
//!
//! No token of before is answered, no datum is seen by a namesake, and nothing is left at the end. `churn worker …` is one of the processes; `churn ROUNDS` and the tests start them and look into the store afterwards.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::types::Select;
use futures_util::future::join_all;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use mcp_lambda::App;
use mcp_lambda::clock::{Clock, SystemClock};
use mcp_lambda::config::{ProcessEnvironment, STORE_FILE, Settings};
use mcp_lambda::identity::{Operator, operator_token};
use mcp_lambda::keys::SigningKey;
use mcp_lambda::testkit::{mcp_request, request};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::aws::{Dynamo, dynamo_client};
use crate::fixture;
use crate::process::Home;

/// The number of processes that work side by side.
const PROCESSES: usize = 8;

/// The number of emails that they share: few, so that they meet.
const EMAILS: usize = 3;

const KEY: &str = "churn-key-0123456789-0123456789-0123456789";

/// One process: this many rounds over whatever store its variables name. Gives what broke.
///
/// # Errors
/// Every broken rule, in words.
///
/// # Panics
/// If the app does not start.
pub async fn work(number: usize, rounds: usize) -> Result<String, Vec<String>> {
    let app: App = fixture::app().backend(mcp_lambda_dynamo::from_env());
    let settings = Settings::read(&ProcessEnvironment, app.name()).expect("settings");
    let server = app.build(&settings).await.expect("it starts");
    let key = SigningKey::from_text(KEY).expect("long enough");
    let mut worker = Worker {
        router: server.router,
        key,
        number,
        dead: Vec::new(),
        broken: Vec::new(),
        tally: [0; 4],
    };
    for round in 0..rounds {
        worker.round(round).await;
    }
    let [registered, calls, late, purged] = worker.tally;
    let told = format!(
        "registered {registered}, calls {calls}, late writes refused {late}, purged {purged}"
    );
    if worker.broken.is_empty() {
        Ok(told)
    } else {
        Err(worker.broken)
    }
}

struct Worker {
    router: mcp_lambda::http::Router,
    key: SigningKey,
    number: usize,
    /// Tokens that must never be answered again.
    dead: Vec<String>,
    broken: Vec<String>,
    /// Registrations, calls that were answered, writes that came too late, purges.
    tally: [usize; 4],
}

impl Worker {
    async fn round(&mut self, round: usize) {
        let email = format!("user{}@example.com", (self.number + round * 5) % EMAILS);
        let (status, body) = self
            .admin(
                Method::POST,
                "/admin/users",
                Some(json!({ "email": email })),
            )
            .await;
        match status {
            200 => {
                self.tally[0] += 1;
                let token = body["token"].as_str().expect("a token").to_owned();
                self.live(&email, &token, &format!("of-{}-{round}", self.number))
                    .await;
            }
            409 => self.disturb(&email, round).await,
            _ => self
                .broken
                .push(format!("a registration was answered with {status}: {body}")),
        }
        for token in self.dead.iter().rev().take(6).cloned().collect::<Vec<_>>() {
            let (status, body) = self.call(&token, "recall", json!({})).await;
            if status != 401 {
                self.broken
                    .push(format!("a dead token was answered with {status}: {body}"));
            }
        }
    }

    /// A registration of our own: whatever its token shows, only we have written.
    async fn live(&mut self, email: &str, token: &str, word: &str) {
        let (status, body) = self.call(token, "keep", json!({ "word": word })).await;
        let is_kept = status == 200 && body["result"]["isError"] != true;
        self.look(token, word, is_kept).await;
        let (_, made) = self
            .admin(
                Method::POST,
                "/admin/tokens",
                Some(json!({ "email": email })),
            )
            .await;
        self.end(email, token, word).await;
        self.dead.push(token.to_owned());
        // Made for whoever has the email now; the purge has ended it too, or it is a namesake's.
        if let Some(other) = made["token"].as_str() {
            let (status, body) = self.call(other, "recall", json!({})).await;
            if status == 200 && body.to_string().contains(word) {
                self.broken
                    .push(format!("what was purged is shown: {body}"));
            }
        }
    }

    async fn look(&mut self, token: &str, word: &str, is_kept: bool) {
        let (status, body) = self.call(token, "recall", json!({})).await;
        if status != 200 {
            return;
        }
        self.tally[1] += 1;
        let shown = &body["result"]["structuredContent"]["result"];
        if *shown == json!([word]) || (*shown == json!([]) && !is_kept) {
            return;
        }
        // A call that was let in may run beside a purge, and find nothing; then its token is dead by now.
        let (status, _) = self.call(token, "recall", json!({})).await;
        if *shown != json!([]) || status != 401 {
            self.broken.push(format!(
                "`{word}` was kept, this is shown: {shown}, and the token gets {status}"
            ));
        }
    }

    /// Revokes or not, and purges while calls run that were let in before.
    async fn end(&mut self, email: &str, token: &str, word: &str) {
        if word.len().is_multiple_of(2) {
            self.admin(Method::DELETE, &format!("/admin/users/{email}"), None)
                .await;
            let (status, _) = self.call(token, "recall", json!({})).await;
            if status != 401 {
                self.broken
                    .push(format!("a revoked token was answered with {status}"));
            }
        }
        let path = format!("/admin/users/{email}?purge=true");
        let late = join_all((0..4).map(|_| self.call(token, "keep", json!({ "word": word }))));
        let ((status, body), late) =
            futures_util::future::join(self.admin(Method::DELETE, &path, None), late).await;
        self.tally[2] += late
            .iter()
            .filter(|(_, body)| body.to_string().contains("this user was removed"))
            .count();
        match status {
            200 => self.tally[3] += 1,
            404 => {}
            _ => self
                .broken
                .push(format!("a purge was answered with {status}: {body}")),
        }
    }

    /// Somebody else's registration: what an operator does, at the same time.
    async fn disturb(&mut self, email: &str, round: usize) {
        let path = format!("/admin/users/{email}");
        let (status, body) = match round % 3 {
            0 => {
                self.admin(Method::DELETE, &format!("{path}?purge=true"), None)
                    .await
            }
            1 => self.admin(Method::DELETE, &path, None).await,
            _ => {
                self.admin(
                    Method::PATCH,
                    &format!("{path}/profile"),
                    Some(json!({ "round": round })),
                )
                .await
            }
        };
        if !matches!(status, 200 | 404 | 409) {
            self.broken
                .push(format!("an operator was answered with {status}: {body}"));
        }
    }

    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let token =
            operator_token(&self.key, Operator::Admin, None, SystemClock.now()).expect("signed");
        self.send(request(
            method,
            path,
            Some(token.expose()),
            body.map(|body| body.to_string()),
        ))
        .await
    }

    async fn call(&self, token: &str, tool: &str, arguments: Value) -> (u16, Value) {
        let params = json!({ "name": tool, "arguments": arguments });
        self.send(mcp_request(Some(token), &json!({}), "tools/call", params))
            .await
    }

    async fn send(&self, request: Request<Full<bytes::Bytes>>) -> (u16, Value) {
        let (parts, body) = self.router.handle(request).await.into_parts();
        let Ok(body) = body.collect().await;
        (
            parts.status.as_u16(),
            serde_json::from_slice(&body.to_bytes()).unwrap_or_default(),
        )
    }
}

/// All processes over one SQLite file; what they told.
///
/// # Panics
/// With everything that broke.
pub async fn over_sqlite(binary: &str, rounds: usize) -> Vec<String> {
    let home = Home::default();
    let told = run(binary, &home, &[], rounds).await;
    let left = rows(&home.data().join(STORE_FILE));
    assert_eq!(left, Vec::<String>::new(), "left in the file");
    told
}

/// All processes over one DynamoDB; what they told.
///
/// # Panics
/// With everything that broke.
pub async fn over_dynamodb(binary: &str, rounds: usize) -> Vec<String> {
    let engine = Dynamo::start("users").await;
    let variables = [
        ("USERS_TABLE", "users"),
        ("AWS_ENDPOINT_URL_DYNAMODB", engine.url.as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let told = run(binary, &Home::default(), &variables, rounds).await;
    let left = dynamo_client(&engine.url)
        .scan()
        .table_name("users")
        .select(Select::AllAttributes)
        .send()
        .await;
    assert_eq!(left.expect("scanned").items(), [], "left in the table");
    told
}

/// Runs the processes, and then one alone that purges whoever is left.
async fn run(binary: &str, home: &Home, variables: &[(&str, &str)], rounds: usize) -> Vec<String> {
    let command = |arguments: &[String]| {
        let mut command: Command = home.command(binary);
        command
            .args(arguments)
            .env("SIGNING_KEY", KEY)
            .env("LOG_LEVEL", "error")
            .envs(variables.iter().copied());
        command
    };
    let each = rounds.div_ceil(PROCESSES);
    let workers = (0..PROCESSES).map(|number| {
        command(&["worker".to_owned(), number.to_string(), each.to_string()]).output()
    });
    let mut outputs = join_all(workers).await;
    outputs.push(command(&["sweep".to_owned()]).output().await);
    let mut told = Vec::new();
    for output in outputs {
        let output = output.expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        told.push(said.trim().to_owned());
    }
    told
}

/// Purges everyone.
///
/// # Panics
/// If a purge is refused.
pub async fn sweep() {
    let app: App = fixture::app().backend(mcp_lambda_dynamo::from_env());
    let settings = Settings::read(&ProcessEnvironment, app.name()).expect("settings");
    let server = app.build(&settings).await.expect("it starts");
    let api = Arc::clone(server.admin());
    for user in api.users(None, 100).await.expect("listed").users {
        api.purge(&user.email).await.expect("purged");
    }
}

/// Every row of the embedded store's table, by its key.
fn rows(file: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).expect("opens");
    let mut statement = connection
        .prepare("SELECT partition || ' ' || sort FROM records")
        .expect("a query");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("text")).collect()
}
