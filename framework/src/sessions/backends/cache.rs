//! The `cache` engine: sessions in a cache alone, under Django's keys (django/contrib/sessions/backends/cache.py).
//!
//! They last as long as the cache keeps them: a cache that evicts, or loses its memory, ends sessions.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::slot::{self, Slot};
use crate::{
    BoxFuture, Clock,
    cache::{CacheError, CacheStore, Cursor, Moved, Ttl},
    error::Unavailable,
    sessions::store::{Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
};

/// Django's `KEY_PREFIX` of this engine.
const PREFIX: &str = "django.contrib.sessions.cache";
/// A swap that loses this often within one save meets a broken cache.
const MAX_TRIES: u32 = 100;

/// Sessions in a cache.
pub(crate) struct CacheSessions {
    cache: Arc<dyn CacheStore>,
    clock: Clock,
}

/// The key that a session should move to is in use.
#[derive(Debug, thiserror::Error)]
#[error("the fresh session key is taken")]
struct KeyTaken;

impl CacheSessions {
    pub(crate) fn new(cache: Arc<dyn CacheStore>, clock: Clock) -> Self {
        Self { cache, clock }
    }

    /// How long the cache keeps what ends at `expires`.
    fn ttl(&self, expires: SystemTime) -> Ttl {
        Ttl::After(expires.duration_since(self.clock.now()).unwrap_or(Duration::ZERO))
    }

    async fn swap(&self, key: &str, expected: &str, new: &Record, keep_expiry: bool) -> StoreResult<Swap> {
        let (value, ttl) = (slot::live(&new.data, new.expires), self.ttl(new.expires));
        if keep_expiry {
            // Then the present value is known to the byte, if nobody changed it: one step instead of two.
            let present = slot::live(expected, new.expires);
            let swap = self.cache.compare_and_set(key, Some(&present), Some(value.clone()), ttl);
            if swap.await.map_err(failed("save"))? {
                return Ok(Swap::Done);
            }
        }
        for _ in 0..MAX_TRIES {
            let Some(present) = self.cache.get(key).await.map_err(failed("save"))? else {
                return Ok(Swap::Gone);
            };
            match slot::read(&present) {
                Slot::Live(record) if record.data == expected => {}
                Slot::Live(_) => return Ok(Swap::Changed),
                Slot::Mark | Slot::Foreign => return Ok(Swap::Gone),
            }
            let swap = self.cache.compare_and_set(key, Some(&present), Some(value.clone()), ttl);
            if swap.await.map_err(failed("save"))? {
                return Ok(Swap::Done);
            }
        }
        Err(busy("save"))
    }

    async fn rename(&self, key: &str, expected: &str, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let (value, ttl) = (slot::live(&new.data, new.expires), self.ttl(new.expires));
        for _ in 0..MAX_TRIES {
            let Some(present) = self.cache.get(key).await.map_err(failed("save"))? else {
                return Ok(Swap::Gone);
            };
            match slot::read(&present) {
                Slot::Live(record) if record.data == expected => {}
                Slot::Live(_) => return Ok(Swap::Changed),
                Slot::Mark | Slot::Foreign => return Ok(Swap::Gone),
            }
            let moved = self.cache.move_value(key, &present, new_key, value.clone(), ttl);
            match moved.await.map_err(failed("save"))? {
                Moved::Done => return Ok(Swap::Done),
                Moved::Gone => return Ok(Swap::Gone),
                Moved::Taken => return Err(StoreError::new("save", KeyTaken)),
                // Only the end of the session may have changed: look again.
                Moved::Changed => {}
            }
        }
        Err(busy("save"))
    }

    /// The keys of the first page that has any, from `cursor` on, and where the next page begins.
    async fn page(&self, mut from: Option<Cursor>) -> Result<(BTreeSet<String>, Option<Cursor>), CacheError> {
        loop {
            let page = self.cache.scan(PREFIX, from).await?;
            if !page.keys.is_empty() || page.next.is_none() {
                return Ok((page.keys.into_iter().collect(), page.next));
            }
            from = page.next;
        }
    }
}

fn wire(key: &str) -> String {
    [PREFIX, key].concat()
}

fn failed(action: &'static str) -> impl FnOnce(CacheError) -> StoreError {
    move |error| StoreError::new(action, error)
}

fn busy(action: &'static str) -> StoreError {
    let what = format!("one session, changed {MAX_TRIES} times while it was being saved,");
    StoreError::new(action, Unavailable::new(what, None))
}

impl SessionStore for CacheSessions {
    fn promises(&self) -> Promises {
        Promises {
            durable: false,
            shared: self.cache.is_shared(),
            revocable: true,
            compare_and_swap: true,
            self_clearing: true,
        }
    }

    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>> {
        Box::pin(async move {
            let value = self.cache.get(&wire(key)).await.map_err(failed("load"))?;
            Ok(match value.as_deref().map(slot::read) {
                Some(Slot::Live(record)) if record.expires > now => Some(record),
                Some(Slot::Live(_) | Slot::Mark | Slot::Foreign) | None => None,
            })
        })
    }

    fn create<'a>(&'a self, key: &'a str, record: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move {
            let value = slot::live(&record.data, record.expires);
            let added = self.cache.add(&wire(key), value, self.ttl(record.expires)).await;
            added.map_err(failed("save"))
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        record: &'a Record,
        keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move { self.swap(&wire(key), expected, record, keep_expiry).await })
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        record: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move { self.rename(&wire(key), expected, &wire(new_key), record).await })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move { self.cache.delete(&wire(key)).await.map_err(failed("delete")) })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move { self.cache.exists(&wire(key)).await.map_err(failed("load")) })
    }

    fn clear(&self, now: Option<SystemTime>, limit: usize) -> BoxFuture<'_, StoreResult<u64>> {
        Box::pin(async move {
            if now.is_some() {
                // The cache drops by itself what has ended.
                return Ok(0);
            }
            let mut from = None;
            loop {
                let (keys, next) = self.page(from).await.map_err(failed("clear"))?;
                let mut deleted = 0;
                for key in keys.iter().take(limit) {
                    deleted += u64::from(self.cache.delete(key).await.map_err(failed("clear"))?);
                }
                // None where others deleted them meanwhile: that is not yet the end.
                if deleted > 0 || next.is_none() {
                    return Ok(deleted);
                }
                from = next;
            }
        })
    }

    fn count(&self, now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        // All of them can only be counted by reading every key of the cache.
        Box::pin(async move { Ok(now.map(|_| 0)) })
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        _limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        Box::pin(async move {
            let from = match cursor.map(str::parse) {
                None => None,
                Some(Ok(place)) => Some(Cursor(place)),
                Some(Err(error)) => return Err(StoreError::new("list", error)),
            };
            let (keys, next) = self.page(from).await.map_err(failed("list"))?;
            let keys: Vec<String> = keys.into_iter().collect();
            let values = self.cache.get_many(&keys).await.map_err(failed("list"))?;
            let mut listed = Vec::with_capacity(keys.len());
            for (key, value) in keys.iter().zip(values) {
                // Absent: it ended, or was deleted, since its key was read.
                if let (Some(key), Some(value)) = (key.strip_prefix(PREFIX), value)
                    && let Slot::Live(record) = slot::read(&value)
                {
                    listed.push(Listed { key: key.to_owned(), record });
                }
            }
            Ok((listed, next.map(|cursor| cursor.0.to_string())))
        })
    }
}
