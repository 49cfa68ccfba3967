//! Colour is a terminal's: none in a pipe, and none where `NO_COLOR` is set, even if a terminal is claimed.

use mcp_lambda_tests::process::Home;

use super::ADMIN;
use crate::cli::{err, out};

/// Whether any of what these commands say has a colour: an answer, clap's help, a fault, clap's own fault.
async fn coloured(variables: &[(&str, &str)]) -> Vec<bool> {
    let home = Home::default();
    assert!(
        home.run(ADMIN, &["connect", "local"])
            .await
            .status
            .success()
    );
    let mut found = Vec::new();
    for arguments in [
        &["health"][..],
        &["--help"],
        &["tools", "show", "nothing"],
        &["nonsense"],
    ] {
        let output = home
            .command(ADMIN)
            .args(arguments)
            .envs(variables.iter().copied())
            .output()
            .await
            .expect("it runs");
        found.push(format!("{}{}", out(&output), err(&output)).contains('\u{1b}'));
    }
    found
}

#[tokio::test]
async fn colour_is_for_terminals_and_no_color_turns_it_off() {
    assert_eq!(coloured(&[]).await, [false; 4]);
    assert_eq!(
        coloured(&[("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1")]).await,
        [true; 4]
    );
    assert_eq!(
        coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).await,
        [false; 4]
    );
}
