//! The `cached_db` engine: sessions in the database, read through a cache.
//!
//! The database decides; each change is there before the cache hears of it. The cache's keys are Django's,
//! and what Django keeps there counts as a miss, as ours does for Django: both may share one Redis.

mod marks;
mod slots;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::SystemTime};

use self::slots::{Seen, Slots};
use crate::{
    BoxFuture, Clock,
    cache::CacheStore,
    sessions::store::{Listed, Promises, Record, SessionStore, StoreResult, Swap},
};

/// Sessions in a database behind a cache.
pub(crate) struct CachedDb {
    database: Arc<dyn SessionStore>,
    slots: Slots,
}

impl CachedDb {
    pub(crate) fn new(database: Arc<dyn SessionStore>, cache: Arc<dyn CacheStore>, clock: Clock) -> Self {
        Self { database, slots: Slots::new(cache, clock) }
    }
}

impl SessionStore for CachedDb {
    fn promises(&self) -> Promises {
        let promises = self.database.promises();
        // Another process's memory cannot be told of a change.
        Promises { shared: promises.shared && self.slots.is_shared(), ..promises }
    }

    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>> {
        Box::pin(async move {
            let mark = match self.slots.look(key, now).await {
                Seen::Session(record) => return Ok(Some(record)),
                Seen::Mark(mark) => Some(mark),
                Seen::Other(seen) => {
                    // Marked only where there is a session: invented keys must not fill the cache.
                    let record = self.database.load(key, now).await?;
                    if record.is_none() {
                        return Ok(None);
                    }
                    match self.slots.mark(key, seen.as_deref()).await {
                        Some(mark) => Some(mark),
                        None => return Ok(record),
                    }
                }
                Seen::Unknown => None,
            };
            let record = self.database.load(key, now).await?;
            if let (Some(mark), Some(record)) = (&mark, &record) {
                self.slots.fill(key, mark, record).await;
            }
            Ok(record)
        })
    }

    fn create<'a>(&'a self, key: &'a str, record: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move {
            let change = self.slots.change(key);
            let created = self.database.create(key, record).await?;
            match created {
                true => change.created(record).await,
                false => change.none(),
            }
            Ok(created)
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        record: &'a Record,
        keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move {
            let change = self.slots.change(key);
            let swap = self.database.replace(key, expected, record, keep_expiry).await?;
            match swap {
                Swap::Done => change.replaced(expected, record, keep_expiry).await,
                Swap::Changed => change.refused(expected).await,
                Swap::Gone => change.deleted().await,
            }
            Ok(swap)
        })
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        record: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move {
            let (old, new) = (self.slots.change(key), self.slots.change(new_key));
            let swap = self.database.rename(key, expected, new_key, record).await?;
            match swap {
                Swap::Done => {
                    old.deleted().await;
                    new.created(record).await;
                }
                Swap::Changed => {
                    old.refused(expected).await;
                    new.none();
                }
                Swap::Gone => {
                    old.deleted().await;
                    new.none();
                }
            }
            Ok(swap)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move {
            let change = self.slots.change(key);
            let deleted = self.database.delete(key).await?;
            // Also where nothing was deleted: a slot may have outlived its row.
            change.deleted().await;
            Ok(deleted)
        })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        self.database.exists(key)
    }

    fn clear(&self, now: Option<SystemTime>, limit: usize) -> BoxFuture<'_, StoreResult<u64>> {
        if now.is_some() {
            // A cached session that has ended is not used either.
            return self.database.clear(now, limit);
        }
        Box::pin(async move {
            // One by one: each must leave its slot too.
            loop {
                let (page, _) = self.database.list(None, limit).await?;
                let mut deleted = 0;
                for listed in &page {
                    deleted += u64::from(self.delete(&listed.key).await?);
                }
                // None where others deleted them meanwhile: that is not yet the end.
                if deleted > 0 || page.is_empty() {
                    return Ok(deleted);
                }
            }
        })
    }

    fn count(&self, now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        self.database.count(now)
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        self.database.list(cursor, limit)
    }
}
