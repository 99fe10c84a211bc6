//! The stages of a server's life, and how its connections learn of a change.
//!
//! `accept` enters a stage; each connection watches for it. A stage is never left for an earlier one. In the
//! same way `accept` asks idle connections to close if new ones need their places.

use std::{
    pin::pin,
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

/// What the server does with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Serves them.
    Serving,
    /// Lets running requests finish and closes idle connections.
    Draining,
    /// Closes all of them immediately.
    Cutting,
}

/// The server's current stage, shared with all its connections.
#[derive(Default)]
pub(super) struct Stages {
    stage: AtomicU8,
    draining: Notify,
    cutting: Notify,
    shedding: Notify,
    /// How often idle connections were asked to close, and the idle time from which they must.
    sheds: AtomicU64,
    shed_idle_ms: AtomicU64,
}

impl Stages {
    pub(super) fn now(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Serving,
            1 => Stage::Draining,
            _ => Stage::Cutting,
        }
    }

    /// Resolves when the server begins to drain, unless it began before this call.
    pub(super) fn draining(&self) -> impl Future<Output = ()> {
        self.draining.notified()
    }

    /// Resolves when the server begins to drain, and immediately if it has begun.
    pub(super) async fn drained(&self) {
        let mut draining = pin!(self.draining.notified());
        draining.as_mut().enable();
        if self.now() == Stage::Serving {
            draining.await;
        }
    }

    /// Resolves when the server cuts all connections, unless it did so before this call.
    pub(super) fn cutting(&self) -> impl Future<Output = ()> {
        self.cutting.notified()
    }

    /// Asks the connections that have been idle for this long to close.
    pub(super) fn shed(&self, idle: Duration) {
        self.shed_idle_ms.store(u64::try_from(idle.as_millis()).unwrap_or(u64::MAX), Ordering::Release);
        self.sheds.fetch_add(1, Ordering::Release);
        self.shedding.notify_waiters();
    }

    /// How often idle connections were asked to close.
    pub(super) fn sheds(&self) -> u64 {
        self.sheds.load(Ordering::Acquire)
    }

    /// The idle time from which connections were last asked to close.
    pub(super) fn shed_idle(&self) -> Duration {
        Duration::from_millis(self.shed_idle_ms.load(Ordering::Acquire))
    }

    /// Resolves when idle connections are asked to close, after this call.
    pub(super) fn shedding(&self) -> tokio::sync::futures::Notified<'_> {
        self.shedding.notified()
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
        match stage {
            Stage::Serving => {}
            Stage::Draining => self.draining.notify_waiters(),
            Stage::Cutting => {
                self.draining.notify_waiters();
                self.cutting.notify_waiters();
            }
        }
    }
}
