//! Removing sessions that have ended: what `manage clearsessions` does.

use super::{
    engine::{Kind, SessionEngine},
    store::StoreError,
};

/// Records deleted in one step: few enough that no request waits long behind it.
const BATCH: usize = 500;

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
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails; what was removed until then is removed.
    pub async fn clear(
        &self,
        what: Clear,
        mut progress: impl FnMut(ClearProgress) + Send,
    ) -> Result<u64, StoreError> {
        let Kind::Store(store) = &self.0.kind else { return Ok(0) };
        let before = match what {
            Clear::Expired => Some(self.clock().now()),
            Clear::All => None,
        };
        let total = store.count(before).await?;
        let mut removed = 0;
        loop {
            let batch = store.clear(before, BATCH).await?;
            removed += batch;
            progress(ClearProgress { removed, total });
            if batch == 0 {
                return Ok(removed);
            }
            // Leave the store to others between two batches.
            tokio::task::yield_now().await;
        }
    }
}
