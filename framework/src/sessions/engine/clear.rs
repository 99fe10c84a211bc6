//! Removes sessions that have ended, in batches. `manage clearsessions` calls this.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use super::SessionEngine;
use crate::sessions::store::StoreError;

/// The time that a batch should take. Requests that write to the store wait for it.
const BATCH_TIME: Duration = Duration::from_millis(8);
/// The size of the first batch, and the limits of the sizes after it.
pub(super) const FIRST_BATCH: usize = 100;
const BATCHES: RangeInclusive<usize> = 20..=2_000;
/// How often clearing all sessions goes through the store. A session that gets a new key in the first pass can
/// move to the part that is already done; the second pass finds it.
const PASSES_FOR_ALL: usize = 2;
/// The longest pause between two batches.
const MAX_PAUSE: Duration = Duration::from_millis(50);

/// Which sessions to remove.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{Clear, SessionEngine, StoreError};
///
/// async fn log_everybody_out(engine: &SessionEngine) -> Result<u64, StoreError> {
///     engine.clear(Clear::All, |progress| println!("{} removed", progress.removed)).await
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// The sessions that have ended.
    Expired,
    /// All that were stored when clearing began, also those that change their key in between: everybody is
    /// logged out. Sessions that are made in between may be removed too.
    All,
}

/// The progress of [`SessionEngine::clear`], reported after each batch.
///
/// # Examples
///
/// ```
/// use nuages::sessions::ClearProgress;
///
/// fn report(progress: ClearProgress) {
///     match progress.total {
///         Some(total) => println!("{} of {total}", progress.removed),
///         None => println!("{}", progress.removed),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClearProgress {
    /// The number of sessions removed so far.
    pub removed: u64,
    /// The number of sessions skipped because they cannot be read.
    pub skipped: u64,
    /// The number of sessions at the start, if the store can count them.
    pub total: Option<u64>,
}

impl SessionEngine {
    /// Removes the sessions that have ended and returns their number (Django's `clear_expired`).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails. The sessions removed before stay removed.
    pub async fn clear_expired(&self) -> Result<u64, StoreError> {
        self.clear(Clear::Expired, |_| {}).await
    }

    /// Removes sessions in batches and calls `progress` after each.
    ///
    /// A batch takes some milliseconds. A pause of the same length follows it, in which requests are served.
    /// A session that cannot be read is skipped; see [`ClearProgress::skipped`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails. The sessions removed before stay removed.
    pub async fn clear(
        &self,
        what: Clear,
        mut progress: impl FnMut(ClearProgress) + Send,
    ) -> Result<u64, StoreError> {
        let Some(store) = self.store() else { return Ok(0) };
        let before = match what {
            Clear::Expired => Some(self.clock().now()),
            Clear::All => None,
        };
        // Only the progress needs the count: where counting fails, clearing goes on without it.
        let total = store.count(before).await.unwrap_or_else(|error| {
            tracing::debug!(target: "nuages.sessions", error = &error as &dyn std::error::Error, "cannot count the sessions");
            None
        });
        if before.is_none() {
            // It is no session, and is not counted as one.
            store.delete(&self.0.keys.clearing).await?;
        }
        let mut so_far = ClearProgress { removed: 0, skipped: 0, total };
        let (mut from, mut size) = (None, FIRST_BATCH);
        let (mut passes, mut skipped_in_pass) = (if before.is_none() { PASSES_FOR_ALL } else { 1 }, 0);
        loop {
            let begun = Instant::now();
            let batch = store.clear(before, from.as_deref(), size).await?;
            so_far.removed += batch.removed;
            skipped_in_pass += batch.skipped;
            // A second pass skips the same sessions again.
            so_far.skipped = so_far.skipped.max(skipped_in_pass);
            progress(so_far);
            from = batch.next;
            if from.is_none() {
                (passes, skipped_in_pass) = (passes - 1, 0);
                if passes == 0 {
                    return Ok(so_far.removed);
                }
            }
            let took = begun.elapsed();
            // Other processes can write to the database only between two batches.
            tokio::time::sleep(took.min(MAX_PAUSE)).await;
            size = adapted(size, took);
        }
    }
}

/// The size of the next batch: half or double, so that one takes about [`BATCH_TIME`].
pub(super) fn adapted(size: usize, took: Duration) -> usize {
    let size = match took {
        took if took > BATCH_TIME * 3 / 2 => size / 2,
        took if took < BATCH_TIME / 2 => size * 2,
        _ => size,
    };
    size.clamp(*BATCHES.start(), *BATCHES.end())
}
