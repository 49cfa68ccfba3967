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

/// The number of calls before those that are measured.
pub(crate) const WARM_UP: usize = 200;

/// The longest time of a call.
const TIME: Duration = Duration::from_secs(30);

/// The call that a program answers.
#[derive(Clone, Debug)]
enum Request {
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
    request: Request,
    home: Home,
    settings: Vec<(String, String)>,
    /// The counter of its reads, if it has one.
    counted: Option<(&'w Proxy, &'w SecretsManager)>,
    measured: Measured,
}

/// The measures of a program.
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

/// Measures all programs, several times: starts in turns, and calls one by one, a call of each program after a call of the
/// one before, so that what slows one call slows the next program's as well.
pub(crate) async fn measure(programs: &Programs, world: &World, extent: Extent) -> Vec<Measured> {
    let mut subjects = subjects(programs, world);
    for _ in 0..extent.rounds {
        for subject in &mut subjects {
            subject.start_often(extent).await;
        }
        call_in_turns(&mut subjects, extent.calls).await;
    }
    subjects
        .into_iter()
        .map(|subject| subject.measured)
        .collect()
}

fn subjects<'w>(programs: &Programs, world: &'w World) -> Vec<Subject<'w>> {
    let echo = |has_users| Request::Tool {
        name: "echo",
        arguments: json!({"text": "milk"}),
        has_users,
    };
    let count = || Request::Tool {
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
            Request::Hello,
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
            "echo: mcp-lambda, SQLite",
            &programs.app_echo,
            echo(true),
            None,
        ),
        Subject::new(
            "echo: mcp-lambda, DynamoDB answering at once",
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
        request: Request,
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
            request,
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

    /// Returns the numbers of requests to the store and for the secret until now.
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
        match &self.request {
            Request::Hello => function_url_event("GET", "/", &[], None),
            Request::Tool {
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

    async fn start_often(&mut self, extent: Extent) {
        let (lambda, _) = self.start().await;
        let event = self.event(&lambda).await;
        self.check(&lambda, &event).await;
        drop(lambda);
        for _ in 0..extent.starts {
            let (lambda, init) = self.start().await;
            self.measured.init.push(init);
            self.measured.first.push(once(&lambda, &event).await);
        }
    }

    /// Starts the program and warms it up; counts what it reads meanwhile, since nothing else does.
    async fn warm_up(&mut self) -> Running {
        let (lambda, _) = self.start().await;
        let event = self.event(&lambda).await;
        once(&lambda, &event).await;
        let before = self.reads();
        for _ in 0..WARM_UP {
            once(&lambda, &event).await;
        }
        if let (Some(before), Some(after)) = (before, self.reads()) {
            self.measured.store_reads = Some(each((after.0 - before.0) as u64, WARM_UP));
            self.measured.secret_reads = Some(each((after.1 - before.1) as u64, WARM_UP));
        }
        Running {
            lambda,
            event,
            logged: self.logged(),
        }
    }

    /// Takes down what is known when all calls are over.
    fn finish(&mut self, running: &Running, calls: usize) {
        self.measured
            .resident
            .push(resident_bytes(running.lambda.id()));
        self.measured
            .logged
            .push(each(self.logged() - running.logged, calls));
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

/// A program that is warm.
struct Running {
    lambda: Lambda,
    event: Value,
    /// The bytes of its log until now.
    logged: u64,
}

async fn call_in_turns(subjects: &mut [Subject<'_>], calls: usize) {
    let mut running = Vec::new();
    for subject in subjects.iter_mut() {
        running.push(subject.warm_up().await);
    }
    for _ in 0..calls {
        for (subject, running) in subjects.iter_mut().zip(&running) {
            let took = once(&running.lambda, &running.event).await;
            subject.measured.warm.push(took);
        }
    }
    for (subject, running) in subjects.iter_mut().zip(&running) {
        subject.finish(running, calls);
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
