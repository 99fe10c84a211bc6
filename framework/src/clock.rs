//! The clock that everything that expires asks. Tests move it instead of sleeping.
//!
//! Clones share one offset. Timeouts of sockets do not ask it: they use tokio's timers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The system's clock plus an offset, which tests change. Cheap to clone.
///
/// # Examples
///
/// ```
/// use nuages::Clock;
/// use std::time::Duration;
///
/// let clock = Clock::system();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert!(clock.now().duration_since(before).unwrap() >= Duration::from_secs(3600));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_millis: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock without an offset.
    pub fn system() -> Self {
        Self::default()
    }

    /// The present moment.
    pub fn now(&self) -> SystemTime {
        let offset = self.offset_millis.load(Ordering::Relaxed);
        let step = Duration::from_millis(offset.unsigned_abs());
        if offset < 0 { SystemTime::now() - step } else { SystemTime::now() + step }
    }

    /// Whole seconds since 1970-01-01 UTC.
    pub fn unix_now(&self) -> i64 {
        unix(self.now())
    }

    /// Moves this clock and its clones forward.
    pub fn advance(&self, by: Duration) {
        self.offset_millis.fetch_add(millis(by), Ordering::Relaxed);
    }

    /// Moves this clock and its clones back.
    pub fn rewind(&self, by: Duration) {
        self.offset_millis.fetch_sub(millis(by), Ordering::Relaxed);
    }

    /// Moves this clock and its clones so that it is `moment` now.
    pub fn set(&self, moment: SystemTime) {
        let now = SystemTime::now();
        let offset = match moment.duration_since(now) {
            Ok(ahead) => millis(ahead),
            Err(behind) => -millis(behind.duration()),
        };
        self.offset_millis.store(offset, Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// 9999-12-31 23:59:59 UTC, the last second that Python's datetime and the databases' columns can hold.
pub(crate) fn last_moment() -> SystemTime {
    from_unix(253_402_300_799)
}

/// Whole seconds from 1970-01-01 UTC to `moment`; negative before it.
pub(crate) fn unix(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// The moment `seconds` after 1970-01-01 UTC (before it where negative).
pub(crate) fn from_unix(seconds: i64) -> SystemTime {
    let step = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH - step } else { UNIX_EPOCH + step }
}
