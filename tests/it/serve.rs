//! A real server on a real socket: started, stopped, killed, and given the worst of folders, keys and settings.

use std::os::unix::fs::PermissionsExt;

use mcp_lambda::admin::laws;
use mcp_lambda::admin::{AdminApi, NewUser};
use mcp_lambda::clock::SystemClock;
use mcp_lambda::keys::SigningKey;
use mcp_lambda::testkit::SIGNING_KEY;
use mcp_lambda::{App, ErrorKind};
use mcp_lambda_admin::RemoteAdmin;
use mcp_lambda_tests::process::{Home, Server};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");
const ADMIN: &str = env!("CARGO_BIN_EXE_fixture-admin");

fn key_text() -> String {
    String::from_utf8(SIGNING_KEY.to_vec()).expect("text")
}

async fn start(home: &Home) -> Server {
    let mut command = home.command(FIXTURE);
    command.env("SIGNING_KEY", key_text());
    Server::start(command).await
}

fn remote(url: &str) -> RemoteAdmin {
    let key = SigningKey::new(*SIGNING_KEY).expect("long enough");
    RemoteAdmin::new(url, key, std::sync::Arc::new(SystemClock)).expect("a client")
}

fn new_user(email: &str) -> NewUser {
    NewUser::new(email.parse().expect("valid"))
}

/// The remote leaf keeps the laws that the local one keeps: over real sockets, with an audience to learn on the way.
#[tokio::test]
async fn the_admin_api_keeps_its_laws_over_the_network() {
    let app = App::new("laws")
        .tools(mcp_lambda_tests::fixture::tools::tools())
        .safe_tool("whoami")
        .profile::<laws::LawProfile>();
    let server =
        mcp_lambda::testkit::TestApp::with_settings(app, &[("JWT_AUD", "https://mcp.example.com")])
            .await;
    let real_time = server.server().router.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let clock = std::sync::Arc::clone(server.clock());
    let server = async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let router = real_time.clone();
            let answer = hyper::service::service_fn(move |request| {
                let router = router.clone();
                async move { Ok::<_, std::convert::Infallible>(router.handle(request).await) }
            });
            connections.spawn(async move {
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(hyper_util::rt::TokioIo::new(stream), answer)
                    .await;
            });
        }
    };
    let key = SigningKey::new(*SIGNING_KEY).expect("long enough");
    let remote = RemoteAdmin::new(&url, key, clock).expect("a client");
    tokio::select! {
        () = laws::all(&remote) => {}
        () = server => panic!("the server ended"),
    }
}

#[tokio::test]
async fn a_wrong_key_and_a_foreign_server_are_told_apart() {
    let home = Home::default();
    let server = start(&home).await;
    let wrong = RemoteAdmin::new(
        &server.url,
        SigningKey::new([9; 32]).expect("long enough"),
        std::sync::Arc::new(SystemClock),
    )
    .expect("a client");
    let error = wrong.health().await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.message().contains("signing key"), "{error}");
    let url = server.url.clone();
    let (status, said) = server.stop().await;
    assert!(status.success() && said.contains("stopping"), "{said}");
    assert_eq!(
        remote(&url).health().await.expect_err("gone").kind(),
        ErrorKind::Unavailable
    );
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_when_the_server_is_killed() {
    let home = Home::default();
    let server = start(&home).await;
    let api = remote(&server.url);
    let acknowledged = std::sync::Mutex::new(Vec::new());
    let writing = async {
        for batch in 0..125 {
            let writes = (0..8).map(|number| {
                let (api, acknowledged) = (&api, &acknowledged);
                async move {
                    let email = format!("user{batch}-{number}@example.com");
                    if api.register(new_user(&email)).await.is_ok() {
                        acknowledged.lock().expect("unpoisoned").push(email);
                    }
                }
            });
            futures_util::future::join_all(writes).await;
        }
    };
    let killing = async {
        while acknowledged.lock().expect("unpoisoned").len() < 600 {
            tokio::task::yield_now().await;
        }
        server.kill().await;
    };
    tokio::join!(writing, killing);
    let kept = acknowledged.into_inner().expect("unpoisoned");
    assert!(
        (600..1_000).contains(&kept.len()),
        "killed amid 1,000 writes, after {}",
        kept.len()
    );
    let again = start(&home).await;
    let api = remote(&again.url);
    for email in &kept {
        api.user(&email.parse().expect("valid"))
            .await
            .unwrap_or_else(|error| panic!("{email} was acknowledged: {error}"));
    }
}

