//! The deadlines of one connection: for its head, its idle time, its writes, and its last chance in a
//! server that drains.
//!
//! `connection` polls them. One timer serves all: it is set for the earliest deadline, and set again if
//! progress has moved that deadline by the time it fires.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::{Activity, Phase};
use crate::settings::ServerSettings;

/// How long a connection that has sent nothing yet may still send a request after the server begins to
/// drain: the request may be on its way already.
const FIRST_BYTE_GRACE: Duration = Duration::from_millis(50);

/// How long the rest of a head that has begun may take once the server drains.
const HALF_HEAD_GRACE: Duration = Duration::from_millis(500);

/// How long a response may have nothing to send once its client has departed. A client that has closed only
/// its sending half gets the rest of a response that is being written; an event stream ends.
const DEPARTURE_GRACE: Duration = Duration::from_millis(500);

/// The time and size limits of one connection.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    header: Duration,
    keep_alive: Duration,
    write: Duration,
    pub(super) header_bytes: usize,
}

impl Limits {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            header: settings.header_timeout,
            keep_alive: settings.keep_alive_timeout,
            write: settings.write_timeout,
            header_bytes: settings.max_header_bytes,
        }
    }
}

/// The action that a passed deadline requires.
#[derive(Clone, Copy)]
pub(super) enum Due {
    /// Close the connection, for this reason.
    Cut(&'static str),
    /// The server drains and the client has sent nothing: shut the connection down.
    Leave,
}

/// The deadlines of one connection.
pub(super) struct Deadlines<'a> {
    limits: Limits,
    activity: &'a Activity,
    steps: u32,
    writes: u32,
    /// When the current phase began.
    entered: Instant,
    /// When bytes were last written, or a write first became blocked.
    wrote: Instant,
    /// Until when a draining server waits for the first byte of this connection.
    patience: Option<Instant>,
    /// When a draining server began to shut this connection down.
    left: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    timing: bool,
}

impl<'a> Deadlines<'a> {
    pub(super) fn new(limits: Limits, activity: &'a Activity) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + limits.header));
        let (steps, writes) = (activity.steps(), activity.writes());
        let (entered, wrote, patience) = (now, now, None);
        Self { limits, activity, steps, writes, entered, wrote, patience, left: None, timer, timing: false }
    }

    /// Whether a draining server should shut this connection down gracefully now; true once.
    pub(super) fn may_leave(&mut self) -> bool {
        if self.left.is_some() {
            return false;
        }
        if !self.activity.heard() {
            let now = Instant::now();
            if now < *self.patience.get_or_insert(now + FIRST_BYTE_GRACE) {
                return false;
            }
        }
        self.left = Some(Instant::now());
        true
    }

    /// How long the connection has been idle: without any request, or since its last response.
    pub(super) fn idle_for(&mut self) -> Option<Duration> {
        self.note_changes();
        let unheard = self.activity.phase() == Phase::Head && !self.activity.heard();
        let idle = unheard || self.activity.phase() == Phase::Idle;
        idle.then(|| self.entered.max(self.wrote).elapsed())
    }

    /// Ready when a deadline has passed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        self.note_changes();
        while let Some((deadline, due)) = self.deadline() {
            if self.timer.is_elapsed() || deadline < self.timer.deadline() {
                if deadline <= Instant::now() {
                    return Poll::Ready(due);
                }
                self.timer.as_mut().reset(deadline);
                self.timing = false;
            }
            if self.timing || self.timer.as_mut().poll(cx).is_pending() {
                self.timing = true;
                break;
            }
        }
        Poll::Pending
    }

    /// Notes when the phase or the writes changed since it was last called.
    fn note_changes(&mut self) {
        let (steps, writes) = (self.activity.steps(), self.activity.writes());
        if (steps, writes) == (self.steps, self.writes) {
            return;
        }
        let now = Instant::now();
        if std::mem::replace(&mut self.steps, steps) != steps {
            self.entered = now;
        }
        if std::mem::replace(&mut self.writes, writes) != writes {
            self.wrote = now;
        }
    }

    /// The earliest deadline and its action.
    fn deadline(&self) -> Option<(Instant, Due)> {
        let Limits { header, keep_alive, write, .. } = self.limits;
        let reading = match self.activity.phase() {
            Phase::Head => {
                let whole = self.entered + header;
                let whole =
                    self.left.map_or(whole, |left| whole.min(left.max(self.entered) + HALF_HEAD_GRACE));
                Some((whole, Due::Cut("no whole request head in time")))
            }
            Phase::Idle => Some((self.entered.max(self.wrote) + keep_alive, Due::Cut("idle"))),
            Phase::Busy => None,
        };
        let blocked = self.activity.write_blocked();
        let writing =
            blocked.then(|| (self.wrote + write, Due::Cut("the client does not read its response")));
        let departed = self.activity.departed() && self.activity.stream_waits();
        let departing = departed.then(|| {
            (self.entered.max(self.wrote) + DEPARTURE_GRACE, Due::Cut("the client closed the connection"))
        });
        let leaving = self.patience.filter(|_| self.left.is_none()).map(|moment| (moment, Due::Leave));
        [reading, writing, departing, leaving].into_iter().flatten().min_by_key(|(moment, _)| *moment)
    }
}
