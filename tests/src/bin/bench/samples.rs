//! Samples, and what is read off them.

use std::time::Duration;

/// Durations, in the order they were taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The sample below which this share of all samples lies.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let place = ((sorted.len() - 1) as f64 * share).round() as usize;
        sorted[place]
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }
}

/// The one in the middle.
///
/// # Panics
/// If there is none.
pub(crate) fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Returns the bytes of a process that are in memory (`VmRSS`).
///
/// # Panics
/// If the process is gone, or this is not Linux.
pub(crate) fn resident_bytes(process: u32) -> f64 {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("VmRSS");
    let kilobytes: f64 = line
        .trim()
        .trim_end_matches(" kB")
        .trim()
        .parse()
        .expect("a number");
    kilobytes * 1_024.0
}
