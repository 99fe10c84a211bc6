//! One site in several processes: a database, a cache, and the versions that were acknowledged.
//!
//! Every operation of the doubles yields a pseudo-random number of times before and after it takes effect, so
//! that each seed is another interleaving.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    runtime,
    sync::RwLock,
    task::{JoinSet, yield_now},
};

use super::doubles::{ByPointer, Chance, RowsDouble, Shaky};
use crate::{
    Clock,
    cache::{CacheStore as _, KeySpace, Locmem, Ttl},
    sessions::{
        backends::{
            cache_entry::{self, CacheEntry},
            cached_db::CachedDb,
        },
        store::{Record, SessionStore, Swap},
    },
};

const PREFIX: &str = "django.contrib.sessions.cached_db";
pub(super) const KEYS: [&str; 3] = ["firstkey", "secondkey", "thirdkey"];

/// One database, one cache, and what was acknowledged.
#[derive(Clone)]
pub(super) struct World {
    pub(super) table: Arc<RowsDouble>,
    pub(super) cache: Shaky,
    pub(super) clock: Clock,
    pub(super) chance: Arc<Chance>,
    /// By key: the newest acknowledged version, `u64::MAX` for a deletion.
    acknowledged: Arc<Mutex<BTreeMap<String, u64>>>,
}

