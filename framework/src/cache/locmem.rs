//! `locmem`: a cache in this process's memory, bounded in entries and in bytes.
//!
//! Eviction is the clock algorithm: a hand goes round the entries, spares once whatever was read since
//! it last came by, and drops the rest. Each write also looks at two entries for ones whose time is over.
//! A process never sees what another one cached, and a restart forgets everything.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use indexmap::IndexMap;

use super::{CacheError, CacheFuture, CacheStore, Cursor, KeySpace, Moved, Page, Ttl, keyspace::Life};
use crate::Clock;

/// Below this many entries one lock does; above it there are [`SHARDS`].
const SHARDED_FROM: usize = 4096;
const SHARDS: usize = 16;
/// What one cache may hold, in bytes: keys, values, and [`OVERHEAD`] for each entry.
const MAX_BYTES: usize = 256 << 20;
const OVERHEAD: usize = 128;

/// A cache in memory. Clones and [views](Locmem::view) share their entries.
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
    /// Where eviction looks next.
    hand: usize,
    /// Where the search for entries whose time is over looks next.
    broom: usize,
}

struct Entry {
    value: Bytes,
    expires: Option<SystemTime>,
    /// Read since the hand last came by.
    used: bool,
}

impl Locmem {
    /// An empty cache of at most `max_entries` entries (at least one) and 256 MiB.
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

    /// The same entries under another key prefix, version and timeout.
    #[must_use]
    pub fn view(&self, keys: KeySpace) -> Self {
        Self { keys, ..self.clone() }
    }

    /// How many entries there are, those whose time is over but which were not yet dropped included.
    pub fn len(&self) -> usize {
        (0..self.map.shards.len()).map(|index| self.map.lock(index).entries.len()).sum()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Works on `key` with its shard locked.
    fn on<'a, T: Send + 'a>(
        &'a self,
        key: &'a str,
        work: impl FnOnce(&mut Slot<'_>) -> Result<T, CacheError> + Send + 'a,
    ) -> CacheFuture<'a, T> {
        Box::pin(async move {
            let wire = self.keys.wire(key);
            let mut shard = self.map.lock(self.map.place(&wire));
            work(&mut Slot { shard: &mut shard, key: &wire, now: self.clock.now(), map: &self.map })
        })
    }
}

impl Map {
    fn place(&self, wire: &str) -> usize {
        // The remainder is below the number of shards, so that it fits.
        (self.hasher.hash_one(wire) % self.shards.len() as u64) as usize
    }

    fn lock(&self, index: usize) -> MutexGuard<'_, Shard> {
        // No operation on a shard panics half-way, so that a poisoned lock guards whole data.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_two(&self, one: usize, other: usize) -> Locked<'_> {
        // Always the lower shard first: two moves in opposite directions cannot wait for each other.
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

/// The locked shards of two keys, which may be one.
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
    /// The value, not counted as read.
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
            Life::Over => return,
            Life::Endless => None,
            Life::For(duration) => self.now.checked_add(duration),
        };
        self.shard.sweep(self.now);
        let cost = cost(self.key, value);
        while self.shard.entries.len() >= self.map.max_entries
            || (self.shard.bytes + cost > self.map.max_bytes && !self.shard.entries.is_empty())
        {
            self.shard.turn(self.now);
        }
        // A copy: the caller's bytes may be a small part of a large buffer.
        let value = Bytes::copy_from_slice(value);
        self.shard.bytes += cost;
        self.shard.entries.insert(self.key.into(), Entry { value, expires, used: false });
    }
}

fn cost(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + OVERHEAD
}

impl Entry {
    fn over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Shard {
    /// Where the live entry of `key` is; one whose time is over is dropped.
    fn find(&mut self, key: &str, now: SystemTime) -> Option<usize> {
        let index = self.entries.get_index_of(key)?;
        if self.entries[index].over(now) {
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

    /// One step of the hand: drops the entry under it, or spares it once if it was read.
    fn turn(&mut self, now: SystemTime) {
        if self.hand >= self.entries.len() {
            self.hand = 0;
        }
        match self.entries.get_index_mut(self.hand) {
            Some((_, entry)) if entry.used && !entry.over(now) => entry.used = false,
            _ => self.drop_at(self.hand),
        }
        // After a drop the newest entry lies under the hand: it is not the next one to go.
        self.hand += 1;
    }

    /// Looks at the next two entries and drops those whose time is over.
    fn sweep(&mut self, now: SystemTime) {
        for _ in 0..2 {
            if self.broom >= self.entries.len() {
                self.broom = 0;
            }
            match self.entries.get_index(self.broom) {
                Some((_, entry)) if entry.over(now) => self.drop_at(self.broom),
                _ => self.broom += 1,
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
            let (from, to) = (self.keys.wire(from), self.keys.wire(to));
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
            // A page is a shard: entries do not change shards, so that none is missed.
            let index = from.map_or(0, |cursor| cursor.0 as usize);
            if index >= self.map.shards.len() {
                return Ok(Page::default());
            }
            let (wire, now) = (self.keys.wire(prefix), self.clock.now());
            let shard = self.map.lock(index);
            let live = shard.entries.iter().filter(|(_, entry)| !entry.over(now));
            let ours = live.filter(|(key, _)| key.starts_with(&wire));
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
