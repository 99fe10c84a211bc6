//! The `cached_db` engine: sessions in the database, read through a cache.
//!
//! The database decides. A change marks the session's cache entry first, then changes the database, then
//! caches the new session; where the entry cannot be marked, nothing is changed and the response is a 503.
//! The cache's keys are Django's. Django's values count as a miss here, and ours count as a miss for Django:
//! both may share one Redis.

mod coherence;
mod invalidation;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::SystemTime};

use self::{
    coherence::{Coherence, Lookup},
    invalidation::Invalidation,
};
use crate::{
    Clock,
    cache::CacheStore,
    sessions::store::{BoxedStore, Cleared, Listed, Promises, Record, SessionStore, StoreResult, Swap},
};

/// Sessions in a database behind a cache.
pub(crate) struct CachedDb {
    database: Arc<dyn BoxedStore>,
    coherence: Coherence,
}

impl CachedDb {
    pub(crate) fn new(database: Arc<dyn BoxedStore>, cache: Arc<dyn CacheStore>, clock: Clock) -> Self {
        Self { database, coherence: Coherence::new(cache, clock) }
    }
}

impl SessionStore for CachedDb {
    fn promises(&self) -> Promises {
        let mut promises = self.database.promises();
        // Another process's memory does not learn of a change.
        promises.shared &= self.coherence.is_shared();
        promises
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        let mark = match self.coherence.look_up(key, now).await {
            Lookup::Session(record) => return Ok(Some(record)),
            Lookup::ReadMark(mark) => Some(mark),
            Lookup::Other(found) => {
                // Marked only where there is a session: invented keys must not fill the cache.
                let record = self.database.load(key, now).await?;
                if record.is_none() {
                    return Ok(None);
                }
                match self.coherence.mark_for_reading(key, found.as_deref()).await {
                    Some(mark) => Some(mark),
                    None => return Ok(record),
                }
            }
            Lookup::Uncacheable => None,
        };
        let record = self.database.load(key, now).await?;
        if let (Some(mark), Some(record)) = (&mark, &record) {
            self.coherence.fill(key, mark, record).await;
        }
        Ok(record)
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let change = Invalidation::begin_new(&self.coherence, key).await;
        let created = self.database.create(key, new).await?;
        match created {
            true => change.created(new).await,
            false => change.unchanged().await,
        }
        Ok(created)
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let change = Invalidation::begin(&self.coherence, key, Some(expected)).await?;
        let swap = self.database.replace(key, expected, new).await?;
        match swap {
            Swap::Done => change.changed(new).await?,
            Swap::Changed | Swap::Gone => change.unchanged().await,
        }
        Ok(swap)
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let old = Invalidation::begin(&self.coherence, key, Some(expected)).await?;
        let fresh = Invalidation::begin_new(&self.coherence, new_key).await;
        let swap = self.database.rename(key, expected, new_key, new).await?;
        match swap {
            Swap::Done => {
                old.deleted().await?;
                fresh.created(new).await;
            }
            Swap::Changed | Swap::Gone => {
                old.unchanged().await;
                fresh.unchanged().await;
            }
        }
        Ok(swap)
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        let change = Invalidation::begin(&self.coherence, key, None).await?;
        let deleted = self.database.delete(key).await?;
        // Also where nothing was deleted: a cached session may have outlived its row.
        change.deleted().await?;
        Ok(deleted)
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        self.database.exists(key).await
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> StoreResult<Cleared> {
        if before.is_some() {
            // A cached session that has ended is not used either.
            return self.database.clear(before, from, limit).await;
        }
        // One by one: each must leave the cache too.
        let (page, next) = self.database.list(from, limit).await?;
        let mut removed = 0;
        for listed in &page {
            removed += u64::from(SessionStore::delete(self, &listed.key).await?);
        }
        Ok(Cleared::new(removed, next))
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        self.database.count(before).await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        self.database.list(from, limit).await
    }
}
