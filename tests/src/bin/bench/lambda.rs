//! Through the Runtime API: from start to first poll, the first call, and calls after many.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mcp_lambda_tests::aws::SecretsManager;
use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::proxy::Proxy;
use mcp_lambda_tests::runtime_api::{Lambda, admin_event, function_url_event, tool_event};
use serde_json::{Value, json};

use crate::Extent;
use crate::programs::{Programs, zipped};
use crate::samples::{Samples, middle, resident_bytes};
use crate::world::{KEY, World, embedded, on_aws};

/// How many calls come before those that are measured.
pub(crate) const WARM_UP: usize = 200;

/// How long a call may take.
const TIME: Duration = Duration::from_secs(30);

/// What a program is asked.
#[derive(Clone, Debug)]
enum InputRequest {
    Hello,
    Tool {
        name: &'static str,
        arguments: Value,
        has_users: bool,
    },
}

/// A program with its settings.
struct Subject<'w> {
    program: PathBuf,
    question: InputRequest,
    home: Home,
    settings: Vec<(String, String)>,
    /// What counts its reads, if something does.
    counted: Option<(&'w Proxy, &'w SecretsManager)>,
    measured: Measured,
}

/// What was measured of a program.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) init: Samples,
    pub(crate) first: Samples,
    pub(crate) warm: Samples,
    /// Bytes, at the end of each turn.
    pub(crate) resident: Vec<f64>,
    pub(crate) zipped: usize,
    /// Log bytes for each call.
    pub(crate) logged: Vec<f64>,
    /// Reads of the store for each call, where they can be counted.
    pub(crate) store_reads: Option<f64>,
    /// Reads of the secret for each call, where they can be counted.
    pub(crate) secret_reads: Option<f64>,
}

impl Measured {
    pub(crate) fn resident(&self) -> f64 {
        middle(self.resident.clone())
    }

    pub(crate) fn logged(&self) -> f64 {
        middle(self.logged.clone())
    }
}

/// Measures all programs, each in its turn, several times.
pub(crate) async fn measure(programs: &Programs, world: &World, extent: Extent) -> Vec<Measured> {
    let mut subjects = subjects(programs, world);
    for _ in 0..extent.rounds {
        for subject in &mut subjects {
            subject.take_turn(extent).await;
        }
    }
    subjects
        .into_iter()
        .map(|subject| subject.measured)
        .collect()
}

fn subjects<'w>(programs: &Programs, world: &'w World) -> Vec<Subject<'w>> {
    let echo = |has_users| InputRequest::Tool {
        name: "echo",
        arguments: json!({"text": "milk"}),
        has_users,
    };
    let count = || InputRequest::Tool {
        name: "count_notes",
        arguments: json!({}),
        has_users: true,
    };
    let secrets = &world.secrets;
    let (echo_proxy, notes_proxy) = (&world.echo_at_once.proxy, &world.notes_at_once.proxy);
    let on_dynamo = |url: &str| Some(on_aws(url, &secrets.url));
    vec![
        Subject::new(
            "hello: lambda_http alone",
            &programs.hello,
            InputRequest::Hello,
            None,
        ),
        Subject::new(
            "echo: rmcp on lambda_http",
            &programs.bare_echo,
            echo(false),
            None,
        ),
        Subject::new(
            "echo: rmcp on lambda_http, one GetItem by the SDK",
            &programs.bare_echo_dynamo,
            echo(false),
            on_dynamo(&echo_proxy.url),
        ),
        Subject::new(
            "echo: the house, SQLite",
            &programs.app_echo,
            echo(true),
            None,
        ),
        Subject::new(
            "echo: the house, DynamoDB answering at once",
            &programs.app_echo,
            echo(true),
            on_dynamo(&echo_proxy.url),
        )
        .counting(echo_proxy, secrets),
        Subject::new("notes: SQLite", &programs.notes, count(), None),
        Subject::new(
            "notes: DynamoDB, embedded engine",
            &programs.notes_lambda,
            count(),
            on_dynamo(&world.engine.url),
        ),
        Subject::new(
            "notes: DynamoDB answering at once",
            &programs.notes_lambda,
            count(),
            on_dynamo(&notes_proxy.url),
        )
        .counting(notes_proxy, secrets),
    ]
}

