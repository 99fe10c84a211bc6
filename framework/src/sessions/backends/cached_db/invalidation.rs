//! The change of one session: its cache entry is marked before the database changes, and filled after it.

use std::{future::Future, time::Duration};

use tokio::time::timeout;

use super::coherence::{Coherence, WriteMark, warn};
use crate::{
    cache::CacheError,
    error::Unavailable,
    sessions::store::{Record, StoreError, StoreResult},
};

/// The longest time that a change waits for the cache, before the database and again after it.
const PATIENCE: Duration = Duration::from_millis(1500);

/// A change on its way. Dropped without an outcome, because the database failed or the process gave up, it
/// leaves the mark: the session stays out of the cache until the mark ends.
pub(super) struct Invalidation<'a> {
    coherence: &'a Coherence,
    key: &'a str,
    cover: Cover,
}

/// What keeps readers from caching the session while the database changes.
enum Cover {
    Mark(WriteMark),
    /// Nothing: the cache refuses writes, and the entry was deleted. It is deleted again afterwards.
    Deleted,
    /// Nothing is needed: the session is new, and the cache cannot be marked.
    New,
}

impl<'a> Invalidation<'a> {
    /// Marks the entry of a session that will change.
    ///
    /// # Errors
    ///
    /// Where it cannot be marked. The database must not be changed then: other processes that still reach
    /// the cache would go on to serve the old session.
    pub(super) async fn begin(
        coherence: &'a Coherence,
        key: &'a str,
        expected: Option<&Record>,
    ) -> StoreResult<Self> {
        let marked = in_time(async {
            match coherence.mark_for_writing(key, expected).await {
                Ok(mark) => Ok(Cover::Mark(mark)),
                // A server without memory refuses writes, but deletes.
                Err(error) => coherence.remove(key).await.map_err(|_| error).map(|()| Cover::Deleted),
            }
        });
        let cover = marked.await.map_err(unavailable)?;
        Ok(Self { coherence, key, cover })
    }

    /// Marks the entry of a new session. It may go unmarked: no process has an older one.
    pub(super) async fn begin_new(coherence: &'a Coherence, key: &'a str) -> Self {
        let cover = match in_time(coherence.mark_for_writing(key, None)).await {
            Ok(mark) => Cover::Mark(mark),
            Err(error) => {
                warn(&error, "cannot cache the new session");
                Cover::New
            }
        };
        Self { coherence, key, cover }
    }

    /// Caches the session that the database holds now.
    ///
    /// # Errors
    ///
    /// Where the cache fails and may hold the old session: the change must not be acknowledged.
    pub(super) async fn changed(self, new: &Record) -> StoreResult<()> {
        self.finish(Some(new)).await
    }

    /// Removes the session that the database no longer holds.
    ///
    /// # Errors
    ///
    /// As [`Invalidation::changed`].
    pub(super) async fn deleted(self) -> StoreResult<()> {
        self.finish(None).await
    }

    /// Caches a session that is new in the database.
    pub(super) async fn created(self, new: &Record) {
        self.unmark(Some(new), "cannot cache the new session").await;
    }

    /// Takes the mark away: the database was not changed.
    pub(super) async fn unchanged(self) {
        self.unmark(None, "cannot remove a mark from the cache: the session is not cached until it ends")
            .await;
    }

    async fn unmark(&self, new: Option<&Record>, failed: &'static str) {
        let Cover::Mark(mark) = &self.cover else { return };
        // Whether it was still there makes no difference: the entry holds nothing older than the database.
        if let Err(error) = in_time(self.coherence.unmark(self.key, mark, new)).await {
            warn(&error, failed);
        }
    }

    async fn finish(&self, new: Option<&Record>) -> StoreResult<()> {
        let step = async {
            if let Cover::Mark(mark) = &self.cover
                && self.coherence.unmark(self.key, mark, new).await?
            {
                return Ok(());
            }
            // The mark was evicted, or another writer came: what a reader cached in between must go.
            let Err(error) = self.coherence.overwrite(self.key).await else { return Ok(()) };
            self.coherence.remove(self.key).await.map_err(|_| error)
        };
        in_time(step).await.map_err(unavailable)
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, CacheError>>) -> Result<T, CacheError> {
    let in_time = timeout(PATIENCE, work).await;
    in_time.unwrap_or_else(|elapsed| Err(Unavailable::new("the cache", Some(elapsed.into())).into()))
}

fn unavailable(error: CacheError) -> StoreError {
    StoreError::new("save", Unavailable::new("the cache of the sessions", Some(error.into())))
}
