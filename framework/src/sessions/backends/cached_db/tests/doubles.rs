//! A slow database and a slow cache that fail on demand, for the tests of the protocol.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use bytes::Bytes;
use tokio::{sync::RwLock, task::yield_now};

use crate::{
    cache::{CacheError, CacheFuture, CacheStore, Cursor, Locmem, Moved, Page, Ttl},
    error::Unavailable,
    sessions::store::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
};

/// A pseudo-random sequence (xorshift64).
pub(super) struct Chance(AtomicU64);

impl Chance {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)))
    }

    pub(super) fn below(&self, bound: u64) -> u64 {
        let mut x = self.0.load(Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.store(x, Relaxed);
        x % bound
    }

    pub(super) async fn wait(&self) {
        for _ in 0..self.below(6) {
            yield_now().await;
        }
    }
}

/// A database in memory.
pub(super) struct RowsDouble {
    pub(super) rows: Mutex<BTreeMap<String, Record>>,
    pub(super) chance: Arc<Chance>,
    /// The next writes take effect, but are answered with an error.
    pub(super) ambiguous: AtomicBool,
    /// While a test holds this for writing, writes take effect and are not answered.
    pub(super) answers: RwLock<()>,
}

impl RowsDouble {
    pub(super) fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        self.rows.lock().expect("no test panics under it")
    }

    async fn write<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Record>) -> T) -> StoreResult<T> {
        self.chance.wait().await;
        let result = work(&mut self.rows());
        drop(self.answers.read().await);
        self.chance.wait().await;
        if self.ambiguous.load(Relaxed) && self.chance.below(4) == 0 {
            return Err(StoreError::new("save", Unavailable::new("the database", None)));
        }
        Ok(result)
    }
}

/// What `swap` does where `key` holds `expected`.
fn swap(
    rows: &mut BTreeMap<String, Record>,
    key: &str,
    expected: &Record,
    work: impl FnOnce(&mut BTreeMap<String, Record>),
) -> Swap {
    match rows.get(key) {
        None => Swap::Gone,
        Some(present) if present.data != expected.data => Swap::Changed,
        Some(_) => {
            work(rows);
            Swap::Done
        }
    }
}

impl SessionStore for RowsDouble {
    fn promises(&self) -> Promises {
        Promises::none().durable().shared().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        self.chance.wait().await;
        let found = self.rows().get(key).filter(|record| record.is_live(now)).cloned();
        self.chance.wait().await;
        Ok(found)
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let insert = |rows: &mut BTreeMap<String, Record>| {
            let free = !rows.contains_key(key);
            if free {
                rows.insert(key.to_owned(), new.clone());
            }
            free
        };
        self.write(insert).await
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let insert = |rows: &mut BTreeMap<String, Record>| drop(rows.insert(key.to_owned(), new.clone()));
        self.write(|rows| swap(rows, key, expected, insert)).await
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let rename = |rows: &mut BTreeMap<String, Record>| {
            rows.remove(key);
            rows.insert(new_key.to_owned(), new.clone());
        };
        self.write(|rows| swap(rows, key, expected, rename)).await
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        self.write(|rows| rows.remove(key).is_some()).await
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        Ok(self.rows().contains_key(key))
    }

    async fn clear(
        &self,
        _before: Option<SystemTime>,
        _from: Option<&str>,
        _limit: usize,
    ) -> StoreResult<Cleared> {
        Ok(Cleared::default())
    }

    async fn count(&self, _before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        Ok(Some(self.rows().len() as u64))
    }

    async fn list(&self, _from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let rows = self.rows();
        let listed = rows.iter().take(limit).map(|(key, record)| Listed::new(key, record.clone()));
        Ok((listed.collect(), None))
    }
}

/// A cache that is slow at random, and fails on demand.
#[derive(Clone, Debug)]
pub(super) struct Shaky {
    pub(super) inner: Locmem,
    pub(super) chance: ByPointer,
    /// Reads work, and one write in two fails, whether it took effect or not.
    pub(super) failing: Arc<AtomicBool>,
    /// This process cannot reach the cache.
    pub(super) cut_off: bool,
}

#[derive(Clone)]
pub(super) struct ByPointer(pub(super) Arc<Chance>);

impl std::fmt::Debug for ByPointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chance")
    }
}

impl Shaky {
    async fn write<T>(&self, work: CacheFuture<'_, T>) -> Result<T, CacheError> {
        self.chance.0.wait().await;
        let fails = self.failing.load(Relaxed) && self.chance.0.below(2) == 0;
        if self.cut_off || (fails && self.chance.0.below(2) == 0) {
            return Err(unavailable());
        }
        let result = work.await;
        self.chance.0.wait().await;
        if fails { Err(unavailable()) } else { result }
    }
}

fn unavailable() -> CacheError {
    Unavailable::new("the cache", None).into()
}

impl CacheStore for Shaky {
    fn is_shared(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Bytes>> {
        Box::pin(async move {
            self.chance.0.wait().await;
            if self.cut_off {
                return Err(unavailable());
            }
            let value = self.inner.get(key).await;
            self.chance.0.wait().await;
            value
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> CacheFuture<'a, Vec<Option<Bytes>>> {
        self.inner.get_many(keys)
    }

    fn set<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, ()> {
        Box::pin(self.write(self.inner.set(key, value, ttl)))
    }

    fn add<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, bool> {
        Box::pin(self.write(self.inner.add(key, value, ttl)))
    }

    fn compare_and_set<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: Option<Bytes>,
        ttl: Ttl,
    ) -> CacheFuture<'a, bool> {
        Box::pin(self.write(self.inner.compare_and_set(key, expected, new, ttl)))
    }

    fn move_value<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        new: Bytes,
        ttl: Ttl,
    ) -> CacheFuture<'a, Moved> {
        self.inner.move_value(from, expected, to, new, ttl)
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        Box::pin(self.write(self.inner.delete(key)))
    }

    fn exists<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        self.inner.exists(key)
    }

    fn scan<'a>(&'a self, prefix: &'a str, from: Option<Cursor>) -> CacheFuture<'a, Page> {
        self.inner.scan(prefix, from)
    }

    fn clear(&self) -> CacheFuture<'_, ()> {
        self.inner.clear()
    }
}
