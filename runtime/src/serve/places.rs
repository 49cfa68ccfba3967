//! The places for connections: a bounded number, and word of when they run out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// So many connections at a time.
pub(super) struct Places {
    free: Arc<Semaphore>,
    total: usize,
    /// Whether fewer than a quarter are free: idle connections then give up theirs.
    crowded: Arc<watch::Sender<bool>>,
}

/// The place of one connection, free again when this is dropped.
pub(super) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    free: Arc<Semaphore>,
    total: usize,
    crowded: Arc<watch::Sender<bool>>,
}

impl Places {
    pub(super) fn new(total: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(total)),
            total,
            crowded: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Waits for a free place. Nothing is lost when this is given up.
    pub(super) async fn take(&self) -> Place {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        let (free, crowded) = (Arc::clone(&self.free), Arc::clone(&self.crowded));
        let place = Place {
            permit,
            free,
            total: self.total,
            crowded,
        };
        place.tell();
        place
    }
}

impl Place {
    /// Whether places run out, now and from now on.
    pub(super) fn crowded(&self) -> watch::Receiver<bool> {
        self.crowded.subscribe()
    }

    fn tell(&self) {
        // Counted under the sender's lock, so that the last to tell has seen all.
        self.crowded.send_if_modified(|known| {
            let is_crowded = self.free.available_permits() < self.total.div_ceil(4);
            std::mem::replace(known, is_crowded) != is_crowded
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_quarter_is_a_crowd_until_one_goes() {
        let places = Places::new(8);
        let mut taken = Vec::new();
        for _ in 0..6 {
            taken.push(places.take().await);
        }
        let crowded = taken[0].crowded();
        assert!(!*crowded.borrow(), "a quarter is free");
        taken.push(places.take().await);
        assert!(*crowded.borrow());
        taken.pop();
        assert!(!*crowded.borrow());
    }
}
