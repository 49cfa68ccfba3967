//! A real binary with a data folder of its own: started, asked over real sockets, stopped.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

/// How long a step of a process may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that stands in for a home, and the commands that live in it.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }
}

impl Home {
    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder of the fixture app.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path().join(".local/share/fixture")
    }

    /// A command that knows no environment but this home.
    #[must_use]
    pub fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(binary);
        command.env_clear().env("HOME", self.path()).kill_on_drop(true).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// If it can't be started or does not end.
    pub async fn run(&self, binary: &str, arguments: &[&str]) -> Output {
        let output = self.command(binary).args(arguments).output();
        tokio::time::timeout(PATIENCE, output).await.expect("it ends").expect("it starts")
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// What it says is read all the time: a full pipe would make it wait for us.
    words: JoinHandle<String>,
    /// Where it listens, such as `http://127.0.0.1:43117`.
    pub url: String,
}

impl Server {
    /// Starts a `serve` command on a free port and waits until it listens.
    ///
    /// # Panics
    /// If it does not come to listen.
    pub async fn start(mut command: Command) -> Self {
        let mut child = command.args(["serve", "--port", "0"]).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut words = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut said = Vec::new();
        while let Ok(Ok(Some(line))) = tokio::time::timeout(PATIENCE, words.next_line()).await {
            if let Some((_, url)) = line.split_once("serves MCP at ") {
                let url = url.trim_end_matches("/mcp").to_owned();
                return Self { child, url, words: listen(words) };
            }
            said.push(line);
        }
        panic!("it did not come to listen: {said:?}")
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it has ended.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("still running")
    }

    /// Ends it without warning (SIGKILL).
    ///
    /// # Panics
    /// If it can't be killed.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }

    /// Tells it to stop (SIGTERM), waits, and gives its status and what it still said.
    ///
    /// # Panics
    /// If it does not stop.
    pub async fn stop(mut self) -> (ExitStatus, String) {
        let told = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status().await.expect("kill runs");
        assert!(told.success());
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it stops").expect("a status");
        (status, self.words.await.expect("it was listened to"))
    }
}

#[expect(clippy::disallowed_methods, reason = "this listens for as long as the process speaks")]
fn listen(mut words: Lines<BufReader<ChildStderr>>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut said = String::new();
        while let Ok(Some(line)) = words.next_line().await {
            said.push_str(&line);
            said.push('\n');
        }
        said
    })
}
