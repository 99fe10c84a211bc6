//! The protocol of the slots under interleavings, faults, evictions and a Django beside us.
//!
//! Every operation of the doubles yields a pseudo-random number of times before and after it takes
//! effect, so that each seed is another interleaving.

mod doubles;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    runtime,
    task::{JoinSet, yield_now},
};

use self::doubles::{ByPointer, Chance, RowsDouble, Shaky};
use super::*;
use crate::{
    cache::{KeySpace, Locmem, Ttl},
    sessions::backends::cache_entry::{self, CacheEntry},
};

const SLOT: &str = "django.contrib.sessions.cached_db";
const KEYS: [&str; 3] = ["firstkey", "secondkey", "thirdkey"];

/// One database, one cache, and what was acknowledged.
#[derive(Clone)]
struct World {
    table: Arc<RowsDouble>,
    cache: Shaky,
    clock: Clock,
    chance: Arc<Chance>,
    /// By key: the newest acknowledged version, `u64::MAX` for a deletion.
    acknowledged: Arc<Mutex<BTreeMap<String, u64>>>,
}

fn version(record: &Record) -> u64 {
    record.data.parse().expect("a version")
}

impl World {
    fn new(seed: u64) -> Self {
        let (chance, clock) = (Chance::new(seed), Clock::system());
        let table =
            RowsDouble { rows: Mutex::default(), chance: chance.clone(), ambiguous: AtomicBool::new(false) };
        let inner = Locmem::new(KeySpace::new("", 1), 1000, clock.clone());
        let cache = Shaky { inner, chance: ByPointer(chance.clone()), failing: Arc::default() };
        Self { table: Arc::new(table), cache, clock, chance, acknowledged: Arc::default() }
    }

    fn process(&self) -> Arc<CachedDb> {
        let cache = Arc::new(self.cache.clone());
        Arc::new(CachedDb::new(self.table.clone(), cache, self.clock.clone()))
    }

    fn record(&self, version: u64) -> Record {
        Record::new(version.to_string(), self.clock.now() + Duration::from_secs(3600))
    }

    fn acknowledged(&self, key: &str) -> u64 {
        self.acknowledged.lock().expect("no test panics under it").get(key).copied().unwrap_or_default()
    }

    fn acknowledge(&self, key: &str, version: u64) {
        let mut acknowledged = self.acknowledged.lock().expect("no test panics under it");
        let newest = acknowledged.entry(key.to_owned()).or_default();
        *newest = version.max(*newest);
    }

    /// Loads and checks that nothing acknowledged before is missing, unless others may hide it.
    async fn load(&self, process: &CachedDb, key: &str, check: bool) -> Option<Record> {
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
            let slot = format!("{SLOT}{key}");
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

    /// The cache evicts at its own pleasure.
    async fn evict(self) {
        for _ in 0..20 {
            let key = KEYS[self.chance.below(3) as usize];
            self.cache.inner.delete(&format!("{SLOT}{key}")).await.expect("the doubles answer");
            self.chance.wait().await;
        }
    }

    async fn begin(&self) {
        for key in &KEYS[..2] {
            assert!(
                SessionStore::create(&*self.process(), key, &self.record(1))
                    .await
                    .expect("the doubles answer")
            );
            self.acknowledge(key, 1);
        }
    }

    /// Whether every slot that would be used holds what the database holds.
    async fn is_coherent(&self) -> bool {
        for key in KEYS {
            let value = self.cache.inner.get(&format!("{SLOT}{key}")).await.expect("the doubles answer");
            if let Some(CacheEntry::Session(cached)) = value.as_deref().map(cache_entry::read) {
                let row = self.table.rows().get(key).cloned();
                if row.as_ref().map(|row| &row.data) != Some(&cached.data) {
                    return false;
                }
            }
        }
        true
    }
}

/// Runs `scene` once for each seed, one after the other in one thread.
fn for_seeds<F: Future<Output = ()> + Send + 'static>(seeds: u64, scene: impl Fn(World) -> F) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("the doubles answer");
    runtime.block_on(async {
        let mut scenes = JoinSet::new();
        for seed in 1..=seeds {
            scenes.spawn(scene(World::new(seed)));
        }
        scenes.join_all().await;
    });
}

