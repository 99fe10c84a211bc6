//! The `cache` engine: sessions in a cache alone, under Django's keys (django/contrib/sessions/backends/cache.py).
//!
//! They last as long as the cache keeps them: a cache that evicts, or loses its memory, ends sessions.

use std::{
    collections::BTreeSet,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use super::cache_entry::{self, CacheEntry};
use crate::{
    Clock,
    cache::{CacheError, CacheStore, Cursor, Moved, Ttl},
    error::Unavailable,
    sessions::store::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
};

/// Django's `KEY_PREFIX` of this engine.
const PREFIX: &str = "django.contrib.sessions.cache";
/// A swap that fails this often within one save means that the cache is broken.
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

    /// How long the cache keeps the session: until its end, or the cache's own default.
    fn ttl(&self, record: &Record) -> Ttl {
        match record.expires {
            Some(end) => Ttl::After(end.duration_since(self.clock.now()).unwrap_or(Duration::ZERO)),
            None => Ttl::Default,
        }
    }

    async fn get(&self, wire: &str) -> StoreResult<Option<Bytes>> {
        self.cache.get(wire).await.map_err(failed("save"))
    }

    async fn compare_and_set(&self, wire: &str, present: &Bytes, new: &Record) -> StoreResult<bool> {
        let (value, ttl) = (cache_entry::session(new), self.ttl(new));
        self.cache.compare_and_set(wire, Some(present), Some(value), ttl).await.map_err(failed("save"))
    }

    /// Runs `attempt` on the cached value if it holds the data of `expected`. `attempt` returns the outcome of
    /// the swap, or `None` if the value has changed in between: then the value is read and compared again.
    async fn swap<F>(
        &self,
        wire: &str,
        expected: &Record,
        attempt: impl Fn(Bytes) -> F + Send,
    ) -> StoreResult<Swap>
    where
        F: Future<Output = StoreResult<Option<Swap>>> + Send,
    {
        for _ in 0..MAX_TRIES {
            let Some(present) = self.get(wire).await? else { return Ok(Swap::Gone) };
            match cache_entry::read(&present) {
                CacheEntry::Session(record) if record.data == expected.data => {}
                CacheEntry::Session(_) => return Ok(Swap::Changed),
                CacheEntry::ReadMark | CacheEntry::WriteMark(_) | CacheEntry::Foreign => {
                    return Ok(Swap::Gone);
                }
            }
            if let Some(swap) = attempt(present).await? {
                return Ok(swap);
            }
        }
        let busy = format!("one session, changed {MAX_TRIES} times while it was being saved,");
        Err(StoreError::new("save", Unavailable::new(busy, None)))
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

impl SessionStore for CacheSessions {
    fn promises(&self) -> Promises {
        let promises = Promises::none().revocable().compare_and_swap().self_clearing();
        if self.cache.is_shared() { promises.shared() } else { promises }
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        let value = self.cache.get(&wire(key)).await.map_err(failed("load"))?;
        Ok(match value.as_deref().map(cache_entry::read) {
            Some(CacheEntry::Session(record)) => Some(record).filter(|record| record.is_live(now)),
            Some(_) | None => None,
        })
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let added = self.cache.add(&wire(key), cache_entry::session(new), self.ttl(new)).await;
        added.map_err(failed("save"))
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let wire = &wire(key);
        // Where the end was loaded from here, the present value is known to the byte, if no other request
        // has changed it: one step instead of two.
        let known = cache_entry::session(expected);
        if expected.expires == new.expires && self.compare_and_set(wire, &known, new).await? {
            return Ok(Swap::Done);
        }
        let attempt = |present: Bytes| async move {
            Ok(self.compare_and_set(wire, &present, new).await?.then_some(Swap::Done))
        };
        self.swap(wire, expected, attempt).await
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let (old, fresh) = (&wire(key), &wire(new_key));
        let attempt = |present: Bytes| async move {
            let (value, ttl) = (cache_entry::session(new), self.ttl(new));
            let moved = self.cache.move_value(old, &present, fresh, value, ttl).await;
            match moved.map_err(failed("save"))? {
                Moved::Done => Ok(Some(Swap::Done)),
                Moved::Gone => Ok(Some(Swap::Gone)),
                Moved::Taken => Err(StoreError::new("save", KeyTaken)),
                Moved::Changed => Ok(None),
            }
        };
        self.swap(old, expected, attempt).await
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        self.cache.delete(&wire(key)).await.map_err(failed("delete"))
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        self.cache.exists(&wire(key)).await.map_err(failed("load"))
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        _limit: usize,
    ) -> StoreResult<Cleared> {
        if before.is_some() {
            // The cache itself drops sessions that have ended.
            return Ok(Cleared::default());
        }
        let (keys, next) = self.page(cursor(from, "clear")?).await.map_err(failed("clear"))?;
        let mut removed = 0;
        for key in &keys {
            removed += u64::from(self.cache.delete(key).await.map_err(failed("clear"))?);
        }
        Ok(Cleared::new(removed, next.map(|cursor| cursor.0.to_string())))
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        // All of them can only be counted by reading every key of the cache.
        Ok(before.map(|_| 0))
    }

    async fn list(&self, from: Option<&str>, _limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let (keys, next) = self.page(cursor(from, "list")?).await.map_err(failed("list"))?;
        let keys: Vec<String> = keys.into_iter().collect();
        let values = self.cache.get_many(&keys).await.map_err(failed("list"))?;
        let mut listed = Vec::with_capacity(keys.len());
        for (key, value) in keys.iter().zip(values) {
            // Absent: it ended, or was deleted, since its key was read.
            if let (Some(key), Some(value)) = (key.strip_prefix(PREFIX), value)
                && let CacheEntry::Session(record) = cache_entry::read(&value)
            {
                listed.push(Listed::new(key, record));
            }
        }
        Ok((listed, next.map(|cursor| cursor.0.to_string())))
    }
}

/// The place in a scan of the cache that an earlier page returned.
fn cursor(from: Option<&str>, action: &'static str) -> StoreResult<Option<Cursor>> {
    let place = from.map(str::parse).transpose().map_err(|error| StoreError::new(action, error))?;
    Ok(place.map(Cursor))
}
