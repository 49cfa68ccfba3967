//! A GitHub on loopback: it answers as a test says, refuses what GitHub would refuse, and remembers what it was asked.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) type Answer = Response<Full<Bytes>>;

/// A request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// What GitHub itself asks of every request.
    fn is_lawful(&self) -> bool {
        self.header("authorization").starts_with("Bearer ") && !self.header("user-agent").is_empty()
    }
}

/// A server that lives as long as this does.
pub(crate) struct Upstream {
    /// Where it listens.
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _server: JoinSet<()>,
}

impl Upstream {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (seen, mut server) = (Arc::<Mutex<Vec<Seen>>>::default(), JoinSet::new());
        server.spawn(serve(listener, Arc::new(answer), Arc::clone(&seen)));
        Self {
            url,
            seen,
            _server: server,
        }
    }

    /// What it was asked since the last time.
    pub(crate) fn taken(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Paths and queries of the same.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.taken().into_iter().map(|seen| seen.target).collect()
    }
}

async fn serve<F>(listener: TcpListener, answer: Arc<F>, seen: Arc<Mutex<Vec<Seen>>>)
where
    F: Fn(&Seen) -> Answer + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
        let service = service_fn(move |request| {
            let answer = answered(&request, &*answer, &seen);
            async move { Ok::<_, Infallible>(answer) }
        });
        connections.spawn(async move {
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answered(
    request: &Request<Incoming>,
    answer: &impl Fn(&Seen) -> Answer,
    seen: &Mutex<Vec<Seen>>,
) -> Answer {
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |target| target.as_str())
        .to_owned();
    let request = Seen {
        target,
        headers: request.headers().clone(),
    };
    let given = if request.is_lawful() {
        answer(&request)
    } else {
        status(400, "not_found")
    };
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    given
}

/// An answer with these headers and this body.
pub(crate) fn plain(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let answer = headers.iter().fold(
        Response::builder().status(status),
        |answer, (name, value)| answer.header(*name, *value),
    );
    answer
        .body(Full::from(body.into()))
        .expect("a lawful answer")
}

/// An answer with the body of a file in `tests/recorded`.
pub(crate) fn recorded(status: u16, headers: &[(&str, &str)], name: &str) -> Answer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recorded")
        .join(name)
        .with_extension("json");
    let body = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut answer = plain(status, headers, body);
    answer.headers_mut().insert(
        "content-type",
        http::HeaderValue::from_static("application/json; charset=utf-8"),
    );
    answer
}

/// The same without headers of its own.
pub(crate) fn status(status: u16, name: &str) -> Answer {
    recorded(status, &[], name)
}
