//! The memory that all request bodies together may occupy.
//!
//! Each request has a [`BodyCharge`]. It grows with the bytes that the handler receives, and is given back
//! when the request ends. A body whose bytes do not fit waits until others have ended. Waiting bodies take
//! nothing in advance: a body that has almost arrived would otherwise wait behind them, and they for it.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{
            AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed},
        },
    },
};

use tokio::sync::Notify;

use crate::settings::ServerSettings;

/// The budget of one server.
#[derive(Clone)]
pub(super) struct BodyBudget {
    pool: Arc<Pool>,
    /// The most that one body is charged. A handler never holds more of it in memory, since larger bodies
    /// can only be read as streams.
    max_each: usize,
}

/// The bytes that are free, and the news of more.
struct Pool {
    free: AtomicUsize,
    released: Notify,
}

impl Pool {
    fn try_take(&self, bytes: usize) -> bool {
        self.free.fetch_update(AcqRel, Acquire, |free| free.checked_sub(bytes)).is_ok()
    }

    async fn take(&self, bytes: usize) {
        loop {
            let mut released = pin!(self.released.notified());
            released.as_mut().enable();
            if self.try_take(bytes) {
                return;
            }
            released.await;
        }
    }

    fn release(&self, bytes: usize) {
        if bytes > 0 {
            self.free.fetch_add(bytes, AcqRel);
            self.released.notify_waiters();
        }
    }
}

impl BodyBudget {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        let all = settings.max_body_memory;
        let fields = settings.data_upload_max_memory_size.unwrap_or(usize::MAX);
        let max_each = fields.saturating_add(settings.file_upload_max_memory_size).min(all);
        Self { pool: Arc::new(Pool { free: AtomicUsize::new(all), released: Notify::new() }), max_each }
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
        let taken = bytes == 0 || self.budget.pool.try_take(bytes);
        taken.then(|| self.keep(bytes))
    }

    /// Waits until `bytes` more fit, and charges for them.
    pub(super) async fn add(&self, bytes: usize) {
        let bytes = self.chargeable(bytes);
        self.budget.pool.take(bytes).await;
        self.keep(bytes);
    }

    /// Gives back what [`BodyCharge::try_add`] charged.
    pub(super) fn remove(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Relaxed);
        self.budget.pool.release(bytes);
    }

    /// Gives back the memory of `bytes` that the handler no longer holds.
    pub(super) fn release(&self, bytes: usize) {
        let taken = self.taken.fetch_update(Relaxed, Relaxed, |taken| Some(taken.saturating_sub(bytes)));
        let taken = taken.unwrap_or_else(|taken| taken);
        self.budget.pool.release(taken.min(bytes));
    }

    /// Gives everything back.
    pub(super) fn clear(&self) {
        self.budget.pool.release(self.taken.swap(0, Relaxed));
    }

    fn chargeable(&self, bytes: usize) -> usize {
        bytes.min(self.budget.max_each.saturating_sub(self.taken.load(Relaxed)))
    }

    fn keep(&self, bytes: usize) -> usize {
        self.taken.fetch_add(bytes, Relaxed);
        bytes
    }
}

impl Drop for BodyCharge {
    fn drop(&mut self) {
        self.clear();
    }
}
