//! Settings that are broken: a start error each, never as good as none.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use mcp_lambda::config::SETTINGS;
use mcp_lambda_tests::process::Home;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

/// The exit code of a server with this setting, and what it says.
async fn start(name: &str, value: &[u8]) -> (Option<i32>, String) {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    let output = command
        .args(["serve", "--port", "0"])
        .env(name, OsStr::from_bytes(value))
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(30), output).await;
    let output = output
        .unwrap_or_else(|_| panic!("{name}: it serves"))
        .expect("it runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[tokio::test]
async fn what_is_not_utf_8_is_named_for_every_setting() {
    for name in SETTINGS
        .iter()
        .map(|setting| setting.name)
        .chain(["XDG_DATA_HOME"])
    {
        let (code, said) = start(name, b"\xff\xfeprod").await;
        assert_eq!(code, Some(3), "{name}: {said}");
        assert!(
            said.contains(&format!("{name}: its value is not UTF-8")),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_blank_audience_opens_nothing() {
    for blank in [&b""[..], b"  "] {
        let (code, said) = start("JWT_AUD", blank).await;
        assert!(
            code == Some(3) && said.contains("JWT_AUD: it is blank"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_pattern_that_matches_nothing_is_named() {
    for origins in [
        "null",
        "https://*",
        "https://a*.example.com",
        "https://app.example.com/",
    ] {
        let (code, said) = start("ALLOWED_ORIGINS", origins.as_bytes()).await;
        assert!(
            code == Some(3) && said.contains(&format!("ALLOWED_ORIGINS: `{origins}`")),
            "{said}"
        );
    }
}
