//! The cores that are measured on.
//!
//! A function and the Runtime API that calls it wait for each other all the time. On two cores, where each of them happens to
//! run decides the figures; on one, two runs differ by less than a seventh.

use std::future::Future;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::runtime;

/// Runs this on one core, and all processes that it starts.
///
/// # Errors
/// In words, if the system does not allow it.
pub(crate) fn on_one_core<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let all =
        sched_getaffinity(None).map_err(|error| format!("the cores can't be told: {error}"))?;
    let first = (0..CpuSet::MAX_CPU).find(|core| all.is_set(*core));
    let mut one = CpuSet::new();
    one.set(first.unwrap_or_default());
    pin(&one)?;
    // Threads of the runtime and child processes are begun by this thread, and stay where it is.
    let done = on_all_cores(work);
    pin(&all)?;
    done
}

/// Runs this wherever the system likes.
///
/// # Errors
/// In words, if no thread can be started.
pub(crate) fn on_all_cores<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime can be started: {error}"))?;
    Ok(runtime.block_on(work))
}

fn pin(cores: &CpuSet) -> Result<(), String> {
    sched_setaffinity(None, cores).map_err(|error| format!("the core can't be chosen: {error}"))
}
