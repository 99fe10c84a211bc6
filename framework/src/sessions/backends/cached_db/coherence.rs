//! The cache in front of the database: when a cached session may be used, and when one may be cached.
//!
//! Each cache entry holds a session or a mark. Marks are random, so none equals another.
//!
//! - A reader that finds nothing of use sets a read mark, then reads the database, then caches what it read
//!   by compare-and-swap over its mark.
//! - A writer sets a write mark *before* it changes the database (`invalidation.rs`). It replaces any session
//!   and any read mark, so whatever was read before the change cannot be cached after it. Readers cache
//!   nothing over a write mark.
//!
//! So the cache never shows a session older than its last acknowledged change, not even where the writer's
//! process dies between the database and the cache: its mark stays. A write mark says until when its change
//! may still reach the database. A writer that finds another's mark caches nothing and leaves a mark until
//! that moment.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use crate::{
    Clock,
    cache::{CacheError, CacheStore, Ttl},
    sessions::{
        backends::cache_entry::{self, CacheEntry},
        store::Record,
    },
};

/// Django's `KEY_PREFIX` of this engine (django/contrib/sessions/backends/cached_db.py).
const PREFIX: &str = "django.contrib.sessions.cached_db";
/// The longest time that a session is cached. Django caches it until it ends.
const LONGEST: Duration = Duration::from_secs(3600);
/// Longer than a reader takes to ask the database. A mark that ends earlier costs a fill, no more.
const READ_MARK_TTL: Ttl = Ttl::After(Duration::from_secs(60));
/// Longer than a change of the database takes. A writer replaces its mark when it is done; the mark of a
/// killed writer keeps the session out of the cache for this long.
const LONGEST_CHANGE: Duration = Duration::from_secs(300);
/// Attempts to mark an entry that others change at the same time.
const MARK_TRIES: usize = 4;

/// The cached sessions.
pub(super) struct Coherence {
    cache: Arc<dyn CacheStore>,
    clock: Clock,
}

/// The state of a cache entry when a reader looks at it.
pub(super) enum Lookup {
    /// The session is cached.
    Session(Record),
    /// Another reader's mark: the session may be cached over it, if it is read from now on.
    ReadMark(Bytes),
    /// Nothing of use. The entry holds these bytes.
    Other(Option<Bytes>),
    /// A writer's mark, or the cache cannot be read: the session must not be cached.
    Uncacheable,
}

/// A writer's own mark.
pub(super) struct WriteMark {
    bytes: Bytes,
    /// Until when the changes of other writers may reach the database: they marked the entry before.
    others_until: Option<SystemTime>,
}

impl Coherence {
    pub(super) fn new(cache: Arc<dyn CacheStore>, clock: Clock) -> Self {
        Self { cache, clock }
    }

    pub(super) fn is_shared(&self) -> bool {
        self.cache.is_shared()
    }

    /// Looks a session up. A cache that fails costs time, no session: the database is asked instead.
    pub(super) async fn look_up(&self, key: &str, now: SystemTime) -> Lookup {
        match self.cache.get(&wire(key)).await {
            Ok(value) => match (value.as_deref().map(cache_entry::read), value) {
                (Some(CacheEntry::Session(record)), _) if record.is_live(now) => Lookup::Session(record),
                (Some(CacheEntry::ReadMark), Some(mark)) => Lookup::ReadMark(mark),
                (Some(CacheEntry::WriteMark(until)), _) if until > self.clock.now() => Lookup::Uncacheable,
                (_, value) => Lookup::Other(value),
            },
            Err(error) => {
                warn(&error, "cannot read the cache: the session is read from the database");
                Lookup::Uncacheable
            }
        }
    }

