//! Removing sessions that have ended: what `manage clearsessions` does.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use super::SessionEngine;
use crate::sessions::store::StoreError;

/// What a batch should take: visitors whose requests write wait behind it.
const BATCH_TIME: Duration = Duration::from_millis(8);
/// The first batch, and the sizes between which the next ones are adapted to that.
const FIRST_BATCH: usize = 100;
const BATCHES: RangeInclusive<usize> = 20..=2_000;
/// The longest pause between two batches.
const MAX_PAUSE: Duration = Duration::from_millis(50);

/// Which sessions to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// Those that have ended.
    Expired,
    /// Every one: everybody is logged out.
    All,
}

/// How far the removal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClearProgress {
    /// How many were removed so far.
    pub removed: u64,
    /// How many there were at the start, where the store can tell.
    pub total: Option<u64>,
}

impl SessionEngine {
    /// Removes the sessions that have ended and says how many they were (Django's `clear_expired`).
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails; what was removed until then is removed.
    pub async fn clear_expired(&self) -> Result<u64, StoreError> {
        self.clear(Clear::Expired, |_| {}).await
    }

    /// Removes sessions in batches, so that visitors are served meanwhile, telling `progress` after each.
    /// A batch takes some milliseconds, and the pause after it as long.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails; what was removed until then is removed.
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
        let total = store.count(before).await?;
        let (mut removed, mut size) = (0, FIRST_BATCH);
        loop {
            let begun = Instant::now();
            let batch = store.clear(before, size).await?;
            removed += batch;
            progress(ClearProgress { removed, total });
            if batch == 0 {
                return Ok(removed);
            }
            let took = begun.elapsed();
            // Other processes only get at a database between two batches.
            tokio::time::sleep(took.min(MAX_PAUSE)).await;
            size = adapted(size, took);
        }
    }
}

/// The size of the next batch: half or double, so that one takes about [`BATCH_TIME`].
fn adapted(size: usize, took: Duration) -> usize {
    let size = match took {
        took if took > BATCH_TIME * 3 / 2 => size / 2,
        took if took < BATCH_TIME / 2 => size * 2,
        _ => size,
    };
    size.clamp(*BATCHES.start(), *BATCHES.end())
}
