//! The memory that all request bodies together may occupy.
//!
//! Each request has a [`BodyCharge`]. It grows with the bytes that the handler receives, and is given back
//! when the request ends. A body whose bytes do not fit waits until others have ended.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::Semaphore;

use crate::settings::ServerSettings;

/// The budget of one server.
#[derive(Clone)]
pub(super) struct BodyBudget {
    free: Arc<Semaphore>,
    /// The most that one body is charged. A handler never holds more of it in memory, since larger bodies
    /// can only be read as streams.
    max_each: usize,
}

impl BodyBudget {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        let all = settings.max_body_memory.min(u32::MAX as usize);
        let max_each = settings.data_upload_max_memory_size.unwrap_or(usize::MAX).min(all);
        Self { free: Arc::new(Semaphore::new(all)), max_each }
    }

    /// The charge of a request that has received nothing yet.
    pub(super) fn charge(&self) -> BodyCharge {
        BodyCharge { budget: self.clone(), taken: AtomicUsize::new(0) }
    }
}

/// The part of the budget that one request has taken.
pub(super) struct BodyCharge {
    budget: BodyBudget,
    taken: AtomicUsize,
}

impl BodyCharge {
    /// Charges for `bytes` more, if they fit now, and returns what it charged: less than `bytes` once the
    /// body has been charged for the most that one body may be.
    pub(super) fn try_add(&self, bytes: usize) -> Option<usize> {
        let bytes = self.chargeable(bytes);
        if bytes > 0 {
            self.budget.free.try_acquire_many(bytes).ok()?.forget();
            self.keep(bytes as usize);
        }
        Some(bytes as usize)
    }

    /// Waits until `bytes` more fit, and charges for them.
    pub(super) async fn add(&self, bytes: usize) {
        let bytes = self.chargeable(bytes);
        if let Ok(permit) = self.budget.free.acquire_many(bytes).await {
            permit.forget();
            self.keep(bytes as usize);
        }
    }

    /// Gives back what [`BodyCharge::try_add`] charged.
    pub(super) fn remove(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Relaxed);
        self.budget.free.add_permits(bytes);
    }

    /// Gives everything back.
    pub(super) fn clear(&self) {
        self.budget.free.add_permits(self.taken.swap(0, Relaxed));
    }

    fn chargeable(&self, bytes: usize) -> u32 {
        let left = self.budget.max_each.saturating_sub(self.taken.load(Relaxed));
        u32::try_from(bytes.min(left)).unwrap_or(u32::MAX)
    }

    fn keep(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Relaxed);
    }
}

impl Drop for BodyCharge {
    fn drop(&mut self) {
        self.clear();
    }
}
