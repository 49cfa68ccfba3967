//! The local HTTP door: hyper on one address, stopped gently.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::terminal::say;
use crate::app::{App, House};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::health::Status;
use crate::http::Router;

/// How long calls in flight may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long a request's headers may be on their way.
const HEADERS: Duration = Duration::from_secs(30);

/// Serves until told to stop (SIGTERM, ctrl-c).
pub(super) async fn serve(app: &App, mut settings: Settings, address: SocketAddr) -> Result<()> {
    app.check_openness(&settings, Some(address.ip()))?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Error::unavailable(format!("can't listen on {address}; choose another with `--host` and `--port`"))
            .with_source(error)
    })?;
    let address = listener.local_addr().unwrap_or(address);
    let url = settings.public_url.get_or_insert_with(|| format!("http://{address}")).clone();
    let house = app.house(&settings).await?;
    // Without such a folder users are not kept on this machine, and nobody here would read it.
    let _ = settings.url_file().map(|file| std::fs::write(file, &url));
    say(&welcome(app.name(), &url, &house));
    say(&if app.is_open() {
        "This app is open (`App::open`): whoever reaches it on this machine needs no token.".to_owned()
    } else {
        next_steps(app.name(), &settings.to_share())
    });
    if house.admin.health().await.is_ok_and(|health| health.status == Status::Unhealthy) {
        say(&format!("It can't do its work yet; `{}-admin health` tells why.", app.name()));
    }
    if address.ip().is_unspecified() {
        say("Clients of other machines need PUBLIC_URL, and https before it: tokens travel in the clear over http.");
    }
    accept(listener, Arc::new(house.router)).await;
    Ok(())
}

async fn accept(listener: TcpListener, router: Arc<Router>) {
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut stop = std::pin::pin!(told_to_stop());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, Arc::clone(&router), &graceful))),
                Err(error) => tracing::warn!(cause = %error, "a connection was not accepted"),
            },
            Some(_) = connections.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    say("stopping: calls in flight may end");
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

fn converse(
    stream: TcpStream,
    router: Arc<Router>,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| {
        let router = Arc::clone(&router);
        async move { Ok::<_, std::convert::Infallible>(router.handle(request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
    let watched = graceful.watch(connection);
    async move {
        if let Err(error) = watched.await {
            tracing::debug!(cause = %error, "a connection broke");
        }
    }
}

async fn told_to_stop() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    let terminated = async {
        match &mut terminate {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn welcome(app: &str, url: &str, house: &House) -> String {
    let (store, keys) = &house.whereabouts;
    format!(
        "{app} serves MCP at {url}/mcp\n  \
           users and data: {store}\n  \
           signing key:    {keys}\n"
    )
}

fn next_steps(app: &str, share: &[&str]) -> String {
    let share = if share.is_empty() { String::new() } else { format!(" with the same {}", share.join(", ")) };
    format!(
        "Next, in another terminal{share}, register yourself; the second command prints your token and the line that connects a client:\n  \
           {app}-admin connect local\n  \
           {app}-admin users add you@example.com\n\
         From the source tree, `{app}-admin` is `cargo run --release -p {app} --bin {app}-admin --`.\n"
    )
}
