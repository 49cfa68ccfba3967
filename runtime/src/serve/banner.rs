//! The lines that `serve` prints first: the address, the store and the key, and the first commands
//! of a new operator.

use std::ffi::OsStr;
use std::path::Path;

use crate::app::Server;
use crate::config::ProcessEnvironment;
use crate::shell;

/// Describes a [`Server`]: its address, the store of its users and its signing key.
pub(super) fn describe_server(app: &str, url: &str, server: &Server) -> String {
    let store = &server.description.store;
    let keys = &server.description.keys;
    format!(
        "{app} serves MCP at {url}/mcp\n  \
           users and data: {store}\n  \
           signing key:    {keys}\n"
    )
}

/// Describes the commands that register a first user; `share` names the settings that they need
/// ([`Settings::names_to_share`](crate::config::Settings::names_to_share)).
pub(super) fn describe_next_steps(app: &str, share: &[&str]) -> String {
    let share = if share.is_empty() {
        String::new()
    } else {
        format!(" with the same {}", share.join(", "))
    };
    let admin = admin_command(app, ProcessEnvironment.executable().as_deref());
    format!(
        "Next, in another terminal{share}, register yourself; the second command prints your token and the line that connects a client:\n  \
           {admin} connect local\n  \
           {admin} users add you@example.com\n"
    )
}

/// Returns the command that starts the admin CLI of the running build: `cargo run` where Cargo
/// built it in this folder, else the installed program.
fn admin_command(app: &str, executable: Option<&Path>) -> String {
    // Cargo keeps a folder `.fingerprint` beside the programs it builds, so a program beside one
    // was started by `cargo run` or from the target folder, and is not an installed one.
    let build = executable
        .and_then(Path::parent)
        .filter(|folder| folder.join(".fingerprint").is_dir());
    let Some(build) = build else {
        return format!("{app}-admin");
    };
    let profile = match build.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => String::new(),
        Some("release") => " --release".to_owned(),
        Some(profile) => format!(" --profile {}", shell::quote(profile)),
    };
    // The target folder lies in the package or its workspace, one level higher with `--target`. In
    // a workspace without a package of its own, `-p` keeps Cargo from building every member.
    let manifests = build
        .ancestors()
        .skip(2)
        .take(2)
        .map(|folder| folder.join("Cargo.toml"));
    let manifest = manifests
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .next()
        .unwrap_or_default();
    let is_workspace = manifest.lines().any(|line| line.trim() == "[workspace]")
        && !manifest.contains("[package]");
    let package = if is_workspace {
        format!(" -p {app}")
    } else {
        String::new()
    };
    format!("cargo run{profile}{package} --bin {app}-admin --")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_admin_cli_is_started_as_the_server_was_built() {
        let folder = tempfile::tempdir().expect("a folder");
        let server = |root: &Path, profile: &str| {
            let build = root.join("target").join(profile);
            fs::create_dir_all(build.join(".fingerprint")).expect("made");
            build.join("notes")
        };
        let app = folder.path().join("app");
        let workspace = folder.path().join("workspace");
        for (path, text) in [
            (&app, "[package]\nname = \"notes\"\n\n[workspace]\n"),
            (&workspace, "[workspace]\n"),
        ] {
            fs::create_dir(path).expect("made");
            fs::write(path.join("Cargo.toml"), text).expect("written");
        }
        for (root, profile, command) in [
            (&app, "debug", "cargo run --bin notes-admin --"),
            (&app, "release", "cargo run --release --bin notes-admin --"),
            (
                &workspace,
                "debug",
                "cargo run -p notes --bin notes-admin --",
            ),
            (
                &workspace,
                "release",
                "cargo run --release -p notes --bin notes-admin --",
            ),
            (
                &workspace,
                "x86_64-unknown-linux-gnu/lean",
                "cargo run --profile lean -p notes --bin notes-admin --",
            ),
        ] {
            assert_eq!(
                admin_command("notes", Some(&server(root, profile))),
                command
            );
        }
        assert_eq!(
            admin_command("notes", Some(&folder.path().join("bin/notes"))),
            "notes-admin"
        );
        assert_eq!(admin_command("notes", None), "notes-admin");
    }
}
