//! The cache before the database: what may be read from it, and what each change does to it.
//!
//! A reader puts a mark that equals no other into the slot, then reads the database, then caches what it
//! read only over that mark. A writer, after the database took its change, puts the new value only over
//! the one it replaced; else it leaves a mark of its own. So what was read before a change is never cached
//! after it, whoever wrote, evicted or deleted in between. A change whose outcome is unknown leaves the key
//! in doubt: it is not read here until the slot is marked.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::time::timeout;

use super::invalidation::{Invalidation, MARK_TTL, PREFIX};
use crate::{
    Clock,
    cache::{CacheError, CacheStore, Ttl},
    error::Unavailable,
    sessions::{
        backends::cache_entry::{self, CacheEntry},
        store::Record,
    },
};

/// The longest that a session is cached: what a process that died between the database and the cache
/// left behind ends with it. Django caches as long as the session lasts.
const LONGEST: Duration = Duration::from_secs(3600);
/// What a change waits for the cache.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The coherence of all sessions. Clones are the same.
#[derive(Clone)]
pub(super) struct Coherence {
    pub(super) invalidation: Invalidation,
    clock: Clock,
}

/// What a reader saw before it asks the database.
pub(super) enum Seen {
    /// This session.
    Session(Record),
    /// This mark: what the database says from now on may be cached over it.
    Mark(Bytes),
    /// Nothing of use; the slot held this.
    Other(Option<Bytes>),
    /// The slot cannot be read, or is in doubt: nothing is to be cached.
    Unknown,
}

impl Coherence {
    pub(super) fn new(cache: Arc<dyn CacheStore>, clock: Clock) -> Self {
        Self { invalidation: Invalidation::new(cache), clock }
    }

    pub(super) fn is_shared(&self) -> bool {
        self.invalidation.cache.is_shared()
    }

    /// Looks at a session's slot.
    pub(super) async fn look(&self, key: &str, now: SystemTime) -> Seen {
        let wire = wire(key);
        if self.invalidation.in_doubt(&wire) {
            return Seen::Unknown;
        }
        match self.invalidation.cache.get(&wire).await {
            Ok(value) => match (value.as_deref().map(cache_entry::read), value) {
                (Some(CacheEntry::Session(record)), _) if record.is_live(now) => Seen::Session(record),
                (Some(CacheEntry::Mark), Some(mark)) => Seen::Mark(mark),
                (_, value) => Seen::Other(value),
            },
            Err(error) => {
                warn(&error, "cannot read the cache: the session is read from the database");
                Seen::Unknown
            }
        }
    }

    /// Invalidation a slot that still holds what was `seen`; `None` where it does not.
    pub(super) async fn mark(&self, key: &str, seen: Option<&[u8]>) -> Option<Bytes> {
        let mark = cache_entry::mark();
        let marked =
            self.invalidation.cache.compare_and_set(&wire(key), seen, Some(mark.clone()), MARK_TTL).await;
        match marked {
            Ok(marked) => marked.then_some(mark),
            Err(error) => {
                warn(&error, "cannot cache the session");
                None
            }
        }
    }

    /// Caches what the database said after the `mark` was seen, if it is still there.
    pub(super) async fn fill(&self, key: &str, mark: &[u8], record: &Record) {
        let (value, ttl) = (cache_entry::session(record), self.ttl(record));
        if let Err(error) =
            self.invalidation.cache.compare_and_set(&wire(key), Some(mark), Some(value), ttl).await
        {
            warn(&error, "cannot cache the session");
        }
    }

    /// Announces a change, before the database is asked for it. Dropped without an outcome, because the
    /// database failed or the caller gave up, it leaves the slot in doubt.
    pub(super) fn change(&self, key: &str) -> Change {
        Change { coherence: self.clone(), wire: wire(key), open: true }
    }

