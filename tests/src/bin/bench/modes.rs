//! Streamed answers beside buffered ones: one program in both modes at the same time, called in turns, so that what slows
//! one call slows the next as well.

use std::path::{Path, PathBuf};

use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::runtime_api::{Lambda, tool_event};
use serde_json::{Value, json};

use crate::Extent;
use crate::lambda::{WARM_UP, once, token};
use crate::samples::Samples;
use crate::world::{World, embedded, on_aws};

/// A program with its calls in both modes.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) buffered: Samples,
    pub(crate) streamed: Samples,
}

impl Measured {
    /// The time of a streamed answer as a share of a buffered one's.
    pub(crate) fn ratio(&self) -> f64 {
        self.streamed.median().as_secs_f64() / self.buffered.median().as_secs_f64()
    }
}

/// The server that is measured, with a store of its own.
struct Subject {
    name: &'static str,
    program: PathBuf,
    tool: (&'static str, Value),
    home: Home,
    settings: Vec<(String, String)>,
}

/// The echo on the embedded store.
pub(crate) async fn echo(program: &Path, extent: Extent) -> Measured {
    let home = Home::default();
    let (settings, tool) = (embedded(&home), ("echo", json!({"text": "milk"})));
    let name = "echo: mcp-lambda, SQLite";
    measure(
        &Subject {
            name,
            program: program.to_owned(),
            tool,
            home,
            settings,
        },
        extent,
    )
    .await
}

/// The notes as they are deployed.
pub(crate) async fn notes(program: &Path, world: &World, extent: Extent) -> Measured {
    let settings = on_aws(&world.notes_at_once.proxy.url, &world.secrets.url);
    let (name, tool) = (
        "notes: DynamoDB answering at once",
        ("count_notes", json!({})),
    );
    measure(
        &Subject {
            name,
            program: program.to_owned(),
            tool,
            home: Home::default(),
            settings,
        },
        extent,
    )
    .await
}

async fn measure(subject: &Subject, extent: Extent) -> Measured {
    let (buffered, streamed) = (
        subject.start("buffered").await,
        subject.start("stream").await,
    );
    let event = tool_event(&token(&buffered).await, subject.tool.0, &subject.tool.1);
    for lambda in [&buffered, &streamed] {
        let answer = lambda.request(&event).await;
        assert!(
            answer.status == 200 && !answer.body.contains("\"isError\":true"),
            "{}: {}",
            subject.name,
            answer.body
        );
        for _ in 0..WARM_UP {
            once(lambda, &event).await;
        }
    }
    let mut measured = Measured {
        name: subject.name,
        buffered: Samples::default(),
        streamed: Samples::default(),
    };
    for _ in 0..extent.rounds * extent.calls {
        measured.buffered.push(once(&buffered, &event).await);
        measured.streamed.push(once(&streamed, &event).await);
    }
    measured
}

impl Subject {
    async fn start(&self, mode: &str) -> Lambda {
        let mut command = self.home.command(&self.program.to_string_lossy());
        command
            .envs(self.settings.iter().cloned())
            .env("RESPONSE_MODE", mode)
            .stdout(std::process::Stdio::null());
        Lambda::spawn(command).await
    }
}
