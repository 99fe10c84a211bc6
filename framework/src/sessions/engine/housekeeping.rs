//! Clears expired sessions from time to time, in one process of a site at a time. `manage serve` runs it.
//!
//! The processes agree through a record in the store: it holds the moment at which clearing is due next, and
//! the process whose compare-and-swap moves that moment clears. Visitors cannot guess its key. If that process
//! dies, another one begins when the moment has come.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{
    SessionEngine,
    clear::{FIRST_BATCH, adapted},
};
use crate::sessions::store::{BoxedStore, Record, StoreError, Swap};

/// The pause after a batch, as a multiple of the batch's time: requests have the store for the rest.
const PAUSE_FACTOR: u32 = 4;
/// The longest pause between two batches.
const MAX_PAUSE: Duration = Duration::from_millis(500);
/// How much the clocks of the site's machines may differ.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(60);
/// The part of the interval after which the process that clears moves the moment again.
const RENEWALS: u32 = 4;

impl SessionEngine {
    /// Whether [`SessionEngine::clear_if_due`] has anything to do: the store does not drop expired sessions
    /// by itself, and other processes may share it.
    pub fn needs_clearing(&self) -> bool {
        self.store().is_some_and(|store| !store.promises().self_clearing)
    }

    /// Removes the expired sessions, unless a process of the site has begun to do so within `interval`.
    /// Returns how many were removed, or `None` if another process clears or has cleared.
    ///
    /// It works in small batches and pauses four times as long after each, so it takes a fifth of the store's
    /// time at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails. The sessions removed before stay removed.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::sessions::{SessionEngine, StoreError};
    /// use std::time::Duration;
    ///
    /// async fn hourly(engine: &SessionEngine) -> Result<(), StoreError> {
    ///     if let Some(removed) = engine.clear_if_due(Duration::from_secs(3600)).await? {
    ///         println!("{removed} expired sessions removed");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn clear_if_due(&self, interval: Duration) -> Result<Option<u64>, StoreError> {
        let Some(store) = self.store().filter(|_| self.needs_clearing()) else { return Ok(None) };
        let Some(mut due) = Due::take(store, &self.0.keys.clearing, self.clock().now(), interval).await?
        else {
            return Ok(None);
        };
        let (mut removed, mut from, mut size) = (0, None, FIRST_BATCH);
        let mut renewed = Instant::now();
        loop {
            let begun = Instant::now();
            let batch = store.clear(Some(self.clock().now()), from.as_deref(), size).await?;
            removed += batch.removed;
            from = batch.next;
            if from.is_none() {
                return Ok(Some(removed));
            }
            let took = begun.elapsed();
            if renewed.elapsed() > interval / RENEWALS {
                renewed = Instant::now();
                if !due.renew(store, self.clock().now(), interval).await? {
                    // Another process has taken over, for example while this one was stopped.
                    return Ok(Some(removed));
                }
            }
            tokio::time::sleep((took * PAUSE_FACTOR).min(MAX_PAUSE)).await;
            size = adapted(size, took);
        }
    }
}

/// The record that says when clearing is due next, as this process has written it.
struct Due<'a> {
    key: &'a str,
    record: Record,
}

impl<'a> Due<'a> {
    /// Moves the moment to `interval` after `now`. Returns `None` if it has not come yet, or another process
    /// has moved it first.
    async fn take(
        store: &dyn BoxedStore,
        key: &'a str,
        now: SystemTime,
        interval: Duration,
    ) -> Result<Option<Self>, StoreError> {
        let next = Self { key, record: record(now + interval) };
        let Some(stored) = store.load(key, now).await? else {
            return Ok(store.create(key, &next.record).await?.then_some(next));
        };
        // A moment far ahead was written by a clock that was wrong, or for a longer interval. The clocks of two
        // machines may differ a little.
        let far_ahead = now + interval * 2 + CLOCK_DIFFERENCE;
        let is_due = moment(&stored).is_none_or(|due| due <= now || due > far_ahead);
        if !is_due {
            return Ok(None);
        }
        Ok((store.replace(key, &stored, &next.record).await? == Swap::Done).then_some(next))
    }

    async fn renew(
        &mut self,
        store: &dyn BoxedStore,
        now: SystemTime,
        interval: Duration,
    ) -> Result<bool, StoreError> {
        let next = record(now + interval);
        if next == self.record {
            return Ok(true);
        }
        let swap = store.replace(self.key, &self.record, &next).await?;
        self.record = next;
        Ok(swap == Swap::Done)
    }
}

/// The record never expires: nothing that clears sessions removes it.
fn record(due: SystemTime) -> Record {
    let milliseconds = due.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Record::new(milliseconds.to_string(), crate::clock::last_moment())
}

fn moment(record: &Record) -> Option<SystemTime> {
    let milliseconds = record.data.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
}
