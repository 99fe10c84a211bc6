//! [`CacheStore`]: what every cache can do. Sessions and projects use it; backends implement it.
//!
//! Values are bytes; nothing here knows what they mean. All operations on one key are atomic.

use std::{fmt::Debug, time::Duration};

use bytes::Bytes;

use super::CacheError;
use crate::BoxFuture;

/// What each operation of a cache returns.
pub type CacheFuture<'a, T> = BoxFuture<'a, Result<T, CacheError>>;

/// How long an entry lives, counted from the write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ttl {
    /// As the cache's `TIMEOUT` says.
    #[default]
    Default,
    /// So long. Zero is over at once: the key is absent afterwards, as with Django's `timeout=0`.
    After(Duration),
    /// Until it is deleted or evicted.
    Never,
}

impl From<Duration> for Ttl {
    fn from(duration: Duration) -> Self {
        Self::After(duration)
    }
}

/// What became of [`CacheStore::move_value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Moved {
    /// The old key is gone and the new one holds the new value.
    Done,
    /// The old key holds another value; nothing was changed.
    Changed,
    /// The old key is absent; nothing was changed.
    Gone,
    /// The new key is in use; nothing was changed.
    Taken,
}

/// One page of [`CacheStore::scan`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Cursor>,
    /// The keys of this page, as they were given to `set`: there may be none on a page before the last.
    pub keys: Vec<String>,
}

/// A place in a scan. Only the cache that gave it out understands it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub u64);

/// A cache: bytes under keys, each with a time to live.
///
/// The keys are the caller's; the cache puts `KEY_PREFIX:VERSION:` before them, as Django's `make_key`.
/// An entry whose time is over is absent in every operation. Any entry may vanish earlier: caches evict.
///
/// # Errors
///
/// Every operation fails with [`CacheError::Unavailable`] where the server does not answer in time; a
/// write that fails so may still have been carried out.
pub trait CacheStore: Debug + Send + Sync {
    /// Whether other processes see the same entries.
    fn is_shared(&self) -> bool;

    /// The value under `key`.
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Bytes>>;

    /// The values under `keys`, in their order. Each is read atomically, not all of them together.
    fn get_many<'a>(&'a self, keys: &'a [String]) -> CacheFuture<'a, Vec<Option<Bytes>>>;

    /// Puts `value` under `key`, whatever was there.
    fn set<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, ()>;

    /// Puts `value` under `key` only if it is absent; says whether it did.
    fn add<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, bool>;

    /// Puts `new` under `key` (`None` deletes it) only if `expected` is there (`None` = it is absent);
    /// says whether it did. `ttl` counts for the new value.
    fn compare_and_set<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: Option<Bytes>,
        ttl: Ttl,
    ) -> CacheFuture<'a, bool>;

    /// Moves an entry to another key with another value, in one step, only if `expected` is under
    /// `from` and `to` is absent.
    fn move_value<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        new: Bytes,
        ttl: Ttl,
    ) -> CacheFuture<'a, Moved>;

    /// Deletes `key`; says whether it was there.
    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool>;

    /// Whether `key` is there.
    fn exists<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool>;

    /// One page of the keys that begin with `prefix`, in no order; `None` begins.
    ///
    /// A key that is there during the whole scan is listed at least once.
    fn scan<'a>(&'a self, prefix: &'a str, from: Option<Cursor>) -> CacheFuture<'a, Page>;

    /// Deletes every key of this cache: those under its `KEY_PREFIX` and `VERSION` only, where Django
    /// empties the whole Redis database.
    fn clear(&self) -> CacheFuture<'_, ()>;
}
