//! Marking slots so that nothing read before is cached in them, and trying again until that is done.
//!
//! A slot that could not be marked is in doubt: this process does not read it until a task in the
//! background has marked it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, time::sleep};

use crate::{
    cache::{CacheError, CacheStore, Ttl},
    sessions::backends::cache_entry,
};

/// Django's `KEY_PREFIX` of this engine (django/contrib/sessions/backends/cached_db.py).
pub(super) const PREFIX: &str = "django.contrib.sessions.cached_db";
/// Longer than a reader takes to ask the database; a mark that ends earlier costs a fill, no more.
pub(super) const MARK_TTL: Ttl = Ttl::After(Duration::from_secs(60));
/// Between two attempts to mark slots while the cache is down.
const PAUSE: Duration = Duration::from_millis(250);
/// Beyond so many keys in doubt, all are.
const MAX_DOUBTS: usize = 100_000;

/// The cache, and the slots in it that are in doubt. Clones are the same.
#[derive(Clone)]
pub(super) struct Invalidation {
    pub(super) cache: Arc<dyn CacheStore>,
    doubts: Arc<Mutex<Doubts>>,
}

/// Slots that may hold what the database no longer does.
#[derive(Default)]
struct Doubts {
    /// The cache's key, and which doubt of it this is.
    keys: HashMap<String, u64>,
    count: u64,
    /// There were too many to remember.
    all: bool,
    /// A task is at work on them.
    repairing: bool,
}

impl Invalidation {
    pub(super) fn new(cache: Arc<dyn CacheStore>) -> Self {
        Self { cache, doubts: Arc::default() }
    }

    /// Makes the slot hold nothing that was read before.
    pub(super) async fn set(&self, wire: &str) -> Result<(), CacheError> {
        let Err(error) = self.cache.set(wire, cache_entry::mark(), MARK_TTL).await else { return Ok(()) };
        // A server without memory refuses writes, but deletes. Nobody caches over an empty slot unmarked.
        match self.cache.delete(wire).await {
            Ok(_) => Ok(()),
            Err(_) => Err(error),
        }
    }

    pub(super) fn in_doubt(&self, wire: &str) -> bool {
        let doubts = self.doubts();
        doubts.all || doubts.keys.contains_key(wire)
    }

    /// Puts a slot in doubt until the task, which this starts, has marked it.
    pub(super) fn doubt(&self, wire: String) {
        let mut doubts = self.doubts();
        doubts.count += 1;
        let count = doubts.count;
        if doubts.keys.len() < MAX_DOUBTS {
            doubts.keys.insert(wire, count);
        } else {
            doubts.all = true;
        }
        // Without a runtime the next change inside one repairs this too.
        let runtime = Handle::try_current().ok().filter(|_| !doubts.repairing);
        doubts.repairing |= runtime.is_some();
        drop(doubts);
        // Unlocked: a runtime that is shutting down drops the task, which locks, at once.
        if let Some(runtime) = runtime {
            runtime.spawn(Repair(self.clone()).run());
        }
    }

    fn doubts(&self) -> MutexGuard<'_, Doubts> {
        // No code that can panic runs under the lock: the doubts are sound even where it is poisoned.
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn doubt_all(&self) {
        self.doubts().all = true;
    }

    #[cfg(test)]
    pub(super) fn none_in_doubt(&self) -> bool {
        let doubts = self.doubts();
        doubts.keys.is_empty() && !doubts.all
    }
}

/// The task that marks the slots in doubt, until there are none.
struct Repair(Invalidation);

impl Repair {
    async fn run(self) {
        while let Some((all, batch)) = self.batch() {
            let done = if all { self.mark_all().await } else { self.mark(batch).await };
            if let Err(error) = done {
                tracing::debug!(target: "nuages.sessions", %error, "the cache cannot be repaired yet");
                sleep(PAUSE).await;
            }
        }
    }

    /// What to do next; `None`, and no longer at work, where there is nothing.
    fn batch(&self) -> Option<(bool, Vec<(String, u64)>)> {
        let mut doubts = self.0.doubts();
        if doubts.keys.is_empty() && !doubts.all {
            doubts.repairing = false;
            return None;
        }
        let keys = doubts.keys.iter().take(100).map(|(key, &count)| (key.clone(), count));
        Some((doubts.all, keys.collect()))
    }

    async fn mark(&self, batch: Vec<(String, u64)>) -> Result<(), CacheError> {
        for (wire, count) in batch {
            self.0.set(&wire).await?;
            let mut doubts = self.0.doubts();
            // A newer doubt of the key may have come after the mark.
            if doubts.keys.get(&wire) == Some(&count) {
                doubts.keys.remove(&wire);
            }
        }
        Ok(())
    }

    /// Invalidation every slot there is.
    async fn mark_all(&self) -> Result<(), CacheError> {
        let before = self.0.doubts().count;
        let mut from = None;
        loop {
            let page = self.0.cache.scan(PREFIX, from).await?;
            for wire in &page.keys {
                self.0.set(wire).await?;
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        let mut doubts = self.0.doubts();
        // What came meanwhile stays covered by `all`.
        doubts.keys.clear();
        doubts.all = doubts.count != before;
        Ok(())
    }
}

impl Drop for Repair {
    fn drop(&mut self) {
        // The runtime may end before the work does: the next doubt begins anew.
        self.0.doubts().repairing = false;
    }
}
