//! The local HTTP server: one address, a bounded number of connections, a graceful stop.

use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::banner::{describe_next_steps, describe_server};
use super::connection;
use super::connection_slots::{ConnectionSlots, Slot};
use super::terminal::say;
use super::url_file::{self, Noted};
use super::workers::Workers;
use crate::app::{App, Server};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::health::Status;
use crate::http::Router;

/// The time that calls in progress have to end after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The most connections at a time, however many file descriptors there are.
const MAX_CONNECTIONS: usize = 1024;

/// The pause after the system had no room for another connection.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves an [`App`] on this address until it is told to stop (SIGTERM, ctrl-c).
pub(super) async fn serve(app: &App, mut settings: Settings, address: SocketAddr) -> Result<()> {
    app.check_openness(&settings, Some(address.ip()))?;
    let listener = bind(address).await?;
    // With port 0 the system has chosen one.
    let address = listener.local_addr().unwrap_or(address);
    let url = settings
        .public_url
        .get_or_insert_with(|| format!("http://{address}"))
        .clone();
    let server = app.build(&settings).await?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let workers = Workers::start(cores)?;
    // The note holds a lock for as long as it is in scope, which is until the server stops.
    let note = url_file::note(&settings, &url).await;
    say(&describe_server(app.name(), &url, &server));
    if matches!(note, Noted::Another) {
        say(
            "Another server runs on the same folder: the admin CLI prints that one's URL, and not this one's.\n",
        );
    }
    say_next_steps(app, &settings);
    warn_of_problems(app, &server, address).await;
    accept(listener, Arc::new(server.router), &workers).await;
    Ok(())
}

/// Binds the address.
async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Error::unavailable(format!(
            "can't listen on {address}; choose another with `--host` and `--port`"
        ))
        .with_source(error)
    })
}

/// Prints the commands that give a first user access, or that an open app needs none.
fn say_next_steps(app: &App, settings: &Settings) {
    say(&if app.allows_anonymous() {
        "This app is open (`App::allow_anonymous`): whoever reaches it on this machine needs no token."
            .to_owned()
    } else {
        describe_next_steps(app.name(), &settings.names_to_share())
    });
}

/// Prints what keeps a [`Server`] from its work, and from clients of other machines.
async fn warn_of_problems(app: &App, server: &Server, address: SocketAddr) {
    let health = server.admin().health().await;
    if health.is_ok_and(|health| health.status == Status::Unhealthy) {
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
}

/// Accepts connections for the [`Workers`] until the process is told to stop, and then waits
/// [`GRACE`] for calls in progress.
async fn accept(listener: TcpListener, router: Arc<Router>, workers: &Workers) {
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut acceptor = Acceptor::new(ConnectionSlots::new(max_connections()));
    let mut stop_signal = std::pin::pin!(wait_for_stop());
    loop {
        tokio::select! {
            (stream, slot) = acceptor.next(|| accept_one(&listener)) => {
                let answer = answer(stream, Arc::clone(&router), stop.clone(), slot);
                workers.spawn(&mut connections, answer);
            }
            // Ended connections are taken out of the set, which would grow with each of them.
            Some(_) = connections.join_next() => {}
            () = &mut stop_signal => break,
        }
    }
    // Clients that come from now on are refused at once, and do not wait for the grace to end.
    drop(listener);
    say("stopping: calls in flight may end");
    stop.cancel();
    let _ = tokio::time::timeout(GRACE, connections.join_all()).await;
}

/// Accepts a connection, without the runtime that accepted it: another one answers it.
async fn accept_one(listener: &TcpListener) -> io::Result<std::net::TcpStream> {
    let (stream, _) = listener.accept().await?;
    // Without it, each event of a stream waits for the acknowledgement of the one before (Nagle's
    // algorithm, RFC 9293 §3.7.4).
    let _ = stream.set_nodelay(true);
    stream.into_std()
}

/// Answers the requests of one connection, which keeps its [`Slot`] until it ends.
async fn answer(
    stream: std::net::TcpStream,
    router: Arc<Router>,
    stop: CancellationToken,
    slot: Slot,
) {
    let Ok(stream) = TcpStream::from_std(stream) else {
        return;
    };
    let routed = move |request| {
        let router = Arc::clone(&router);
        async move { router.handle(request).await }
    };
    connection::converse(stream, routed, slot.watch_crowding(), stop).await;
    drop(slot);
}

/// Returns the most connections at a time: half of the file descriptors that this process may still
/// open (getrlimit(2)). The rest are for the store and for tools.
fn max_connections() -> usize {
    let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let descriptors = descriptors.and_then(|descriptors| usize::try_from(descriptors).ok());
    let open = std::fs::read_dir("/dev/fd").map_or(0, Iterator::count);
    let free = descriptors.unwrap_or(usize::MAX).saturating_sub(open);
    (free / 2).min(MAX_CONNECTIONS)
}

/// An acceptor of connections: as many as there are [`ConnectionSlots`], and after a pause where the system
/// has no room for more.
struct Acceptor {
    slots: ConnectionSlots,
    not_before: Instant,
    /// The number of failures since a connection was last accepted.
    failures: u64,
}

impl Acceptor {
    /// Creates an acceptor that begins at once.
    fn new(slots: ConnectionSlots) -> Self {
        Self {
            slots,
            not_before: Instant::now(),
            failures: 0,
        }
    }

    /// Accepts the next connection, and takes a slot for it. It is cancel-safe: a dropped future
    /// loses no connection, and no pause is cut short by it.
    async fn next<T>(&mut self, accept: impl AsyncFn() -> io::Result<T>) -> (T, Slot) {
        loop {
            tokio::time::sleep_until(self.not_before).await;
            // The slot comes first: without one, connections wait in the system's queue, and cost
            // no descriptor of this process.
            let slot = self.slots.take().await;
            match accept().await {
                Ok(accepted) => {
                    self.recover();
                    return (accepted, slot);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => self.pause(&error),
            }
        }
    }

    /// Begins a [`PAUSE`] after a failure. Only the first of several failures is logged.
    fn pause(&mut self, error: &io::Error) {
        if self.failures == 0 {
            tracing::warn!(cause = %error, "no more connections can be accepted; trying again every second");
        }
        self.failures += 1;
        self.not_before = Instant::now() + PAUSE;
    }

    /// Notes that a connection was accepted, and logs it after failures.
    fn recover(&mut self) {
        if self.failures > 0 {
            tracing::warn!(failures = self.failures, "connections are accepted again");
        }
        self.failures = 0;
    }
}

/// Returns true for the error of one connection, such as a peer that hung up before it was accepted
/// (accept(2), `ECONNABORTED`).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// Waits for SIGTERM or ctrl-c (signal(7)).
async fn wait_for_stop() {
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
        let mut acceptor = Acceptor::new(ConnectionSlots::new(1));
        let started = Instant::now();
        let tries = std::cell::Cell::new(0);
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
        let mut acceptor = Acceptor::new(ConnectionSlots::new(1));
        let tries = std::cell::Cell::new(0);
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
        let mut acceptor = Acceptor::new(ConnectionSlots::new(2));
        let accept = async || Ok(());
        let ((), first) = acceptor.next(accept).await;
        let ((), _second) = acceptor.next(accept).await;
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
        let mut acceptor = Acceptor::new(ConnectionSlots::new(1));
        let tries = std::cell::Cell::new(0);
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
