//! What one connection is doing, told by its socket, its requests and its responses; `connection` reads
//! it after each step and derives the moment at which it has to be cut.
//!
//! Everything but the request's body lives in one task, so relaxed atomics are enough.

use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU32,
    Ordering::{AcqRel, Acquire, Relaxed},
};

/// Where a connection stands between two requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A request line or header fields are awaited: from the first, or since their first byte.
    Head,
    /// A request is worked on, or its response written.
    Busy,
    /// The last response is written, nothing has arrived since.
    Idle,
}

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    phase: AtomicU8,
    steps: AtomicU32,
    writes: AtomicU32,
    write_blocked: AtomicBool,
    heard: AtomicBool,
    body_unread: AtomicBool,
}

impl Activity {
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Head,
            1 => Phase::Busy,
            _ => Phase::Idle,
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.steps.fetch_add(1, Relaxed);
    }

    /// How often the phase has changed.
    pub(super) fn steps(&self) -> u32 {
        self.steps.load(Relaxed)
    }

    /// How often bytes left, or were found to be unable to.
    pub(super) fn writes(&self) -> u32 {
        self.writes.load(Relaxed)
    }

    /// Whether the client does not take what we have for it.
    pub(super) fn write_blocked(&self) -> bool {
        self.write_blocked.load(Relaxed)
    }

    /// Whether any byte has arrived yet.
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Relaxed)
    }

    /// Whether the client may still be sending something that nobody will read.
    pub(super) fn unread(&self) -> bool {
        self.body_unread.load(Acquire) || (self.phase() == Phase::Head && self.heard())
    }

    /// Bytes arrived.
    pub(super) fn received(&self) {
        self.heard.store(true, Relaxed);
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Bytes left.
    pub(super) fn sent(&self) {
        self.writes.fetch_add(1, Relaxed);
        self.write_blocked.store(false, Relaxed);
    }

    /// Bytes should have left, but the client does not take them.
    pub(super) fn blocked(&self) {
        if !self.write_blocked.swap(true, Relaxed) {
            self.writes.fetch_add(1, Relaxed);
        }
    }

    /// A whole head arrived; `with_body` says whether more belongs to it.
    pub(super) fn begin_request(&self, with_body: bool) {
        self.body_unread.store(with_body, Relaxed);
        self.enter(Phase::Busy);
    }

    /// The body of the request arrived to its end.
    pub(super) fn end_body(&self) {
        self.body_unread.swap(false, AcqRel);
    }

    /// The response is in the hands of the socket.
    pub(super) fn end_response(&self) {
        self.enter(Phase::Idle);
    }
}