pub(super) fn version(record: &Record) -> u64 {
    record.data.parse().expect("a version")
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let (chance, clock) = (Chance::new(seed), Clock::system());
        let table = RowsDouble {
            rows: Mutex::default(),
            chance: chance.clone(),
            ambiguous: AtomicBool::new(false),
            answers: RwLock::default(),
        };
        let inner = Locmem::new(KeySpace::new("", 1), 1000, clock.clone());
        let cache =
            Shaky { inner, chance: ByPointer(chance.clone()), failing: Arc::default(), cut_off: false };
        Self { table: Arc::new(table), cache, clock, chance, acknowledged: Arc::default() }
    }

    pub(super) fn process(&self) -> Arc<CachedDb> {
        let cache = Arc::new(self.cache.clone());
        Arc::new(CachedDb::new(self.table.clone(), cache, self.clock.clone()))
    }

    pub(super) fn record(&self, version: u64) -> Record {
        Record::new(version.to_string(), self.clock.now() + Duration::from_secs(3600))
    }

    pub(super) fn acknowledged(&self, key: &str) -> u64 {
        self.acknowledged.lock().expect("no test panics under it").get(key).copied().unwrap_or_default()
    }

    pub(super) fn acknowledge(&self, key: &str, version: u64) {
        let mut acknowledged = self.acknowledged.lock().expect("no test panics under it");
        let newest = acknowledged.entry(key.to_owned()).or_default();
        *newest = version.max(*newest);
    }

    /// Loads and checks that nothing acknowledged before is missing, unless others may hide it.
    pub(super) async fn load(&self, process: &CachedDb, key: &str, check: bool) -> Option<Record> {
        let before = self.acknowledged(key);
        let loaded = SessionStore::load(process, key, self.clock.now()).await.expect("the doubles answer");
        match &loaded {
            Some(record) if check => {
                assert!(version(record) >= before, "{key}: {} after {before}", record.data);
            }
            None if check && before != 0 && before != u64::MAX => {
                // Deleted while we looked, then.
                assert!(!self.table.rows().contains_key(key), "{key}: nothing after {before}");
            }
            _ => {}
        }
        loaded
    }

    /// One visitor's requests.
    async fn visit(self, process: Arc<CachedDb>, deletes: bool, check: bool) {
        for _ in 0..12 {
            let key = KEYS[self.chance.below(3) as usize];
            let Some(seen) = self.load(&process, key, check).await else { continue };
            let newer = version(&seen) + 1;
            match self.chance.below(12) {
                0..4 => {}
                4 if deletes => {
                    if SessionStore::delete(&*process, key).await.is_ok() {
                        self.acknowledge(key, u64::MAX);
                    }
                }
                5 if deletes && key == KEYS[0] => {
                    if let Ok(Swap::Done) =
                        SessionStore::rename(&*process, key, &seen, KEYS[2], &self.record(newer)).await
                    {
                        self.acknowledge(key, u64::MAX);
                        self.acknowledge(KEYS[2], newer);
                    }
                }
                // A visitor who gives up in the middle: the future is dropped.
                6 => {
                    let record = Record::new(newer.to_string(), seen.expires);
                    let patience = self.chance.below(12);
                    tokio::select! {
                        biased;
                        _ = SessionStore::replace(&*process, key, &seen, &record) => {}
                        () = async { for _ in 0..patience { yield_now().await; } } => {}
                    }
                }
                keep => {
                    let mut record = self.record(newer);
                    let keep_expiry = keep % 2 == 0;
                    if keep_expiry {
                        record.expires = seen.expires;
                    }
                    if let Ok(Swap::Done) = SessionStore::replace(&*process, key, &seen, &record).await {
                        self.acknowledge(key, newer);
                    }
                }
            }
        }
    }

    /// A Django process: it caches what it read long ago, whatever is there, and deletes plainly.
    async fn django(self, deletes: bool) {
        for _ in 0..12 {
            let key = KEYS[self.chance.below(2) as usize];
            let slot = format!("{PREFIX}{key}");
            let pickle = |record: &Record| Bytes::from(format!("\u{80}pickle of {}", record.data));
            let seen =
                SessionStore::load(&*self.table, key, self.clock.now()).await.expect("the doubles answer");
            let Some(seen) = seen else { continue };
            match self.chance.below(6) {
                0 if deletes => {
                    SessionStore::delete(&*self.table, key).await.expect("the doubles answer");
                    self.cache.delete(&slot).await.expect("the doubles answer");
                    self.acknowledge(key, u64::MAX);
                }
                1 => {
                    let newer = self.record(version(&seen) + 1);
                    if SessionStore::replace(&*self.table, key, &seen, &newer)
                        .await
                        .expect("the doubles answer")
                        == Swap::Done
                    {
                        self.cache
                            .set(&slot, pickle(&newer), Ttl::Default)
                            .await
                            .expect("the doubles answer");
                        self.acknowledge(key, version(&newer));
                    }
                }
                _ => self.cache.set(&slot, pickle(&seen), Ttl::Default).await.expect("the doubles answer"),
            }
        }
    }

    /// A cache that evicts entries at random.
    async fn evict_at_random(self) {
        for _ in 0..20 {
            self.evict(KEYS[self.chance.below(3) as usize]).await;
            self.chance.wait().await;
        }
    }

    pub(super) async fn begin(&self) {
        for key in &KEYS[..2] {
            assert!(
                SessionStore::create(&*self.process(), key, &self.record(1))
                    .await
                    .expect("the doubles answer")
            );
            self.acknowledge(key, 1);
        }
    }

    /// Returns the session that the cache would serve.
    pub(super) async fn cached(&self, key: &str) -> Option<Record> {
        let value = self.cache.inner.get(&format!("{PREFIX}{key}")).await.expect("the doubles answer");
        match value.as_deref().map(cache_entry::read) {
            Some(CacheEntry::Session(record)) => Some(record),
            _ => None,
        }
    }

    /// Evicts a cache entry.
    pub(super) async fn evict(&self, key: &str) {
        self.cache.inner.delete(&format!("{PREFIX}{key}")).await.expect("the doubles answer");
    }

    /// Returns whether every cached session is what the database holds.
    pub(super) async fn is_coherent(&self) -> bool {
        for key in KEYS {
            let row = self.table.rows().get(key).cloned();
            if let Some(cached) = self.cached(key).await
                && row.is_none_or(|row| row.data != cached.data)
            {
                return false;
            }
        }
        true
    }

    /// Returns whether no cached session is older than its last acknowledged change.
    pub(super) async fn shows_what_was_acknowledged(&self) -> bool {
        for key in KEYS {
            if self.cached(key).await.is_some_and(|cached| version(&cached) < self.acknowledged(key)) {
                return false;
            }
        }
        true
    }
}

/// Runs `scene` once for each seed, one after the other in one thread.
pub(super) fn for_seeds<F: Future<Output = ()> + Send + 'static>(seeds: u64, scene: impl Fn(World) -> F) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("the doubles answer");
    runtime.block_on(async {
        let mut scenes = JoinSet::new();
        for seed in 1..=seeds {
            scenes.spawn(scene(World::new(seed)));
        }
        scenes.join_all().await;
    });
}

/// Two visitors for each of three processes, and a cache that evicts.
pub(super) async fn crowd(world: &World, check: bool, django: bool) {
    world.begin().await;
    let processes: Vec<_> = (0..3).map(|_| world.process()).collect();
    let mut tasks = JoinSet::new();
    for (number, process) in processes.iter().enumerate() {
        tasks.spawn(world.clone().visit(process.clone(), number == 0, check));
        tasks.spawn(world.clone().visit(process.clone(), false, check));
    }
    if django {
        tasks.spawn(world.clone().django(true));
        tasks.spawn(world.clone().django(false));
    }
    tasks.spawn(world.clone().evict_at_random());
    tasks.join_all().await;
}
