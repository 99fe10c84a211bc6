//! The current state of one connection: reading a head, running a request, or idle.
//!
//! `io`, `exchange` and `body` report progress here; `deadlines` reads it after each poll. Everything
//! but the request's body lives in one task, so relaxed atomics are enough.

use std::{
    pin::pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU8, AtomicU32,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
};

use tokio::sync::Notify;

use super::framing::{BodyFraming, Framing};

/// The phase of a connection's current request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server waits for the rest of a request's head; on a new connection also for its first byte.
    Head,
    /// A request runs, or its response is being written.
    Busy,
    /// The last response is written, and nothing has arrived since.
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
    queued: AtomicBool,
    stream_waits: AtomicBool,
    departed: AtomicBool,
    departure: Notify,
    reset: AtomicBool,
    framing: Mutex<Framing>,
    irregular: AtomicBool,
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

    /// How often bytes were written, or a write became blocked.
    pub(super) fn writes(&self) -> u32 {
        self.writes.load(Relaxed)
    }

    /// Whether the client does not read what the server has for it.
    pub(super) fn write_blocked(&self) -> bool {
        self.write_blocked.load(Relaxed)
    }

    /// Whether any byte has arrived on this connection.
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Relaxed)
    }

    /// Whether the client may still be sending bytes that will not be read.
    pub(super) fn unread(&self) -> bool {
        self.body_unread.load(Acquire) || (self.phase() == Phase::Head && self.heard())
    }

    /// Whether the request waits for its turn, so that nothing of it has run yet.
    pub(super) fn queued(&self) -> bool {
        self.queued.load(Relaxed)
    }

    /// Whether the response's body has no bytes to send at present.
    pub(super) fn stream_waits(&self) -> bool {
        self.stream_waits.load(Relaxed)
    }

    /// Whether the client has closed the connection, or at least its sending half.
    pub(super) fn departed(&self) -> bool {
        self.departed.load(Acquire)
    }

    /// Whether the connection is broken, so that no response can reach the client.
    pub(super) fn was_reset(&self) -> bool {
        self.reset.load(Relaxed)
    }

    /// Resolves when the client has departed.
    pub(super) async fn departure(&self) {
        let mut departure = pin!(self.departure.notified());
        departure.as_mut().enable();
        if !self.departed() {
            departure.await;
        }
    }

    /// Whether a request runs and its client is not known to have gone.
    pub(super) fn awaits_departure(&self) -> bool {
        self.phase() == Phase::Busy && !self.departed()
    }

    /// Notes that the client has closed the connection, or that the connection has ended.
    pub(super) fn depart(&self) {
        if !self.departed.swap(true, Release) {
            self.steps.fetch_add(1, Relaxed);
            self.departure.notify_waiters();
        }
    }

    /// Notes that the connection is broken.
    pub(super) fn break_off(&self) {
        self.reset.store(true, Relaxed);
        self.depart();
    }

    /// Notes that the request waits for its turn, or waits no longer.
    pub(super) fn set_queued(&self, queued: bool) {
        self.queued.store(queued, Relaxed);
    }

    /// Notes whether the response's body has bytes to send.
    pub(super) fn set_stream_waits(&self, waits: bool) {
        self.stream_waits.store(waits, Relaxed);
    }

    /// Whether a body on this connection broke the strict framing, so that no request may follow it.
    pub(super) fn has_irregular_framing(&self) -> bool {
        self.irregular.load(Relaxed)
    }

    fn note_irregular(&self, framing: &Framing) {
        if framing.is_irregular() {
            self.irregular.store(true, Relaxed);
        }
    }

    fn framing(&self) -> MutexGuard<'_, Framing> {
        self.framing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that bytes arrived.
    pub(super) fn received(&self, bytes: &[u8]) {
        self.heard.store(true, Relaxed);
        let mut framing = self.framing();
        framing.received(bytes);
        self.note_irregular(&framing);
        drop(framing);
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Notes that bytes were written.
    pub(super) fn sent(&self) {
        self.writes.fetch_add(1, Relaxed);
        self.write_blocked.store(false, Relaxed);
    }

    /// Notes that a write is blocked because the client does not read.
    pub(super) fn blocked(&self) {
        if !self.write_blocked.swap(true, Relaxed) {
            self.writes.fetch_add(1, Relaxed);
        }
    }

    /// Notes that a whole head arrived, and what body follows it.
    pub(super) fn begin_request(&self, body: BodyFraming) {
        self.body_unread.store(!matches!(body, BodyFraming::None | BodyFraming::Length(0)), Relaxed);
        let mut framing = self.framing();
        framing.begin_message(body);
        self.note_irregular(&framing);
        drop(framing);
        self.enter(Phase::Busy);
    }

    /// Notes that the whole body of the request arrived.
    pub(super) fn end_body(&self) {
        self.body_unread.swap(false, AcqRel);
    }

    /// Notes that the response was handed to the socket.
    pub(super) fn end_response(&self) {
        self.set_stream_waits(false);
        // The first bytes of the next head may have arrived together with this request.
        let next = self.framing().has_next_head();
        self.enter(if next { Phase::Head } else { Phase::Idle });
    }
}