    /// Sets a read mark over the bytes that were found. Returns `None` where the entry has changed.
    pub(super) async fn mark_for_reading(&self, key: &str, found: Option<&[u8]>) -> Option<Bytes> {
        let mark = cache_entry::read_mark();
        let marked = self.cache.compare_and_set(&wire(key), found, Some(mark.clone()), READ_MARK_TTL).await;
        let marked = marked.inspect_err(|error| warn(error, "cannot cache the session"));
        marked.unwrap_or_default().then_some(mark)
    }

    /// Caches a session that was read from the database after the read mark was set.
    pub(super) async fn fill(&self, key: &str, mark: &[u8], record: &Record) {
        let (value, ttl) = self.cached(record);
        if let Err(error) = self.cache.compare_and_set(&wire(key), Some(mark), Some(value), ttl).await {
            warn(&error, "cannot cache the session");
        }
    }

    /// Sets a write mark. `expected` is the session that the writer loaded: most often the entry holds it.
    pub(super) async fn mark_for_writing(
        &self,
        key: &str,
        expected: Option<&Record>,
    ) -> Result<WriteMark, CacheError> {
        let (wire, now) = (wire(key), self.clock.now());
        let bytes = cache_entry::write_mark(now + LONGEST_CHANGE);
        let set_over = async |present: Option<&[u8]>| {
            let (mark, ttl) = (Some(bytes.clone()), Ttl::After(LONGEST_CHANGE));
            self.cache.compare_and_set(&wire, present, mark, ttl).await
        };
        if let Some(expected) = expected
            && set_over(Some(&cache_entry::session(expected))).await?
        {
            return Ok(WriteMark { bytes, others_until: None });
        }
        for _ in 0..MARK_TRIES {
            let present = self.cache.get(&wire).await?;
            let others_until = match present.as_deref().map(cache_entry::read) {
                Some(CacheEntry::WriteMark(until)) => Some(until).filter(|until| *until > now),
                _ => None,
            };
            if set_over(present.as_deref()).await? {
                return Ok(WriteMark { bytes, others_until });
            }
        }
        self.cache.set(&wire, bytes.clone(), Ttl::After(LONGEST_CHANGE)).await?;
        Ok(WriteMark { bytes, others_until: Some(now + LONGEST_CHANGE) })
    }

    /// Replaces a writer's mark by the session, or removes it where there is none; leaves a mark where other
    /// writers are at work. Returns whether the writer's mark was still there.
    pub(super) async fn unmark(
        &self,
        key: &str,
        mark: &WriteMark,
        new: Option<&Record>,
    ) -> Result<bool, CacheError> {
        let new = new.filter(|new| new.is_live(self.clock.now()));
        let (value, ttl) = match (mark.others_until, new) {
            (Some(until), _) => (Some(cache_entry::write_mark(until)), Ttl::After(LONGEST_CHANGE)),
            (None, Some(new)) => {
                let (value, ttl) = self.cached(new);
                (Some(value), ttl)
            }
            (None, None) => (None, Ttl::Default),
        };
        self.cache.compare_and_set(&wire(key), Some(&mark.bytes), value, ttl).await
    }

    /// Sets a write mark over whatever is there.
    pub(super) async fn overwrite(&self, key: &str) -> Result<(), CacheError> {
        let mark = cache_entry::write_mark(self.clock.now() + LONGEST_CHANGE);
        self.cache.set(&wire(key), mark, Ttl::After(LONGEST_CHANGE)).await
    }

    /// Removes whatever is there.
    pub(super) async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.cache.delete(&wire(key)).await.map(drop)
    }

    /// The cache's value for a session, and for how long.
    fn cached(&self, record: &Record) -> (Bytes, Ttl) {
        let left = record.ends().duration_since(self.clock.now()).unwrap_or_default();
        (cache_entry::session(record), Ttl::After(left.min(LONGEST)))
    }
}

fn wire(key: &str) -> String {
    [PREFIX, key].concat()
}

/// Logs a failure of the cache that costs time only.
pub(super) fn warn(error: &CacheError, what: &'static str) {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(target: "nuages.sessions", error, "{what}");
}
