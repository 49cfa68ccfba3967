//! Over HTTP: how many calls a local server answers in a second, asked by several connections at once.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::runtime_api::{tool_body, tool_headers};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::task::JoinSet;

use crate::Extent;
use crate::programs::Programs;
use crate::samples::{Samples, middle, resident_bytes};
use crate::world::{KEY, embedded};

/// The number of connections that send requests at once.
const CONNECTIONS: usize = 16;

/// The measures of a server.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) latency: Samples,
    /// Calls in a second, in each turn.
    pub(crate) rates: Vec<f64>,
    /// Bytes, at the end.
    pub(crate) resident: f64,
}

impl Measured {
    pub(crate) fn rate(&self) -> f64 {
        middle(self.rates.clone())
    }
}

/// A server that runs.
struct Running {
    child: Child,
    port: u16,
    request: Vec<u8>,
    measured: Measured,
    _home: Home,
}

/// Measures all servers, each in its turn, several times.
pub(crate) async fn measure(programs: &Programs, extent: Extent) -> Vec<Measured> {
    let milk = || json!({"text": "milk"});
    let mut servers = vec![
        Running::start(
            "echo: rmcp on hyper",
            &programs.bare_echo_http,
            "echo",
            milk(),
            false,
        )
        .await,
        Running::start(
            "echo: mcp-lambda, SQLite",
            &programs.app_echo,
            "echo",
            milk(),
            true,
        )
        .await,
        Running::start(
            "notes: SQLite",
            &programs.notes,
            "count_notes",
            json!({}),
            true,
        )
        .await,
    ];
    for server in &servers {
        server.ask_all(extent.requests / 10).await;
    }
    for _ in 0..extent.rounds {
        for server in &mut servers {
            server.take_turn(extent.requests).await;
        }
    }
    servers.into_iter().map(Running::end).collect()
}

impl Running {
    async fn start(
        name: &'static str,
        program: &Path,
        tool: &str,
        arguments: Value,
        has_users: bool,
    ) -> Self {
        let (home, port) = (Home::default(), free_port());
        let log: PathBuf = home.path().join("log");
        let mut command = home.command(&program.to_string_lossy());
        command
            .envs(embedded(&home))
            .args(["serve", "--port", &port.to_string()]);
        let child = command
            .stderr(std::fs::File::create(log).expect("a log"))
            .spawn()
            .expect("it starts");
        listening(port).await;
        let token = if has_users {
            token(port).await
        } else {
            String::new()
        };
        let measured = Measured {
            name,
            latency: Samples::default(),
            rates: Vec::new(),
            resident: 0.0,
        };
        Self {
            child,
            port,
            request: request(port, &token, tool, &arguments),
            measured,
            _home: home,
        }
    }

    async fn take_turn(&mut self, requests: usize) {
        let started = Instant::now();
        let samples = self.ask_all(requests).await;
        let seconds = started.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        self.measured.rates.push(requests as f64 / seconds);
        self.measured.latency.append(samples);
    }

    async fn ask_all(&self, requests: usize) -> Samples {
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            connections.spawn(ask(self.port, self.request.clone(), requests / CONNECTIONS));
        }
        let mut all = Samples::default();
        for samples in connections.join_all().await {
            all.append(samples);
        }
        all
    }

    fn end(mut self) -> Measured {
        self.measured.resident = resident_bytes(self.child.id().expect("it runs"));
        self.measured
    }
}

/// Sends a request again and again over one connection. As little as can be is done here: it takes time from the server.
async fn ask(port: u16, request: Vec<u8>, times: usize) -> Samples {
    let mut stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    let (mut samples, mut buffer) = (Samples::default(), Vec::with_capacity(8_192));
    for _ in 0..times {
        let started = Instant::now();
        stream.write_all(&request).await.expect("written");
        answer(&mut stream, &mut buffer).await;
        samples.push(started.elapsed());
    }
    samples
}

/// Reads one answer to its end, and sees that it is none of an error.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        assert!(
            stream.read_buf(buffer).await.expect("read") > 0,
            "the connection ended"
        );
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        if buffer.len() >= head + 4 + length(&buffer[..head]) {
            break;
        }
    }
    assert!(
        buffer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(buffer)
    );
    assert!(
        !buffer
            .windows(14)
            .any(|window| window == b"\"isError\":true"),
        "{}",
        String::from_utf8_lossy(buffer)
    );
}

fn length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .expect("a length");
    value.trim().parse().expect("a number")
}

fn request(port: u16, token: &str, tool: &str, arguments: &Value) -> Vec<u8> {
    let (bearer, body) = (format!("Bearer {token}"), tool_body(tool, arguments));
    let headers: String = tool_headers(&bearer, tool)
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    format!("POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{headers}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port()
}

async fn listening(port: u16) {
    let connected = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), connected)
        .await
        .expect("it listens in time");
}

async fn token(port: u16) -> String {
    let key = mcp_lambda::keys::SigningKey::from_text(KEY).expect("long enough");
    let now = std::time::UNIX_EPOCH
        .elapsed()
        .expect("after 1970")
        .as_secs();
    let admin = mcp_lambda::identity::operator_token(
        &key,
        mcp_lambda::identity::Operator::Admin,
        None,
        now,
    );
    let request = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/admin/users"));
    let request = request
        .bearer_auth(admin.expect("signed").expose())
        .json(&json!({"email": "alice@example.com"}));
    let answer: Value = request
        .send()
        .await
        .expect("sent")
        .json()
        .await
        .expect("JSON");
    answer["token"]
        .as_str()
        .unwrap_or_else(|| panic!("no token: {answer}"))
        .to_owned()
}
