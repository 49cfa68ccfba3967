//! A real binary with a data folder of its own: started, asked over real sockets, stopped.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// The longest time of a step of a process before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that stands in for a home, and the commands that live in it.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
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
        command
            .env_clear()
            .env("HOME", self.path())
            .kill_on_drop(true)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// If it can't be started or does not end.
    pub async fn run(&self, binary: &str, arguments: &[&str]) -> Output {
        let output = self.command(binary).args(arguments).output();
        tokio::time::timeout(PATIENCE, output)
            .await
            .expect("it ends")
            .expect("it starts")
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The reader of its output, at work all the time: a full pipe would make the process wait.
    words: JoinHandle<String>,
    /// The URL that it listens at, such as `http://127.0.0.1:43117`.
    pub url: String,
}

impl Server {
    /// Starts a `serve` command on a free port and waits until it listens.
    ///
    /// # Panics
    /// If it does not come to listen.
    pub async fn start(mut command: Command) -> Self {
        let mut child = command
            .args(["serve", "--port", "0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut words = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut said = Vec::new();
        while let Ok(Ok(Some(line))) = tokio::time::timeout(PATIENCE, words.next_line()).await {
            if let Some((_, url)) = line.split_once("serves MCP at ") {
                let url = url.trim_end_matches("/mcp").to_owned();
                return Self {
                    child,
                    url,
                    words: listen(words),
                };
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
        let told = Command::new("kill")
            .arg("-TERM")
            .arg(self.id().to_string())
            .status()
            .await
            .expect("kill runs");
        assert!(told.success());
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("it stops")
            .expect("a status");
        (status, self.words.await.expect("it was listened to"))
    }
}

/// A conversation in MCP over a process's standard input and output, one message a line.
#[derive(Debug)]
pub struct Talk {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    words: JoinHandle<String>,
}

impl Talk {
    /// Starts a command and says hello in the revision 2025-11-25; gives the answer too.
    ///
    /// # Panics
    /// If it does not start or answer.
    pub async fn start(command: Command) -> (Self, Value) {
        Self::start_able(command, json!({})).await
    }

    /// The same with a client that can do this much.
    ///
    /// # Panics
    /// If it does not start or answer.
    pub async fn start_able(mut command: Command, capabilities: Value) -> (Self, Value) {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        let words = listen(BufReader::new(child.stderr.take().expect("piped")).lines());
        let mut talk = Self {
            child,
            input,
            output,
            words,
        };
        let info = json!({"name": "t", "version": "0"});
        let hello = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": info});
        let answer = talk.ask("initialize", hello).await;
        talk.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        (talk, answer)
    }

    /// Asks, and gives what comes back.
    ///
    /// # Panics
    /// If nothing does, or something that is not MCP.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.say(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            .await;
        self.hear().await
    }

    /// The next message.
    ///
    /// # Panics
    /// If there is none, or something that is not MCP.
    pub async fn hear(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line())
            .await
            .expect("an answer in time");
        let line = line.expect("readable").expect("an answer before the end");
        serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("only MCP on standard output: {line}"))
    }

    /// Calls a tool and gives its result.
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
        .await["result"]
            .take()
    }

    /// Says something.
    ///
    /// # Panics
    /// If nobody reads it.
    pub async fn say(&mut self, message: &Value) {
        self.input
            .write_all(format!("{message}\n").as_bytes())
            .await
            .expect("written");
    }

    /// Writes text as it is, newlines or none.
    ///
    /// # Panics
    /// If nobody reads it.
    pub async fn write(&mut self, text: &str) {
        self.input
            .write_all(text.as_bytes())
            .await
            .expect("written");
    }

    /// Writes text as it is, hangs up, and gives the last answer.
    ///
    /// # Panics
    /// If there is none.
    pub async fn write_last(mut self, text: &str) -> Value {
        self.write(text).await;
        self.input.shutdown().await.expect("closed");
        let Self {
            child: _child,
            input,
            mut output,
            ..
        } = self;
        drop(input);
        let line = tokio::time::timeout(PATIENCE, output.next_line())
            .await
            .expect("an answer in time");
        serde_json::from_str(&line.expect("readable").expect("an answer")).expect("JSON")
    }

    /// Hangs up, and gives the status; whatever else was said is a fault.
    ///
    /// # Panics
    /// If it says more, or does not end.
    pub async fn end(self) -> ExitStatus {
        let Self {
            mut child,
            input,
            mut output,
            ..
        } = self;
        drop(input);
        assert_eq!(
            output.next_line().await.expect("readable"),
            None,
            "nothing else is said"
        );
        tokio::time::timeout(PATIENCE, child.wait())
            .await
            .expect("it ends")
            .expect("a status")
    }

    /// Waits until it ends by itself, while its input stays open; gives the status and what it said to people.
    ///
    /// # Panics
    /// If it says more to its client, or does not end.
    pub async fn ended(self) -> (ExitStatus, String) {
        let Self {
            mut child,
            input: _input,
            mut output,
            words,
        } = self;
        let rest = tokio::time::timeout(PATIENCE, output.next_line())
            .await
            .expect("it ends")
            .expect("readable");
        assert_eq!(rest, None, "nothing else is said");
        let status = tokio::time::timeout(PATIENCE, child.wait())
            .await
            .expect("it ends")
            .expect("a status");
        (status, words.await.expect("it was listened to"))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this listens for as long as the process speaks"
)]
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
