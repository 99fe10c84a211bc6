//! Limits how many requests run at once and how many wait for their turn.
//!
//! `exchange` enters the gate with each request. While a request waits for bytes of its client, `body`
//! gives its place back, so that slow clients cannot use up the places.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::body_budget::BodyCharge;
use crate::{http::ReleaseMemory, settings::ServerSettings};

/// Limits running and queued requests; the rest are rejected.
pub(super) struct Gate {
    running: Arc<Semaphore>,
    queued: AtomicUsize,
    max_queued: usize,
    queue_timeout: Duration,
}

impl Gate {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        let running = Semaphore::new(settings.max_requests.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            running: Arc::new(running),
            queued: AtomicUsize::new(0),
            max_queued: settings.max_queued_requests,
            queue_timeout: settings.queue_timeout,
        }
    }

    fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.running).try_acquire_owned().ok()
    }

    /// Waits in the queue for a place; `None` if the queue is full or the wait takes too long.
    async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Some(permit) = self.try_enter() {
            return Some(permit);
        }
        let _place = QueuePlace(&self.queued);
        if self.queued.fetch_add(1, Relaxed) >= self.max_queued {
            return None;
        }
        timeout(self.queue_timeout, Arc::clone(&self.running).acquire_owned()).await.ok()?.ok()
    }
}

/// A place in the queue. Dropping it frees the place, also when the client goes away while it waits.
struct QueuePlace<'a>(&'a AtomicUsize);

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// One request's place among the running ones, and the memory that its body occupies.
///
/// The request itself holds it, so that a handler that finishes after its client has gone keeps its
/// place until then.
pub(super) struct Turn {
    gate: Arc<Gate>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    finished: AtomicBool,
    charge: BodyCharge,
}

impl Turn {
    pub(super) fn new(gate: Arc<Gate>, charge: BodyCharge) -> Self {
        Self { gate, permit: Mutex::default(), finished: AtomicBool::new(false), charge }
    }

    /// Waits for a place; returns whether there is one.
    pub(super) async fn enter(&self) -> bool {
        let permit = self.gate.enter().await;
        let entered = permit.is_some();
        self.set(permit);
        entered
    }

    /// Gives the place back while the request waits for its client.
    pub(super) fn pause(&self) {
        self.set(None);
    }

    /// Takes a place again and charges for `bytes` of the body, if both are possible immediately.
    pub(super) fn try_resume(&self, bytes: usize) -> bool {
        let Some(charged) = self.charge.try_add(bytes) else { return false };
        if self.is_running() {
            return true;
        }
        let permit = self.gate.try_enter();
        let entered = permit.is_some();
        self.set(permit);
        if !entered {
            self.charge.remove(charged);
        }
        entered
    }

    /// Waits for memory for `bytes` of the body and for a place; returns whether both came in time.
    pub(super) async fn resume(&self, bytes: usize) -> bool {
        if timeout(self.gate.queue_timeout, self.charge.add(bytes)).await.is_err() {
            return false;
        }
        self.is_running() || self.enter().await
    }

    /// Ends the request: frees its place and its memory.
    pub(super) fn finish(&self) {
        self.finished.store(true, Relaxed);
        self.set(None);
        self.charge.clear();
    }

    /// Whether the request has a place, or needs none any more.
    fn is_running(&self) -> bool {
        self.finished.load(Relaxed) || self.permit.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn set(&self, permit: Option<OwnedSemaphorePermit>) {
        let before =
            std::mem::replace(&mut *self.permit.lock().unwrap_or_else(PoisonError::into_inner), permit);
        drop(before);
    }
}

impl ReleaseMemory for Turn {
    fn release(&self, bytes: usize) {
        self.charge.release(bytes);
    }
}