    fn ttl(&self, record: &Record) -> Ttl {
        let left = record.ends().duration_since(self.clock.now()).unwrap_or(Duration::ZERO);
        Ttl::After(left.min(LONGEST))
    }
}

/// A change on its way through the database.
pub(super) struct Change {
    coherence: Coherence,
    wire: String,
    open: bool,
}

impl Change {
    /// A session that was not there before is there.
    pub(super) async fn created(self, new: &Record) {
        let value = cache_entry::session(new);
        let step = async |this: &Self| {
            let ttl = this.coherence.ttl(new);
            this.coherence.invalidation.cache.compare_and_set(&this.wire, None, Some(value), ttl).await
        };
        self.settle(step).await;
    }

    /// The session that was `expected` is `new` now.
    pub(super) async fn replaced(self, expected: &Record, new: &Record) {
        let step = async |this: &Self| {
            if !new.is_live(this.coherence.clock.now()) {
                return Ok(false);
            }
            // Where the end stayed, the present value is known to the byte.
            let present = match expected.expires == new.expires {
                true => Some(cache_entry::session(expected)),
                false => this.holding(&expected.data).await?,
            };
            let Some(present) = present else { return Ok(false) };
            let (value, ttl) = (cache_entry::session(new), this.coherence.ttl(new));
            this.coherence
                .invalidation
                .cache
                .compare_and_set(&this.wire, Some(&present), Some(value), ttl)
                .await
        };
        self.settle(step).await;
    }

    /// The database does not hold `expected`, which the caller read: the slot must not either.
    pub(super) async fn refused(self, expected: &Record) {
        let step = async |this: &Self| match this.holding(&expected.data).await? {
            None => Ok(true),
            Some(stale) => {
                let swap = this.coherence.invalidation.cache.compare_and_set(
                    &this.wire,
                    Some(&stale),
                    Some(cache_entry::mark()),
                    MARK_TTL,
                );
                swap.await
            }
        };
        self.settle(step).await;
    }

    /// The session is gone.
    pub(super) async fn deleted(self) {
        self.settle(async |_: &Self| Ok(false)).await;
    }

    /// Nothing was changed.
    pub(super) fn none(mut self) {
        self.open = false;
    }

    /// The slot's bytes, if it holds the session with these data.
    async fn holding(&self, data: &str) -> Result<Option<Bytes>, CacheError> {
        let value = self.coherence.invalidation.cache.get(&self.wire).await?;
        Ok(value.filter(
            |value| matches!(cache_entry::read(value), CacheEntry::Session(record) if record.data == data),
        ))
    }

    /// Takes the step that keeps the session cached, and marks the slot where that cannot be done.
    async fn settle(mut self, step: impl AsyncFnOnce(&Self) -> Result<bool, CacheError>) {
        let trusted = !self.coherence.invalidation.in_doubt(&self.wire);
        let attempt = async {
            if trusted && step(&self).await.unwrap_or_else(|error| self.failed(&error)) {
                return Ok(());
            }
            self.coherence.invalidation.set(&self.wire).await
        };
        match timeout(PATIENCE, attempt).await {
            Ok(Ok(())) => self.open = false,
            Ok(Err(error)) => warn(&error, "cannot mark the change in the cache: tried again until it is"),
            Err(elapsed) => {
                let error = Unavailable::new("the cache of the sessions", Some(elapsed.into())).into();
                warn(&error, "cannot mark the change in the cache: tried again until it is");
            }
        }
    }

    fn failed(&self, error: &CacheError) -> bool {
        warn(error, "cannot cache the changed session");
        false
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if self.open {
            self.coherence.invalidation.doubt(std::mem::take(&mut self.wire));
        }
    }
}

fn wire(key: &str) -> String {
    [PREFIX, key].concat()
}

/// A failing cache costs speed, never a session: it is logged and not raised, as in Django.
fn warn(error: &CacheError, what: &'static str) {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(target: "nuages.sessions", error, "{what}");
}
