//! Limits how many requests run at once and how many wait for their turn.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Limits running and queued requests; the rest are rejected.
pub(super) struct Gate {
    running: Semaphore,
    queued: AtomicUsize,
    max_queued: usize,
}

impl Gate {
    pub(super) fn new(max_running: usize, max_queued: usize) -> Self {
        let running = Semaphore::new(max_running.clamp(1, Semaphore::MAX_PERMITS));
        Self { running, queued: AtomicUsize::new(0), max_queued }
    }

    /// Waits for a permit to run a request; `None` if the queue is full.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(permit) = self.running.try_acquire() {
            return Some(permit);
        }
        let place = QueuePlace(&self.queued);
        if self.queued.fetch_add(1, Relaxed) >= self.max_queued {
            return None;
        }
        let permit = self.running.acquire().await.ok();
        drop(place);
        permit
    }
}

/// A place in the queue. Dropping it frees the place, also when the client goes away while it waits.
struct QueuePlace<'a>(&'a AtomicUsize);

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
