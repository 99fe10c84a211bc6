//! Which sessions got a new key lately, so that a logout already in flight under the old key is final.
//!
//! Known to this process only: between processes that share a store, a logout that loaded the session
//! before a login elsewhere renamed it does not reach the new key.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Longer than any request lasts.
const KEPT: Duration = Duration::from_secs(600);
/// Beyond this the old entries are swept.
const SWEEP_OVER: usize = 4096;

#[derive(Default)]
pub(super) struct Moved(Mutex<HashMap<String, (String, Instant)>>);

impl Moved {
    pub(super) fn note(&self, old: String, new: String) {
        let mut map = self.lock();
        if map.len() >= SWEEP_OVER {
            map.retain(|_, (_, when)| when.elapsed() < KEPT);
        }
        map.insert(old, (new, Instant::now()));
    }

    pub(super) fn successor(&self, key: &str) -> Option<String> {
        self.lock().get(key).filter(|(_, when)| when.elapsed() < KEPT).map(|(new, _)| new.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (String, Instant)>> {
        // No code that can panic runs under the lock: the map is sound even where it is poisoned.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
