//! `locmem`: a cache in this process's memory, bounded in entries and in bytes.
//!
//! Eviction is the clock algorithm: a hand goes round the entries, spares those that were read since its
//! last round, and evicts the others. Each write also checks two entries and drops expired ones. Processes
//! do not share entries, and a restart loses them.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use indexmap::IndexMap;

use super::{CacheError, CacheFuture, CacheStore, Cursor, KeySpace, Moved, Page, Ttl, keyspace::Life};
use crate::Clock;

/// Caches of fewer entries have one lock; larger ones have [`SHARDS`].
const SHARDED_FROM: usize = 4096;
const SHARDS: usize = 16;
/// The size limit of one cache in bytes: keys, values, and [`OVERHEAD`] for each entry.
const MAX_BYTES: usize = 256 << 20;
const OVERHEAD: usize = 128;

/// A cache in memory. Clones and [views](Locmem::view) share their entries.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use nuages::{Clock, cache::{CacheStore, KeySpace, Locmem, Ttl}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
/// let clock = Clock::system();
/// let cache = Locmem::new(KeySpace::new("", 1), 1000, clock.clone());
/// cache.set("greeting", "hello".into(), Ttl::After(Duration::from_secs(60))).await?;
/// assert!(cache.exists("greeting").await?);
/// clock.advance(Duration::from_secs(60));
/// assert!(!cache.exists("greeting").await?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Locmem {
    keys: KeySpace,
    clock: Clock,
    map: Arc<Map>,
}

struct Map {
    hasher: RandomState,
    max_entries: usize,
    max_bytes: usize,
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Default)]
struct Shard {
    entries: IndexMap<Box<str>, Entry>,
    bytes: usize,
    /// The next entry that eviction looks at.
    hand: usize,
    /// The next entry that the search for expired entries looks at.
    sweep: usize,
}

struct Entry {
    value: Bytes,
    expires: Option<SystemTime>,
    /// Read since the hand's last round.
    used: bool,
}

impl Locmem {
    /// Makes an empty cache of at most `max_entries` entries (at least one) and 256 MiB.
    pub fn new(keys: KeySpace, max_entries: usize, clock: Clock) -> Self {
        let count = if max_entries < SHARDED_FROM { 1 } else { SHARDS };
        let map = Map {
            hasher: RandomState::new(),
            max_entries: (max_entries / count).max(1),
            max_bytes: MAX_BYTES / count,
            shards: (0..count).map(|_| Mutex::default()).collect(),
        };
        Self { keys, clock, map: Arc::new(map) }
    }

    /// The same memory under another key prefix, version and timeout.
    #[must_use]
    pub fn view(&self, keys: KeySpace) -> Self {
        Self { keys, ..self.clone() }
    }

    /// The number of entries, including expired ones that have not been dropped yet.
    pub fn len(&self) -> usize {
        (0..self.map.shards.len()).map(|index| self.map.lock(index).entries.len()).sum()
    }

    /// Whether the cache has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs `work` on `key` while its shard is locked.
    fn on<'a, T: Send + 'a>(
        &'a self,
        key: &'a str,
        work: impl FnOnce(&mut Slot<'_>) -> Result<T, CacheError> + Send + 'a,
    ) -> CacheFuture<'a, T> {
        Box::pin(async move {
            let server_key = self.keys.server_key(key);
            let mut shard = self.map.lock(self.map.place(&server_key));
            work(&mut Slot { shard: &mut shard, key: &server_key, now: self.clock.now(), map: &self.map })
        })
    }
}

impl Map {
    fn place(&self, server_key: &str) -> usize {
        // The remainder is below the number of shards, so it fits a usize.
        (self.hasher.hash_one(server_key) % self.shards.len() as u64) as usize
    }

