//! Threads that answer connections: one for each core, each with a runtime of its own.
//!
//! A connection stays on the thread that it was given to, and so does all that its requests spawn:
//! nothing is woken on another core, and no memory is freed by another thread than the one that
//! allocated it, which would make both wait for the allocator's lock. It is also the kind of runtime
//! that a tool meets on Lambda.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::build_runtime;
use crate::error::{Error, Result};

/// The threads, which end when this is dropped.
pub(super) struct Workers {
    workers: Vec<Worker>,
    _stop: DropGuard,
}

/// A thread, and the number of tasks it was given that have not ended.
struct Worker {
    runtime: Handle,
    /// Each task holds a clone.
    tasks: Arc<()>,
}

impl Workers {
    /// Starts this many threads, and at least one.
    ///
    /// # Errors
    /// `Unavailable` if the system gives no thread, `Internal` if it gives a runtime no room.
    pub(super) fn start(count: usize) -> Result<Self> {
        let stop = CancellationToken::new();
        let workers = (0..count.max(1)).map(|index| Worker::start(index, stop.clone()));
        Ok(Self {
            workers: workers.collect::<Result<_>>()?,
            _stop: stop.drop_guard(),
        })
    }

    /// Runs a task on the thread that has the fewest, as one of this set.
    pub(super) fn spawn(
        &self,
        set: &mut JoinSet<()>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let fewest = self.workers.iter().min_by_key(|worker| worker.len());
        let Some(worker) = fewest else { return };
        let counted = Arc::clone(&worker.tasks);
        let task = async move {
            task.await;
            drop(counted);
        };
        set.spawn_on(task, &worker.runtime);
    }
}

impl Worker {
    fn start(index: usize, stop: CancellationToken) -> Result<Self> {
        let runtime = build_runtime()?;
        let handle = runtime.handle().clone();
        let thread = std::thread::Builder::new().name(format!("worker-{index}"));
        thread
            .spawn(move || runtime.block_on(stop.cancelled()))
            .map_err(|error| Error::unavailable("no thread can be started").with_source(error))?;
        Ok(Self {
            runtime: handle,
            tasks: Arc::default(),
        })
    }

    fn len(&self) -> usize {
        Arc::strong_count(&self.tasks) - 1
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    /// Spawns a task that sends its thread, and ends when the returned sender is used or dropped.
    fn spawn(
        workers: &Workers,
        set: &mut JoinSet<()>,
        threads: &mpsc::UnboundedSender<ThreadId>,
    ) -> oneshot::Sender<()> {
        let (end, ended) = oneshot::channel();
        let threads = threads.clone();
        workers.spawn(set, async move {
            threads.send(thread::current().id()).expect("is received");
            #[expect(clippy::disallowed_methods, reason = "rmcp spawns so")]
            let spawned = tokio::spawn(async { thread::current().id() });
            assert_eq!(spawned.await.expect("it ends"), thread::current().id());
            let _ = ended.await;
        });
        end
    }

    #[tokio::test]
    async fn tasks_are_spread_and_stay_on_their_thread() {
        let workers = Workers::start(2).expect("two threads");
        let (sender, mut threads) = mpsc::unbounded_channel();
        let mut set = JoinSet::new();
        let first = spawn(&workers, &mut set, &sender);
        let one = threads.recv().await.expect("the first");
        let _second = spawn(&workers, &mut set, &sender);
        let other = threads.recv().await.expect("the second");
        let own = thread::current().id();
        assert!(one != other && one != own && other != own);

        drop(first);
        set.join_next().await.expect("the first").expect("it ends");
        let _third = spawn(&workers, &mut set, &sender);
        assert_eq!(threads.recv().await, Some(one), "the thread that is free");
    }

    #[tokio::test]
    async fn a_task_that_blocks_its_thread_does_not_hold_up_the_next() {
        let workers = Workers::start(2).expect("two threads");
        let (unblock, blocked) = std::sync::mpsc::channel::<()>();
        let mut set = JoinSet::new();
        workers.spawn(&mut set, async move {
            let _ = blocked.recv();
        });
        let (sender, mut threads) = mpsc::unbounded_channel();
        drop(spawn(&workers, &mut set, &sender));
        assert!(threads.recv().await.is_some());
        drop(unblock);
        set.join_all().await;
    }

    #[tokio::test]
    async fn there_is_always_one() {
        let workers = Workers::start(0).expect("one thread");
        let (sender, mut threads) = mpsc::unbounded_channel();
        let mut set = JoinSet::new();
        drop(spawn(&workers, &mut set, &sender));
        assert!(threads.recv().await.is_some());
    }
}
