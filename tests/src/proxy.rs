//! A service of AWS as it is on a bad day: is between a client and an engine, counts, and fails as it is told.
//!
//! It can also answer reads at once, from memory, so that what is measured is ours and not the engine's.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::loopback;

/// The way in which a service fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The role may not do this.
    Denied,
    /// Too many calls.
    Throttled,
    /// It never answers.
    Silent,
    /// It takes the call and hangs up.
    HangsUp,
    /// It does what it is asked, once, and hangs up before the answer.
    LosesOneAnswer,
}

/// A service that can be made to fail.
#[derive(Debug)]
pub struct Proxy {
    /// The URL that it listens at.
    pub url: String,
    state: Arc<Mutex<State>>,
    _server: JoinSet<()>,
}

/// The cost of calls, as DynamoDB bills it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read units.
    pub reads: f64,
    /// Write units of the table.
    pub writes: f64,
    /// Write units of its index.
    pub index: f64,
}

#[derive(Debug, Default)]
struct State {
    units: Option<Units>,
    trouble: Option<(&'static str, Trouble)>,
    calls: BTreeMap<String, usize>,
    remembered: Option<HashMap<Bytes, Bytes>>,
}

impl Proxy {
    /// Starts before the service at this URL.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn start(upstream: &str) -> Self {
        let (listener, address) = loopback::listener().await;
        let (url, mut server) = (format!("http://{address}"), JoinSet::new());
        let state = Arc::<Mutex<State>>::default();
        let (client, upstream, held) = (
            reqwest::Client::new(),
            upstream.to_owned(),
            Arc::clone(&state),
        );
        let answer =
            move |request| answer(request, client.clone(), upstream.clone(), Arc::clone(&held));
        server.spawn(loopback::serve(listener, answer));
        Self {
            url,
            state,
            _server: server,
        }
    }

    /// From now on calls of operations whose names begin so fail so; `None` ends it.
    pub fn trouble(&self, trouble: Option<(&'static str, Trouble)>) {
        lock(&self.state).trouble = trouble;
    }

    /// From now on a read that was answered once is answered from memory, until something is written.
    pub fn remember(&self) {
        lock(&self.state).remembered = Some(HashMap::new());
    }

    /// From now on the engine says what each call costs, and it is summed up.
    pub fn meter(&self) {
        lock(&self.state).units = Some(Units::default());
    }

    /// Returns what was used since it was last called.
    #[must_use]
    pub fn units(&self) -> Units {
        lock(&self.state)
            .units
            .replace(Units::default())
            .unwrap_or_default()
    }

    /// Returns the number of calls of each operation.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, usize> {
        lock(&self.state).calls.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error hangs up.
async fn answer(
    request: Request<Incoming>,
    client: reqwest::Client,
    upstream: String,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, String> {
    let operation = operation(&request);
    let mut headers = request.headers().clone();
    headers.remove(http::header::HOST);
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes();
    let trouble = noted(&mut lock(&state), &operation);
    match trouble {
        Some(Trouble::Denied) => return Ok(refusal("AccessDeniedException")),
        Some(Trouble::Throttled) => return Ok(refusal("ThrottlingException")),
        Some(Trouble::Silent) => return std::future::pending().await,
        Some(Trouble::HangsUp) => return Err("hung up".to_owned()),
        Some(Trouble::LosesOneAnswer) | None => {}
    }
    if let Some(answer) = lock(&state)
        .remembered
        .as_ref()
        .and_then(|known| known.get(&body).cloned())
    {
        return Ok(answered(200, answer));
    }
    let is_metered = lock(&state).units.is_some();
    headers.remove(http::header::CONTENT_LENGTH);
    let request = client.post(upstream).headers(headers).body(if is_metered {
        metered(&body)
    } else {
        body.clone()
    });
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let bytes = response.bytes().await.map_err(|error| error.to_string())?;
    if let Some(units) = lock(&state).units.as_mut() {
        units.add(&operation, &bytes);
    }
    if trouble.is_some() {
        return Err("the answer is lost".to_owned());
    }
    if let Some(known) = lock(&state).remembered.as_mut().filter(|_| status == 200) {
        learn(known, &operation, body, &bytes);
    }
    Ok(answered(status, bytes))
}

/// The same request, to be answered with what it costs.
fn metered(body: &Bytes) -> Bytes {
    let mut request: Value = serde_json::from_slice(body).unwrap_or_default();
    request["ReturnConsumedCapacity"] = "INDEXES".into();
    request.to_string().into()
}

impl Units {
    fn add(&mut self, operation: &str, answer: &Bytes) {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let used = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables.clone(),
            table => vec![table.clone()],
        };
        for table in used {
            let all = table["CapacityUnits"].as_f64().unwrap_or_default();
            let indexes = table["GlobalSecondaryIndexes"]
                .as_object()
                .into_iter()
                .flatten();
            let index: f64 = indexes
                .filter_map(|(_, index)| index["CapacityUnits"].as_f64())
                .sum();
            if matches!(operation, "GetItem" | "Query") {
                self.reads += all;
            } else {
                self.writes += all - index;
                self.index += index;
            }
        }
    }
}

fn operation(request: &Request<Incoming>) -> String {
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

fn noted(state: &mut State, operation: &str) -> Option<Trouble> {
    *state.calls.entry(operation.to_owned()).or_default() += 1;
    let (_, trouble) = state
        .trouble
        .filter(|(prefix, _)| operation.starts_with(prefix))?;
    if trouble == Trouble::LosesOneAnswer {
        state.trouble = None;
    }
    Some(trouble)
}

fn learn(known: &mut HashMap<Bytes, Bytes>, operation: &str, body: Bytes, answer: &Bytes) {
    if matches!(operation, "GetItem" | "Query") {
        known.insert(body, answer.clone());
    } else {
        known.clear();
    }
}

fn refusal(kind: &str) -> Response<Full<Bytes>> {
    let body = json!({ "__type": format!("com.amazon.coral.service#{kind}"), "message": "no" });
    answered(400, body.to_string().into())
}

fn answered(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0");
    response.body(Full::new(body)).expect("valid")
}
