//! A bounded number of slots for connections, with a signal that they run out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The slots for connections, of which each connection takes one ([`Slot`]).
#[derive(Clone)]
pub(super) struct ConnectionSlots {
    free: Arc<Semaphore>,
    total: usize,
    /// True while fewer than a quarter are free: idle connections then give up theirs.
    crowded: Arc<watch::Sender<bool>>,
}

/// The slot of one connection among the [`ConnectionSlots`], free again when this is dropped.
pub(super) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    slots: ConnectionSlots,
}

impl ConnectionSlots {
    /// Creates this many free slots.
    pub(super) fn new(total: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(total)),
            total,
            crowded: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Waits for a free slot. It is cancel-safe: a dropped future takes no slot.
    pub(super) async fn take(&self) -> Slot {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        self.update_crowding();
        Slot {
            permit,
            slots: self.clone(),
        }
    }

    /// Sends the signal of [`Slot::watch_crowding`] if it has changed.
    fn update_crowding(&self) {
        // The permits are counted under the sender's lock: of two slots that change at the same
        // time, the later one to send has seen both, and no stale value stays.
        self.crowded.send_if_modified(|known| {
            let is_crowded = self.free.available_permits() < self.total.div_ceil(4);
            std::mem::replace(known, is_crowded) != is_crowded
        });
    }
}

impl Slot {
    /// Returns a receiver of the signal that slots run out.
    pub(super) fn watch_crowding(&self) -> watch::Receiver<bool> {
        self.slots.crowded.subscribe()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.slots.update_crowding();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_quarter_is_a_crowd_until_one_goes() {
        let slots = ConnectionSlots::new(8);
        let mut taken = Vec::new();
        for _ in 0..6 {
            taken.push(slots.take().await);
        }
        let crowded = taken[0].watch_crowding();
        assert!(!*crowded.borrow(), "a quarter is free");
        taken.push(slots.take().await);
        assert!(*crowded.borrow());
        taken.pop();
        assert!(!*crowded.borrow());
    }
}