#[tokio::test]
async fn the_server_and_the_cli_share_one_file_and_64_registrations_have_one_winner() {
    let home = Home::default();
    let server = start(&home).await;
    let api = remote(&server.url);
    let connected = home.run(ADMIN, &["connect", "local"]).await;
    assert!(
        connected.status.success(),
        "{}",
        String::from_utf8_lossy(&connected.stderr)
    );
    let over_http = futures_util::future::join_all(
        (0..56).map(|_| api.register(new_user("alice@example.com"))),
    );
    let by_cli = futures_util::future::join_all(
        (0..8).map(|_| home.run(ADMIN, &["users", "add", "alice@example.com"])),
    );
    let (over_http, by_cli) = tokio::join!(over_http, by_cli);
    let cli_winners = by_cli
        .iter()
        .filter(|output| output.status.success())
        .count();
    let winners = over_http.iter().filter(|outcome| outcome.is_ok()).count() + cli_winners;
    assert_eq!(winners, 1);
    assert!(
        by_cli
            .iter()
            .all(|output| matches!(output.status.code(), Some(0 | 5)))
    );
    assert!(
        over_http
            .into_iter()
            .filter_map(Result::err)
            .all(|error| error.kind() == ErrorKind::AlreadyExists)
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_at_the_start() {
    let home = Home::default();
    let file = home.path().join("file");
    std::fs::write(&file, "not a folder").expect("written");
    let locked = home.path().join("locked");
    std::fs::create_dir(&locked).expect("made");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).expect("locked");
    let mut folders = vec![file.join("data"), "/proc/mcp-lambda".into()];
    // The superuser writes where nobody may.
    if std::fs::write(locked.join("try"), "").is_err() {
        folders.push(locked.join("data"));
    }
    for folder in folders {
        let output = home
            .command(FIXTURE)
            .args(["serve", "--port", "0"])
            .env("APP_USERS_PATH", &folder)
            .output()
            .await
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{said}");
        assert!(
            said.contains(&*folder.to_string_lossy()) && said.contains("APP_USERS_PATH"),
            "{said}"
        );
    }
}

/// A process may be allowed no larger files, which is what a full disk looks like to it.
#[tokio::test]
async fn a_full_disk_refuses_writes_in_words_and_goes_on_reading() {
    let home = Home::default();
    let mut command = home.command("/bin/sh");
    command
        .env("SIGNING_KEY", key_text())
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f 160; exec {FIXTURE} \"$@\""
        ))
        .arg("sh");
    let server = Server::start(command).await;
    let api = remote(&server.url);
    let mut registered = Vec::new();
    let error = loop {
        let email = format!("user{}@example.com", registered.len());
        match api.register(new_user(&email)).await {
            Ok(_) => registered.push(email),
            Err(error) => break error,
        }
        assert!(registered.len() < 5_000, "the limit was never reached");
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(!registered.is_empty());
    for email in &registered {
        api.user(&email.parse().expect("valid"))
            .await
            .unwrap_or_else(|error| panic!("{email} is still there: {error}"));
    }
}

