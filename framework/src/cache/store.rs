//! [`CacheStore`], the trait of all caches. Session engines and projects call it; backends implement it.
//!
//! Values are opaque bytes. Every operation on one key is atomic.

use std::{fmt::Debug, time::Duration};

use bytes::Bytes;

use super::CacheError;
use crate::BoxFuture;

/// The future that each operation of a cache returns.
pub type CacheFuture<'a, T> = BoxFuture<'a, Result<T, CacheError>>;

/// How long an entry lives, counted from the write.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use nuages::cache::Ttl;
///
/// assert_eq!(Ttl::from(Duration::from_secs(60)), Ttl::After(Duration::from_secs(60)));
/// assert_eq!(Ttl::default(), Ttl::Default);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ttl {
    /// Expires after the cache's `TIMEOUT`.
    #[default]
    Default,
    /// Expires after this duration; zero expires immediately, as Django's `timeout=0`.
    After(Duration),
    /// Stays until it is deleted or evicted.
    Never,
}

impl From<Duration> for Ttl {
    fn from(duration: Duration) -> Self {
        Self::After(duration)
    }
}

/// The result of [`CacheStore::move_value`].
///
/// # Examples
///
/// ```
/// use nuages::cache::{CacheError, CacheStore, Moved, Ttl};
///
/// /// Publishes a draft that nobody has changed since it was read.
/// async fn publish(cache: &dyn CacheStore, draft: &[u8]) -> Result<bool, CacheError> {
///     let text = draft.to_vec().into();
///     match cache.move_value("draft", draft, "article", text, Ttl::Never).await? {
///         Moved::Done => Ok(true),
///         Moved::Changed | Moved::Gone | Moved::Taken => Ok(false),
///     }
/// }
/// ```
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
///
/// # Examples
///
/// ```
/// use nuages::cache::{CacheError, CacheStore};
///
/// async fn count(cache: &dyn CacheStore, prefix: &str) -> Result<usize, CacheError> {
///     let mut page = cache.scan(prefix, None).await?;
///     let mut count = page.keys.len();
///     while let Some(next) = page.next {
///         page = cache.scan(prefix, Some(next)).await?;
///         count += page.keys.len();
///     }
///     Ok(count)
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Cursor>,
    /// The keys, as they were given to `set`. Any page may be empty, not only the last.
    pub keys: Vec<String>,
}

/// A position in a scan. It has a meaning only to the cache that returned it.
///
/// # Examples
///
/// ```
/// use nuages::cache::{Cursor, Page};
///
/// // A cache of four buckets returns one bucket a page.
/// let page = Page { keys: vec!["greeting".into()], next: Some(Cursor(1)) };
/// assert_eq!(page.next.map(|cursor| cursor.0), Some(1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub u64);

/// A cache: bytes under keys, each with a time to live.
///
/// Callers pass their own keys; the cache puts `KEY_PREFIX:VERSION:` before them, as Django's `make_key`.
/// Expired entries are absent in every operation. Entries may vanish earlier, because caches evict.
///
/// Implement it for a custom backend and add that with [`Caches::with`](super::Caches::with).
///
/// # Errors
///
/// Every operation fails with [`CacheError::Unavailable`] where the server does not answer in time. A
/// write that fails with that error may still have been carried out.
///
/// # Examples
///
/// ```
/// use nuages::{Clock, cache::{CacheStore, KeySpace, Locmem, Ttl}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
/// let cache: &dyn CacheStore = &Locmem::new(KeySpace::new("", 1), 1000, Clock::system());
/// assert!(cache.add("visits", "1".into(), Ttl::Default).await?);
/// // Only the caller that read the present value can replace it: no increment is lost.
/// assert!(cache.compare_and_set("visits", Some(b"1"), Some("2".into()), Ttl::Default).await?);
/// assert!(!cache.compare_and_set("visits", Some(b"1"), Some("2".into()), Ttl::Default).await?);
/// # Ok(()) }
/// ```
pub trait CacheStore: Debug + Send + Sync {
    /// Whether other processes share these entries.
    fn is_shared(&self) -> bool;

    /// Returns the value under `key`.
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Bytes>>;

    /// Returns the values under `keys`, in their order. Each read is atomic, all of them together are not.
    fn get_many<'a>(&'a self, keys: &'a [String]) -> CacheFuture<'a, Vec<Option<Bytes>>>;

    /// Stores `value` under `key` and replaces a value that is there.
    fn set<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, ()>;

    /// Stores `value` under `key` if the key is absent; returns whether it did.
    fn add<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, bool>;

    /// Replaces `expected` by `new` if `expected` is the present value; returns whether it did.
    ///
    /// `expected: None` means that the key is absent, `new: None` deletes it. `ttl` is the new value's.
    fn compare_and_set<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: Option<Bytes>,
        ttl: Ttl,
    ) -> CacheFuture<'a, bool>;

    /// Deletes `from` and stores `new` under `to` in one step, if `from` has the value `expected` and
    /// `to` is absent.
    fn move_value<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        new: Bytes,
        ttl: Ttl,
    ) -> CacheFuture<'a, Moved>;

    /// Deletes `key`; returns whether it was there.
    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool>;

    /// Whether `key` is there.
    fn exists<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool>;

    /// Returns one page of the keys that begin with `prefix`, unordered. `from: None` begins a scan.
    ///
    /// A key that exists during the whole scan is listed at least once.
    fn scan<'a>(&'a self, prefix: &'a str, from: Option<Cursor>) -> CacheFuture<'a, Page>;

    /// Deletes all keys under this cache's `KEY_PREFIX` and `VERSION`. Django empties the whole Redis
    /// database instead.
    fn clear(&self) -> CacheFuture<'_, ()>;
}
