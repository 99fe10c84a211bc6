//! The deadlines of a request's body, while the server waits for its bytes.
//!
//! A body must not pause for too long, must keep up a least rate, and must be complete in the end. Only
//! the time in which the server waits for the client counts, not the time that the handler takes.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::settings::ServerSettings;

/// The limits on the arrival of a body.
#[derive(Clone, Copy)]
pub(super) struct PaceLimits {
    /// How long a body may pause. Also the window over which its rate is measured.
    timeout: Duration,
    /// The bytes that must arrive in each window.
    least: u64,
    /// How long the server waits for one body altogether.
    deadline: Duration,
}

impl PaceLimits {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        let timeout = settings.body_timeout;
        // Fractions of a byte are of no interest.
        let least = (settings.body_min_rate as f64 * timeout.as_secs_f64()) as u64;
        Self { timeout, least, deadline: settings.body_deadline }
    }
}

/// Measures the arrival of one body.
pub(super) struct Pace {
    limits: PaceLimits,
    /// How long the server has waited for this body, up to the current wait.
    waited: Duration,
    waiting_since: Option<Instant>,
    /// Where the current window began, in time waited.
    window: Duration,
    window_bytes: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

/// The limit that is reached first.
#[derive(Clone, Copy)]
enum Limit {
    Pause,
    Rate,
    Total,
}

impl Pace {
    pub(super) fn new(limits: PaceLimits) -> Self {
        Self {
            limits,
            waited: Duration::ZERO,
            waiting_since: None,
            window: Duration::ZERO,
            window_bytes: 0,
            timer: None,
        }
    }

    /// Notes that bytes arrived.
    pub(super) fn received(&mut self, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
        self.window_bytes += bytes as u64;
    }

    /// Ready with the reason when the body is too slow. Called while nothing arrives.
    pub(super) fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        let PaceLimits { timeout, least, deadline } = self.limits;
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        loop {
            let window_left = (self.window + timeout).saturating_sub(self.waited);
            let total_left = deadline.saturating_sub(self.waited);
            let limits = [(timeout, Limit::Pause), (window_left, Limit::Rate), (total_left, Limit::Total)];
            let mut first = limits[0];
            for limit in limits {
                if limit.0 < first.0 {
                    first = limit;
                }
            }
            let moment = since + first.0;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(moment)));
            if timer.deadline() != moment {
                timer.as_mut().reset(moment);
            }
            ready!(timer.as_mut().poll(cx));
            match first.1 {
                Limit::Pause => return Poll::Ready(format!("no byte of the body arrived for {timeout:?}")),
                Limit::Rate if self.window_bytes < least => {
                    let bytes = self.window_bytes;
                    return Poll::Ready(format!(
                        "only {bytes} bytes of the body arrived in {timeout:?}, expected at least {least}"
                    ));
                }
                Limit::Rate => {
                    self.window += timeout;
                    self.window_bytes = 0;
                }
                Limit::Total => return Poll::Ready(format!("the body was not complete after {deadline:?}")),
            }
        }
    }
}
