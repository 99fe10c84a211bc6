//! The stages of a server's life, and how its connections learn of a change.
//!
//! `accept` enters a stage; each connection watches for it. A stage is never left for an earlier one.

use std::sync::atomic::{AtomicU8, Ordering};

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

    /// Resolves when the server cuts all connections, unless it did so before this call.
    pub(super) fn cutting(&self) -> impl Future<Output = ()> {
        self.cutting.notified()
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
        match stage {
            Stage::Serving => {}
            Stage::Draining => self.draining.notify_waiters(),
            Stage::Cutting => self.cutting.notify_waiters(),
        }
    }
}
