//! A database and a cache that dawdle and fail: what the tests of the protocol run on.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use bytes::Bytes;
use tokio::task::yield_now;

use crate::{
    BoxFuture,
    cache::{CacheError, CacheFuture, CacheStore, Cursor, Locmem, Moved, Page, Ttl},
    error::Unavailable,
    sessions::store::{Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
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
pub(super) struct Table {
    pub(super) rows: Mutex<BTreeMap<String, Record>>,
    pub(super) chance: Arc<Chance>,
    /// The next writes take effect, but are answered with an error.
    pub(super) ambiguous: AtomicBool,
}

impl Table {
    pub(super) fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        self.rows.lock().expect("no test panics under it")
    }

    async fn write<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Record>) -> T) -> StoreResult<T> {
        self.chance.wait().await;
        let result = work(&mut self.rows());
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
    expected: &str,
    work: impl FnOnce(&mut BTreeMap<String, Record>),
) -> Swap {
    match rows.get(key) {
        None => Swap::Gone,
        Some(present) if present.data != expected => Swap::Changed,
        Some(_) => {
            work(rows);
            Swap::Done
        }
    }
}

impl SessionStore for Table {
    fn promises(&self) -> Promises {
        Promises {
            durable: true,
            shared: true,
            revocable: true,
            compare_and_swap: true,
            self_clearing: false,
        }
    }

    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>> {
        Box::pin(async move {
            self.chance.wait().await;
            let found = self.rows().get(key).filter(|record| record.expires > now).cloned();
            self.chance.wait().await;
            Ok(found)
        })
    }

    fn create<'a>(&'a self, key: &'a str, record: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(self.write(move |rows| {
            let free = !rows.contains_key(key);
            if free {
                rows.insert(key.to_owned(), record.clone());
            }
            free
        }))
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        record: &'a Record,
        _keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(self.write(move |rows| {
            swap(rows, key, expected, |rows| drop(rows.insert(key.to_owned(), record.clone())))
        }))
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        record: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(self.write(move |rows| {
            swap(rows, key, expected, |rows| {
                rows.remove(key);
                rows.insert(new_key.to_owned(), record.clone());
            })
        }))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(self.write(move |rows| rows.remove(key).is_some()))
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move { Ok(self.rows().contains_key(key)) })
    }

    fn clear(&self, _now: Option<SystemTime>, _limit: usize) -> BoxFuture<'_, StoreResult<u64>> {
        Box::pin(async { Ok(0) })
    }

    fn count(&self, _now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        Box::pin(async { Ok(Some(self.rows().len() as u64)) })
    }

    fn list<'a>(
        &'a self,
        _cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        Box::pin(async move {
            let rows = self.rows();
            let page = rows.iter().take(limit);
            let listed = page.map(|(key, record)| Listed { key: key.clone(), record: record.clone() });
            Ok((listed.collect(), None))
        })
    }
}

/// A cache that dawdles, and fails where it is told to.
#[derive(Clone, Debug)]
pub(super) struct Shaky {
    pub(super) inner: Locmem,
    pub(super) chance: ByPointer,
    /// Reads go on, and of writes one in two fails, done or not.
    pub(super) failing: Arc<AtomicBool>,
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
        let unavailable = || CacheError::from(Unavailable::new("the cache", None));
        if fails && self.chance.0.below(2) == 0 {
            return Err(unavailable());
        }
        let result = work.await;
        self.chance.0.wait().await;
        if fails { Err(unavailable()) } else { result }
    }
}

impl CacheStore for Shaky {
    fn is_shared(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Bytes>> {
        Box::pin(async move {
            self.chance.0.wait().await;
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
