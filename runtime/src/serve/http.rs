//! The local HTTP server: one address, a bounded number of connections, stopped gently.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::banner::{next_steps, welcome};
use super::connection;
use super::places::{Place, Places};
use super::terminal::say;
use super::url_file::{self, Noted};
use crate::app::App;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::health::Status;
use crate::http::Router;

/// How long calls in flight may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The most connections at a time, however many descriptors there are.
const MAX_CONNECTIONS: usize = 1024;

/// How long nothing is accepted after the system had no room for another connection.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until told to stop (SIGTERM, ctrl-c).
pub(super) async fn serve(app: &App, mut settings: Settings, address: SocketAddr) -> Result<()> {
    app.check_openness(&settings, Some(address.ip()))?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Error::unavailable(format!(
            "can't listen on {address}; choose another with `--host` and `--port`"
        ))
        .with_source(error)
    })?;
    let address = listener.local_addr().unwrap_or(address);
    let url = settings
        .public_url
        .get_or_insert_with(|| format!("http://{address}"))
        .clone();
    let server = app.build(&settings).await?;
    let noted = url_file::note(&settings, &url).await;
    say(&welcome(app.name(), &url, &server));
    if matches!(noted, Noted::Another) {
        say(
            "Another server runs on the same folder: the admin CLI prints that one's URL, and not this one's.\n",
        );
    }
    say(&if app.is_open() {
        "This app is open (`App::open`): whoever reaches it on this machine needs no token."
            .to_owned()
    } else {
        next_steps(app.name(), &settings.to_share())
    });
    if server
        .admin
        .health()
        .await
        .is_ok_and(|health| health.status == Status::Unhealthy)
    {
        say(&format!(
            "It can't do its work yet; `{}-admin health` tells why.",
            app.name()
        ));
    }
    if address.ip().is_unspecified() {
        say(
            "Clients of other machines need PUBLIC_URL, and https before it: tokens travel in the clear over http.",
        );
    }
    accept(listener, Arc::new(server.router)).await;
    Ok(())
}

async fn accept(listener: TcpListener, router: Arc<Router>) {
    let (stop, mut connections) = (CancellationToken::new(), JoinSet::new());
    let mut acceptor = Acceptor::new(Places::new(most_connections()));
    let mut stopped = std::pin::pin!(told_to_stop());
    loop {
        tokio::select! {
            (accepted, place) = acceptor.next(|| listener.accept()) => {
                drop(connections.spawn(answer(accepted.0, Arc::clone(&router), stop.clone(), place)));
            }
            Some(_) = connections.join_next() => {}
            () = &mut stopped => break,
        }
    }
    drop(listener);
    say("stopping: calls in flight may end");
    stop.cancel();
    let _ = tokio::time::timeout(GRACE, connections.join_all()).await;
}

/// Answers the requests of one connection, which keeps its place until it ends.
async fn answer(stream: TcpStream, router: Arc<Router>, stop: CancellationToken, place: Place) {
    let _ = stream.set_nodelay(true);
    let routed = move |request| {
        let router = Arc::clone(&router);
        async move { router.handle(request).await }
    };
    connection::converse(stream, routed, place.crowded(), stop).await;
    drop(place);
}

/// Half of the descriptors that this process may have: the rest are for the store, and for what tools open.
fn most_connections() -> usize {
    let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    descriptors
        .and_then(|descriptors| usize::try_from(descriptors / 2).ok())
        .unwrap_or(usize::MAX)
        .min(MAX_CONNECTIONS)
}

/// Lets connections in: so many at a time, and after a pause where the system has no room for more.
struct Acceptor {
    places: Places,
    not_before: Instant,
    /// How often it has failed since a connection was last let in.
    failures: u64,
}

impl Acceptor {
    fn new(places: Places) -> Self {
        Self {
            places,
            not_before: Instant::now(),
            failures: 0,
        }
    }

    /// The next connection, with its place. Nothing is lost when this is given up.
    async fn next<T>(&mut self, accept: impl AsyncFn() -> io::Result<T>) -> (T, Place) {
        loop {
            tokio::time::sleep_until(self.not_before).await;
            let place = self.places.take().await;
            match accept().await {
                Ok(accepted) => {
                    self.recover();
                    return (accepted, place);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => self.pause(&error),
            }
        }
    }

    /// One line when it begins; connections that wait stay in the system's queue.
    fn pause(&mut self, error: &io::Error) {
        if self.failures == 0 {
            tracing::warn!(cause = %error, "no more connections can be accepted; trying again every second");
        }
        self.failures += 1;
        self.not_before = Instant::now() + PAUSE;
    }

    /// And one when it is over.
    fn recover(&mut self) {
        if self.failures > 0 {
            tracing::warn!(failures = self.failures, "connections are accepted again");
        }
        self.failures = 0;
    }
}

/// Its peer hung up before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

async fn told_to_stop() {
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> io::Error {
        rustix::io::Errno::MFILE.into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_system_without_room_is_asked_once_a_second() {
        let (mut acceptor, started, tries) = (
            Acceptor::new(Places::new(1)),
            Instant::now(),
            std::cell::Cell::new(0),
        );
        let accept = async || {
            tries.set(tries.get() + 1);
            if started.elapsed() < Duration::from_secs(60) {
                Err(full())
            } else {
                Ok(())
            }
        };
        let ((), _place) = acceptor.next(accept).await;
        assert!((60..=62).contains(&tries.get()), "{} tries", tries.get());
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_end_do_not_shorten_the_pause() {
        let (mut acceptor, tries) = (Acceptor::new(Places::new(1)), std::cell::Cell::new(0));
        for _ in 0..1_000 {
            let next = acceptor.next(async || {
                tries.set(tries.get() + 1);
                Err::<(), _>(full())
            });
            let _ = tokio::time::timeout(Duration::from_millis(10), next).await;
        }
        assert!(
            (10..=11).contains(&tries.get()),
            "{} tries in ten seconds",
            tries.get()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_when_all_places_are_taken_waits_for_one() {
        let mut acceptor = Acceptor::new(Places::new(2));
        let accept = async || Ok(());
        let (((), first), ((), _second)) =
            (acceptor.next(accept).await, acceptor.next(accept).await);
        assert!(
            tokio::time::timeout(Duration::from_secs(60), acceptor.next(accept))
                .await
                .is_err()
        );
        drop(first);
        let _ = acceptor.next(accept).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_hung_up_is_no_reason_to_pause() {
        let (mut acceptor, tries) = (Acceptor::new(Places::new(1)), std::cell::Cell::new(0));
        let started = Instant::now();
        let accept = async || {
            tries.set(tries.get() + 1);
            if tries.get() < 100 {
                Err(io::ErrorKind::ConnectionAborted.into())
            } else {
                Ok(())
            }
        };
        let _ = acceptor.next(accept).await;
        assert!(started.elapsed() < PAUSE);
    }
}
