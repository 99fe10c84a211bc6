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

use super::marks::{MARKED, Marks, PREFIX};
use crate::{
    Clock,
    cache::{CacheError, CacheStore, Ttl},
    error::Unavailable,
    sessions::{
        backends::slot::{self, Slot},
        store::Record,
    },
};

/// The longest that a session is cached: what a process that died between the database and the cache
/// left behind ends with it. Django caches as long as the session lasts.
const LONGEST: Duration = Duration::from_secs(3600);
/// What a change waits for the cache.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The slots of all sessions. Clones are the same.
#[derive(Clone)]
pub(super) struct Slots {
    pub(super) marks: Marks,
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

impl Slots {
    pub(super) fn new(cache: Arc<dyn CacheStore>, clock: Clock) -> Self {
        Self { marks: Marks::new(cache), clock }
    }

    pub(super) fn is_shared(&self) -> bool {
        self.marks.cache.is_shared()
    }

    /// Looks at a session's slot.
    pub(super) async fn look(&self, key: &str, now: SystemTime) -> Seen {
        let wire = wire(key);
        if self.marks.in_doubt(&wire) {
            return Seen::Unknown;
        }
        match self.marks.cache.get(&wire).await {
            Ok(value) => match (value.as_deref().map(slot::read), value) {
                (Some(Slot::Live(record)), _) if record.expires > now => Seen::Session(record),
                (Some(Slot::Mark), Some(mark)) => Seen::Mark(mark),
                (_, value) => Seen::Other(value),
            },
            Err(error) => {
                warn(&error, "cannot read the cache: the session is read from the database");
                Seen::Unknown
            }
        }
    }

    /// Marks a slot that still holds what was `seen`; `None` where it does not.
    pub(super) async fn mark(&self, key: &str, seen: Option<&[u8]>) -> Option<Bytes> {
        let mark = slot::mark();
        let marked = self.marks.cache.compare_and_set(&wire(key), seen, Some(mark.clone()), MARKED).await;
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
        let (value, ttl) = (slot::live(&record.data, record.expires), self.ttl(record.expires));
        if let Err(error) = self.marks.cache.compare_and_set(&wire(key), Some(mark), Some(value), ttl).await {
            warn(&error, "cannot cache the session");
        }
    }

    /// Announces a change, before the database is asked for it. Dropped without an outcome, because the
    /// database failed or the caller gave up, it leaves the slot in doubt.
    pub(super) fn change(&self, key: &str) -> Change {
        Change { slots: self.clone(), wire: wire(key), open: true }
    }

    fn ttl(&self, expires: SystemTime) -> Ttl {
        let left = expires.duration_since(self.clock.now()).unwrap_or(Duration::ZERO);
        Ttl::After(left.min(LONGEST))
    }
}

/// A change on its way through the database.
pub(super) struct Change {
    slots: Slots,
    wire: String,
    open: bool,
}

impl Change {
    /// A session that was not there before is there.
    pub(super) async fn created(self, new: &Record) {
        let value = slot::live(&new.data, new.expires);
        let step = async |this: &Self| {
            let ttl = this.slots.ttl(new.expires);
            this.slots.marks.cache.compare_and_set(&this.wire, None, Some(value), ttl).await
        };
        self.settle(step).await;
    }

    /// The session whose data was `expected` is `new` now; `keep_expiry` says that its end stayed.
    pub(super) async fn replaced(self, expected: &str, new: &Record, keep_expiry: bool) {
        let step = async |this: &Self| {
            if new.expires <= this.slots.clock.now() {
                return Ok(false);
            }
            let present = match keep_expiry {
                true => Some(slot::live(expected, new.expires)),
                false => this.holding(expected).await?,
            };
            let Some(present) = present else { return Ok(false) };
            let (value, ttl) = (slot::live(&new.data, new.expires), this.slots.ttl(new.expires));
            this.slots.marks.cache.compare_and_set(&this.wire, Some(&present), Some(value), ttl).await
        };
        self.settle(step).await;
    }

    /// The database does not hold `expected`, which the caller read: the slot must not either.
    pub(super) async fn refused(self, expected: &str) {
        let step = async |this: &Self| match this.holding(expected).await? {
            None => Ok(true),
            Some(stale) => {
                let swap = this.slots.marks.cache.compare_and_set(
                    &this.wire,
                    Some(&stale),
                    Some(slot::mark()),
                    MARKED,
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
        let value = self.slots.marks.cache.get(&self.wire).await?;
        Ok(value.filter(|value| matches!(slot::read(value), Slot::Live(record) if record.data == data)))
    }

    /// Takes the step that keeps the session cached, and marks the slot where that cannot be done.
    async fn settle(mut self, step: impl AsyncFnOnce(&Self) -> Result<bool, CacheError>) {
        let trusted = !self.slots.marks.in_doubt(&self.wire);
        let attempt = async {
            if trusted && step(&self).await.unwrap_or_else(|error| self.failed(&error)) {
                return Ok(());
            }
            self.slots.marks.set(&self.wire).await
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
            self.slots.marks.doubt(std::mem::take(&mut self.wire));
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