/// Waits until no process has a slot in doubt.
async fn settled(processes: &[Arc<CachedDb>]) {
    let begin = Instant::now();
    while !processes.iter().all(|process| process.coherence.invalidation.none_in_doubt()) {
        assert!(begin.elapsed() < Duration::from_secs(20), "slots stay in doubt");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Two visitors for each of three processes, and a cache that evicts.
async fn crowd(world: &World, check: bool, django: bool) -> Vec<Arc<CachedDb>> {
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
    tasks.spawn(world.clone().evict());
    tasks.join_all().await;
    processes
}

#[test]
fn nothing_acknowledged_is_ever_hidden_and_nothing_deleted_returns() {
    for_seeds(300, async |world: World| {
        let processes = crowd(&world, true, false).await;
        settled(&processes).await;
        assert!(world.is_coherent().await);
    });
}

#[test]
fn a_django_on_the_same_cache_changes_nothing_of_that() {
    for_seeds(300, async |world: World| {
        let processes = crowd(&world, true, true).await;
        settled(&processes).await;
        assert!(world.is_coherent().await);
    });
}

#[test]
fn a_cache_that_loses_writes_is_coherent_once_it_works_again() {
    for_seeds(200, async |world: World| {
        world.cache.failing.store(true, Relaxed);
        // Other processes may read the old session until the slot can be marked: unchecked.
        let processes = crowd(&world, false, false).await;
        world.cache.failing.store(false, Relaxed);
        settled(&processes).await;
        assert!(world.is_coherent().await);
    });
}

#[test]
fn a_database_that_commits_and_answers_with_an_error_leaves_nothing_stale() {
    for_seeds(200, async |world: World| {
        let process = world.process();
        world.begin().await;
        world.table.ambiguous.store(true, Relaxed);
        for number in 2..8 {
            let Some(seen) =
                SessionStore::load(&*process, KEYS[0], world.clock.now()).await.expect("the doubles answer")
            else {
                continue;
            };
            // Within this process the change is seen at once, though nobody acknowledged it.
            assert_eq!(Some(&seen.data), world.table.rows().get(KEYS[0]).map(|row| &row.data));
            let new = world.record(version(&seen) + 1);
            match number {
                7 => drop(SessionStore::delete(&*process, KEYS[0]).await),
                _ => drop(SessionStore::replace(&*process, KEYS[0], &seen, &new).await),
            }
        }
        settled(&[process]).await;
        assert!(world.is_coherent().await);
    });
}

#[tokio::test]
async fn a_session_is_read_from_the_cache_until_it_changes() {
    let world = World::new(1);
    let process = world.process();
    world.begin().await;
    let seen = SessionStore::load(&*process, KEYS[0], world.clock.now())
        .await
        .expect("the doubles answer")
        .expect("a session");
    // The row is altered behind the cache: whoever reads version 7 reads the database.
    world.table.rows().insert(KEYS[0].to_owned(), world.record(7));
    let cached = SessionStore::load(&*process, KEYS[0], world.clock.now())
        .await
        .expect("the doubles answer")
        .expect("a session");
    assert_eq!(cached, seen);
    // A swap from what was cached is refused, and what was cached is gone.
    let swap =
        SessionStore::replace(&*process, KEYS[0], &seen, &world.record(2)).await.expect("the doubles answer");
    assert_eq!(swap, Swap::Changed);
    let fresh = SessionStore::load(&*process, KEYS[0], world.clock.now())
        .await
        .expect("the doubles answer")
        .expect("a session");
    assert_eq!(version(&fresh), 7);
    // After a while the database is asked in any case.
    world.table.rows().insert(KEYS[0].to_owned(), world.record(8));
    world.clock.advance(Duration::from_secs(3599));
    world.table.rows().insert(KEYS[0].to_owned(), world.record(9));
    world.clock.advance(Duration::from_secs(2));
    let fresh = SessionStore::load(&*process, KEYS[0], world.clock.now())
        .await
        .expect("the doubles answer")
        .expect("a session");
    assert_eq!(version(&fresh), 9);
}

#[tokio::test]
async fn invented_keys_leave_nothing_in_the_cache() {
    let world = World::new(1);
    let process = world.process();
    for number in 0..50 {
        assert_eq!(
            SessionStore::load(&*process, &format!("invented{number}"), world.clock.now())
                .await
                .expect("the doubles answer"),
            None
        );
    }
    assert!(world.cache.inner.is_empty());
}

#[tokio::test]
async fn removing_every_session_leaves_the_cache_too() {
    let world = World::new(1);
    let process = world.process();
    world.begin().await;
    let cleared = SessionStore::clear(&*process, None, None, 500).await.expect("the doubles answer");
    assert_eq!(cleared, Cleared::new(2, None));
    assert_eq!(
        SessionStore::load(&*process, KEYS[0], world.clock.now()).await.expect("the doubles answer"),
        None
    );
}

#[tokio::test]
async fn a_flood_of_doubts_distrusts_every_slot_until_all_are_marked() {
    let world = World::new(1);
    let process = world.process();
    world.begin().await;
    SessionStore::load(&*process, KEYS[0], world.clock.now()).await.expect("the doubles answer");
    process.coherence.invalidation.doubt_all();
    world.table.rows().insert(KEYS[0].to_owned(), world.record(7));
    let fresh = SessionStore::load(&*process, KEYS[0], world.clock.now())
        .await
        .expect("the doubles answer")
        .expect("a session");
    assert_eq!(version(&fresh), 7);
    drop(process.coherence.change("anotherkey"));
    settled(&[process]).await;
    assert!(world.is_coherent().await);
}