impl<'w> Subject<'w> {
    /// A program on these settings, or on the embedded store.
    fn new(
        name: &'static str,
        program: &std::path::Path,
        question: InputRequest,
        settings: Option<Vec<(String, String)>>,
    ) -> Self {
        let home = Home::default();
        let settings = settings.unwrap_or_else(|| embedded(&home));
        let measured = Measured {
            name,
            zipped: zipped(program),
            ..Measured::default()
        };
        Self {
            program: program.to_owned(),
            question,
            home,
            settings,
            counted: None,
            measured,
        }
    }

    fn counting(mut self, store: &'w Proxy, secrets: &'w SecretsManager) -> Self {
        self.counted = Some((store, secrets));
        self
    }

    /// How often the store and the secret were asked until now.
    fn reads(&self) -> Option<(usize, usize)> {
        let (store, secrets) = self.counted?;
        Some((
            store.calls().values().sum(),
            secrets.with(|vault| vault.asked),
        ))
    }

    async fn start(&self) -> (Lambda, Duration) {
        let log = std::fs::File::create(self.log()).expect("a log");
        let mut command = self.home.command(&self.program.to_string_lossy());
        command.envs(self.settings.iter().cloned()).stdout(log);
        let started = Instant::now();
        let lambda = Lambda::spawn(command).await;
        let init = lambda.polled().await - started;
        (lambda, init)
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }

    fn logged(&self) -> u64 {
        std::fs::metadata(self.log())
            .map(|log| log.len())
            .unwrap_or_default()
    }

    async fn event(&self, lambda: &Lambda) -> Value {
        match &self.question {
            InputRequest::Hello => function_url_event("GET", "/", &[], None),
            InputRequest::Tool {
                name,
                arguments,
                has_users,
            } => {
                let token = if *has_users {
                    token(lambda).await
                } else {
                    String::new()
                };
                tool_event(&token, name, arguments)
            }
        }
    }

    async fn take_turn(&mut self, extent: Extent) {
        let (lambda, _) = self.start().await;
        let event = self.event(&lambda).await;
        self.check(&lambda, &event).await;
        drop(lambda);
        for _ in 0..extent.starts {
            let (lambda, init) = self.start().await;
            self.measured.init.push(init);
            self.measured.first.push(once(&lambda, &event).await);
        }
        self.call_often(&event, extent.calls).await;
    }

    async fn call_often(&mut self, event: &Value, calls: usize) {
        let (lambda, _) = self.start().await;
        for _ in 0..WARM_UP {
            once(&lambda, event).await;
        }
        let (logged, reads) = (self.logged(), self.reads());
        for _ in 0..calls {
            self.measured.warm.push(once(&lambda, event).await);
        }
        self.measured.resident.push(resident_bytes(lambda.id()));
        self.measured
            .logged
            .push(each(self.logged() - logged, calls));
        if let (Some(before), Some(after)) = (reads, self.reads()) {
            self.measured.store_reads = Some(each((after.0 - before.0) as u64, calls));
            self.measured.secret_reads = Some(each((after.1 - before.1) as u64, calls));
        }
    }

    /// A program that answers with an error would be fast for nothing.
    async fn check(&self, lambda: &Lambda, event: &Value) {
        let answer = lambda.request(event).await;
        let is_good = answer.status == 200
            && !answer.body.contains("\"error\"")
            && !answer.body.contains("\"isError\":true");
        assert!(
            is_good,
            "{}: {} {}",
            self.measured.name, answer.status, answer.body
        );
    }
}

/// Registers alice, or makes her another token.
pub(crate) async fn token(lambda: &Lambda) -> String {
    let user = json!({"email": "alice@example.com"});
    let mut answer = lambda
        .request(&admin_event(KEY, "POST", "/admin/users", Some(&user)))
        .await;
    if answer.status == 409 {
        answer = lambda
            .request(&admin_event(KEY, "POST", "/admin/tokens", Some(&user)))
            .await;
    }
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["token"]
        .as_str()
        .unwrap_or_else(|| panic!("no token: {}", answer.body))
        .to_owned()
}

pub(crate) async fn once(lambda: &Lambda, event: &Value) -> Duration {
    let started = Instant::now();
    lambda.invoke(event, TIME).await;
    started.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn each(sum: u64, calls: usize) -> f64 {
    sum as f64 / calls as f64
}