#[tokio::test]
async fn faults_of_the_settings_are_reported_together() {
    let home = Home::default();
    let variables = [
        ("SIGNING_KEY", "8 bytes."),
        ("RESPONSE_MODE", "fast"),
        ("JWT_AUDD", "x"),
        ("TOKEN_DURATION_SECONDS", "soon"),
    ];
    let output = home
        .command(FIXTURE)
        .arg("serve")
        .envs(variables)
        .output()
        .await
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    for part in [
        "SIGNING_KEY: the signing key has 8 bytes",
        "RESPONSE_MODE: `fast`",
        "did you mean JWT_AUD?",
        "TOKEN_DURATION_SECONDS: `soon`",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn usage_faults_end_with_2_and_a_taken_port_with_7() {
    let home = Home::default();
    for arguments in [
        &["serve", "--prot", "80"][..],
        &["nonsense"],
        &[],
        &["stdio"],
        &["serve", "--port", "99999"],
        &["stdio", "--user", "../../x"],
    ] {
        assert_eq!(
            home.run(FIXTURE, arguments).await.status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
    let server = start(&home).await;
    let port = server.url.rsplit(':').next().expect("a port").to_owned();
    let output = home.run(FIXTURE, &["serve", "--port", &port]).await;
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--port"));
}

#[tokio::test]
async fn a_key_is_made_once_and_said_so() {
    let home = Home::default();
    let server = Server::start(home.command(FIXTURE)).await;
    let first = std::fs::read(home.data().join("signing-key")).expect("made");
    let (_, said) = server.stop().await;
    assert!(said.contains("signing-key (0600), made just now"), "{said}");
    let server = Server::start(home.command(FIXTURE)).await;
    assert_eq!(
        std::fs::read(home.data().join("signing-key")).expect("there"),
        first
    );
    let (_, said) = server.stop().await;
    assert!(!said.contains("made just now"), "{said}");
}

/// Asks until there is an answer, as whoever waits for a server does.
async fn is_healthy(url: &str) {
    let asking = async {
        while !reqwest::get(format!("{url}/health"))
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), asking)
        .await
        .expect("healthy in time");
}

#[tokio::test]
async fn silent_connections_leave_descriptors_for_the_rest_and_the_log_as_it_was() {
    let home = Home::default();
    let mut command = home.command("/bin/sh");
    command
        .env("SIGNING_KEY", key_text())
        .arg("-c")
        .arg(format!("ulimit -n 64; exec {FIXTURE} \"$@\""))
        .arg("sh");
    let server = Server::start(command).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let descriptors = || {
        std::fs::read_dir(format!("/proc/{}/fd", server.id()))
            .expect("Linux")
            .count()
    };
    // A start opens some files for a moment: they are not among what is always open.
    let before = (0..1_000).map(|_| descriptors()).min().expect("a thousand");
    // Half of what is free, where the server's own look was one more that was open.
    let slots = (64 - before - 1) / 2;
    let mut silent = Vec::new();
    for _ in 0..120 {
        silent.push(
            tokio::net::TcpStream::connect(&address)
                .await
                .expect("in the queue"),
        );
    }
    let filling = async {
        while descriptors() < before + slots {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), filling)
        .await
        .expect("it accepts");
    assert!(
        (before + slots..64).contains(&descriptors()),
        "{} of 64, {before} before",
        descriptors()
    );
    drop(silent);
    is_healthy(&server.url).await;
    let (status, said) = server.stop().await;
    assert!(
        status.success() && said.len() < 4_000,
        "{} bytes of log",
        said.len()
    );
}

/// With what status a request is answered whose header has so many bytes; none, where the connection ends without an answer.
async fn status_of_header(address: &str, is_http_2: bool, bytes: usize) -> Option<u16> {
    use hyper::client::conn::{http1, http2};
    let stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("accepted");
    let io = hyper_util::rt::TokioIo::new(stream);
    let request = http::Request::get(format!("http://{address}/health")).header("host", address);
    let request = request
        .header("x-filler", "x".repeat(bytes))
        .body(String::new())
        .expect("valid");
    let answer = if is_http_2 {
        let executor = hyper_util::rt::TokioExecutor::new();
        let (mut sender, connection) = http2::handshake(executor, io).await.expect("greeted");
        tokio::select! { biased; answer = sender.send_request(request) => answer, _ = connection => return None }
    } else {
        let (mut sender, connection) = http1::handshake(io).await.expect("greeted");
        tokio::select! { biased; answer = sender.send_request(request) => answer, _ = connection => return None }
    };
    answer.ok().map(|answer| answer.status().as_u16())
}

/// A stranger needs no token to send headers, so a connection keeps few of them; other connections go on.
#[tokio::test]
async fn headers_are_bounded_in_both_versions_of_http() {
    let home = Home::default();
    let server = start(&home).await;
    let address = server.url.trim_start_matches("http://");
    for is_http_2 in [false, true] {
        assert_eq!(
            status_of_header(address, is_http_2, 20_000).await,
            Some(200),
            "HTTP/2: {is_http_2}"
        );
        for bytes in [40_000, 300_000] {
            let refused = status_of_header(address, is_http_2, bytes).await;
            assert!(
                matches!(refused, None | Some(431)),
                "{bytes} bytes, HTTP/2 {is_http_2}: {refused:?}"
            );
            is_healthy(&server.url).await;
        }
    }
}

/// Nor is an unfinished header kept: it is refused before its end comes.
#[tokio::test]
async fn an_unfinished_header_is_refused_once_it_is_too_long() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let home = Home::default();
    let server = start(&home).await;
    let mut stranger = tokio::net::TcpStream::connect(server.url.trim_start_matches("http://"))
        .await
        .expect("accepted");
    let head = format!("GET /health HTTP/1.1\r\nx-filler: {}", "x".repeat(40_000));
    stranger.write_all(head.as_bytes()).await.expect("taken");
    let mut heard = Vec::new();
    let ended = tokio::time::timeout(
        std::time::Duration::from_secs(20),
        stranger.read_to_end(&mut heard),
    )
    .await;
    assert!(ended.is_ok(), "the server waits for more of it");
    assert!(
        heard.is_empty() || heard.starts_with(b"HTTP/1.1 431 "),
        "{}",
        String::from_utf8_lossy(&heard)
    );
    is_healthy(&server.url).await;
}

#[tokio::test]
async fn a_strangers_requests_are_some_lines_and_an_operators_each_have_one() {
    let home = Home::default();
    let server = start(&home).await;
    let client = reqwest::Client::new();
    // Until a line may be written again: it tells how many were left out before it.
    let (started, mut asked) = (std::time::Instant::now(), 0);
    while asked < 1_000 || started.elapsed() < std::time::Duration::from_secs(2) {
        let refused = client
            .post(format!("{}/mcp", server.url))
            .bearer_auth("x")
            .send()
            .await
            .expect("an answer");
        assert_eq!(refused.status().as_u16(), 401);
        asked += 1;
    }
    let api = remote(&server.url);
    for _ in 0..50 {
        api.user(&"nobody@example.com".parse().expect("valid"))
            .await
            .expect_err("unknown");
    }
    let (_, said) = server.stop().await;
    let lines = |part: &str| said.lines().filter(|line| line.contains(part)).count();
    assert!(
        lines("refused") < 150 && lines("status=401") < 150,
        "{} lines",
        said.lines().count()
    );
    assert!(said.contains("left_out="), "and how many were left out");
    assert_eq!(lines("status=404"), 50);
}

#[tokio::test]
async fn a_terminal_that_is_gone_or_full_ends_nothing() {
    for redirect in ["2>/dev/full", "2>&-"] {
        let home = Home::default();
        let mut command = home.command("/bin/sh");
        command
            .env("SIGNING_KEY", key_text())
            .arg("-c")
            .arg(format!("exec {FIXTURE} serve --port 0 {redirect}"));
        let mut child = command.spawn().expect("it starts");
        let file = home.data().join("url");
        let starting = async {
            loop {
                match std::fs::read_to_string(&file) {
                    Ok(url) if !url.is_empty() => break url,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        let url = tokio::time::timeout(std::time::Duration::from_secs(60), starting)
            .await
            .expect("it starts to listen");
        is_healthy(&url).await;
        let id = child.id().expect("still running").to_string();
        tokio::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .expect("kill runs");
        let status = tokio::time::timeout(std::time::Duration::from_secs(60), child.wait())
            .await
            .expect("it stops");
        assert_eq!(status.expect("a status").code(), Some(0), "{redirect}");
    }
}