    fn lock(&self, index: usize) -> MutexGuard<'_, Shard> {
        // No operation panics while a shard is inconsistent, so a poisoned lock can be used.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_two(&self, one: usize, other: usize) -> Locked<'_> {
        // The lower shard first, always: two moves in opposite directions cannot deadlock.
        let low = one.min(other);
        let first = self.lock(low);
        let second = (one != other).then(|| self.lock(one.max(other)));
        Locked { map: self, low, first, second }
    }

    fn check(&self, value: &[u8]) -> Result<(), CacheError> {
        let limit = self.max_bytes / 4;
        if value.len() > limit { Err(CacheError::TooLarge { size: value.len(), limit }) } else { Ok(()) }
    }
}

/// The locked shards of two keys, which may be the same shard.
struct Locked<'a> {
    map: &'a Map,
    low: usize,
    first: MutexGuard<'a, Shard>,
    second: Option<MutexGuard<'a, Shard>>,
}

impl Locked<'_> {
    fn slot<'b>(&'b mut self, key: &'b str, now: SystemTime) -> Slot<'b> {
        let place = self.map.place(key);
        let shard = match &mut self.second {
            Some(second) if place != self.low => second,
            _ => &mut self.first,
        };
        Slot { shard, key, now, map: self.map }
    }
}

/// One key in its locked shard.
struct Slot<'a> {
    shard: &'a mut Shard,
    key: &'a str,
    now: SystemTime,
    map: &'a Map,
}

impl Slot<'_> {
    /// The value, without marking it as read.
    fn peek(&mut self) -> Option<&Bytes> {
        let index = self.shard.find(self.key, self.now)?;
        Some(&self.shard.entries[index].value)
    }

    fn read(&mut self) -> Option<Bytes> {
        let index = self.shard.find(self.key, self.now)?;
        let entry = &mut self.shard.entries[index];
        entry.used = true;
        Some(entry.value.clone())
    }

    fn remove(&mut self) -> bool {
        let found = self.shard.find(self.key, self.now);
        found.inspect(|&index| self.shard.drop_at(index)).is_some()
    }

    fn put(&mut self, value: &[u8], life: Life) {
        self.remove();
        let expires = match life {
            Life::Expired => return,
            Life::Endless => None,
            Life::For(duration) => self.now.checked_add(duration),
        };
        self.shard.drop_expired(self.now);
        let cost = cost(self.key, value);
        while self.shard.entries.len() >= self.map.max_entries
            || (self.shard.bytes + cost > self.map.max_bytes && !self.shard.entries.is_empty())
        {
            self.shard.turn(self.now);
        }
        // A copy, because the caller's bytes may keep a much larger buffer alive.
        let value = Bytes::copy_from_slice(value);
        self.shard.bytes += cost;
        self.shard.entries.insert(self.key.into(), Entry { value, expires, used: false });
    }
}

fn cost(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + OVERHEAD
}

impl Entry {
    fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Shard {
    /// The index of the live entry of `key`. Drops an expired entry.
    fn find(&mut self, key: &str, now: SystemTime) -> Option<usize> {
        let index = self.entries.get_index_of(key)?;
        if self.entries[index].is_expired(now) {
            self.drop_at(index);
            return None;
        }
        Some(index)
    }

    fn drop_at(&mut self, index: usize) {
        if let Some((key, entry)) = self.entries.swap_remove_index(index) {
            self.bytes -= cost(&key, &entry.value);
        }
    }

    /// Moves the hand one step: evicts the entry under it, or spares it once if it was read.
    fn turn(&mut self, now: SystemTime) {
        if self.hand >= self.entries.len() {
            self.hand = 0;
        }
        match self.entries.get_index_mut(self.hand) {
            Some((_, entry)) if entry.used && !entry.is_expired(now) => entry.used = false,
            _ => self.drop_at(self.hand),
        }
        // Evicting moved the newest entry under the hand: it must not be the next one evicted.
        self.hand += 1;
    }

    /// Checks the next two entries and drops those that have expired.
    fn drop_expired(&mut self, now: SystemTime) {
        for _ in 0..2 {
            if self.sweep >= self.entries.len() {
                self.sweep = 0;
            }
            match self.entries.get_index(self.sweep) {
                Some((_, entry)) if entry.is_expired(now) => self.drop_at(self.sweep),
                _ => self.sweep += 1,
            }
        }
    }
}

impl std::fmt::Debug for Locmem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Locmem").field("entries", &self.len()).finish_non_exhaustive()
    }
}

impl CacheStore for Locmem {
    fn is_shared(&self) -> bool {
        false
    }

    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Bytes>> {
        self.on(key, move |slot| Ok(slot.read()))
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> CacheFuture<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            let mut values = Vec::with_capacity(keys.len());
            for key in keys {
                values.push(self.get(key).await?);
            }
            Ok(values)
        })
    }

    fn set<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, ()> {
        self.on(key, move |slot| {
            slot.map.check(&value)?;
            slot.put(&value, self.keys.life(ttl));
            Ok(())
        })
    }

    fn add<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, bool> {
        self.compare_and_set(key, None, Some(value), ttl)
    }

    fn compare_and_set<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: Option<Bytes>,
        ttl: Ttl,
    ) -> CacheFuture<'a, bool> {
        self.on(key, move |slot| {
            slot.map.check(new.as_deref().unwrap_or_default())?;
            if slot.peek().map(|value| &value[..]) != expected {
                return Ok(false);
            }
            match &new {
                Some(value) => slot.put(value, self.keys.life(ttl)),
                None => drop(slot.remove()),
            }
            Ok(true)
        })
    }

    fn move_value<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        new: Bytes,
        ttl: Ttl,
    ) -> CacheFuture<'a, Moved> {
        Box::pin(async move {
            self.map.check(&new)?;
            let (from, to) = (self.keys.server_key(from), self.keys.server_key(to));
            let (life, now) = (self.keys.life(ttl), self.clock.now());
            let mut locked = self.map.lock_two(self.map.place(&from), self.map.place(&to));
            match locked.slot(&from, now).peek() {
                None => return Ok(Moved::Gone),
                Some(value) if *value != expected => return Ok(Moved::Changed),
                Some(_) => {}
            }
            if from != to && locked.slot(&to, now).peek().is_some() {
                return Ok(Moved::Taken);
            }
            locked.slot(&from, now).remove();
            locked.slot(&to, now).put(&new, life);
            Ok(Moved::Done)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        self.on(key, move |slot| Ok(slot.remove()))
    }

    fn exists<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        self.on(key, move |slot| Ok(slot.peek().is_some()))
    }

    fn scan<'a>(&'a self, prefix: &'a str, from: Option<Cursor>) -> CacheFuture<'a, Page> {
        Box::pin(async move {
            // Each page is a shard. Entries never change shards, so none is missed.
            let index = from.map_or(0, |cursor| cursor.0 as usize);
            if index >= self.map.shards.len() {
                return Ok(Page::default());
            }
            let (server_prefix, now) = (self.keys.server_key(prefix), self.clock.now());
            let shard = self.map.lock(index);
            let live = shard.entries.iter().filter(|(_, entry)| !entry.is_expired(now));
            let ours = live.filter(|(key, _)| key.starts_with(&server_prefix));
            let keys = ours.filter_map(|(key, _)| self.keys.strip(key).map(str::to_owned)).collect();
            let next = (index + 1 < self.map.shards.len()).then_some(Cursor(index as u64 + 1));
            Ok(Page { next, keys })
        })
    }

    fn clear(&self) -> CacheFuture<'_, ()> {
        Box::pin(async move {
            for index in 0..self.map.shards.len() {
                let mut shard = self.map.lock(index);
                shard.entries.retain(|key, _| self.keys.strip(key).is_none());
                shard.bytes = shard.entries.iter().map(|(key, entry)| cost(key, &entry.value)).sum();
            }
            Ok(())
        })
    }
}
