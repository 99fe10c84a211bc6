//! What every cache must do, run on each: the one suite of [`CacheStore`].

mod locmem;
#[cfg(feature = "redis")]
mod redis;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use nuages::{
    Clock,
    cache::{CacheStore, KeySpace, Locmem, Moved, Ttl},
};

/// A cache under test, and how its time passes.
pub struct Subject {
    store: Arc<dyn CacheStore>,
    /// The same server or memory under another `VERSION`.
    neighbour: Arc<dyn CacheStore>,
    clock: Option<Clock>,
    #[cfg(feature = "redis")]
    _server: Option<crate::support::redis_server::RedisServer>,
}

impl Subject {
    fn locmem() -> Self {
        let clock = Clock::system();
        let store = Locmem::new(KeySpace::new("", 1), 100_000, clock.clone());
        let neighbour = store.view(KeySpace::new("", 2));
        Self {
            store: Arc::new(store),
            neighbour: Arc::new(neighbour),
            clock: Some(clock),
            #[cfg(feature = "redis")]
            _server: None,
        }
    }

    #[cfg(feature = "redis")]
    fn redis() -> Self {
        use crate::support::redis_server::{RedisServer, unique_prefix};
        let (server, prefix) = (RedisServer::shared(), unique_prefix());
        let open = |version| {
            let keys = KeySpace::new(&prefix, version);
            Arc::new(nuages::cache::Redis::open(&server.url(), keys).unwrap())
        };
        Self { store: open(1), neighbour: open(2), clock: None, _server: Some(server) }
    }

    /// Lets time pass: a server's clock cannot be moved.
    async fn pass(&self, time: Duration) {
        match &self.clock {
            Some(clock) => clock.advance(time),
            None => tokio::time::sleep(time).await,
        }
    }

    async fn all(&self, prefix: &str) -> BTreeSet<String> {
        let (mut found, mut from) = (BTreeSet::new(), None);
        loop {
            let page = self.store.scan(prefix, from).await.unwrap();
            found.extend(page.keys);
            from = page.next;
            if from.is_none() {
                return found;
            }
        }
    }
}

macro_rules! suite {
    ($($name:ident)*) => {
        mod on_locmem { $(#[tokio::test] async fn $name() { super::$name(super::Subject::locmem()).await; })* }
        #[cfg(feature = "redis")]
        mod on_redis { $(#[tokio::test] async fn $name() { super::$name(super::Subject::redis()).await; })* }
    };
}

suite! {
    what_is_set_is_read_back_byte_for_byte
    many_are_read_in_their_order
    set_replaces_value_and_time
    an_entry_ends_with_its_time
    a_time_of_zero_stores_nothing
    the_default_time_is_the_caches
    add_keeps_what_is_there
    of_many_adds_one_wins
    compare_and_set_looks_at_the_exact_bytes
    compare_and_set_keeps_and_ends_times
    no_increment_is_lost
    a_move_takes_the_value_to_the_new_key
    a_move_that_is_refused_changes_nothing
    of_many_moves_one_wins
    delete_and_exists_tell_what_was_there
    a_scan_finds_exactly_what_begins_with_the_prefix
    a_scan_of_many_keys_misses_none
    clear_empties_this_cache_alone
}

const SHORT: Ttl = Ttl::After(Duration::from_millis(120));
const LONGER: Duration = Duration::from_millis(200);
const LONG: Ttl = Ttl::After(Duration::from_secs(600));

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn get(subject: &Subject, key: &str) -> Option<String> {
    let value = subject.store.get(key).await.unwrap();
    value.map(|value| String::from_utf8(value.into()).unwrap())
}

async fn what_is_set_is_read_back_byte_for_byte(subject: Subject) {
    let store = &subject.store;
    let every_byte: Vec<u8> = (0..=255).collect();
    for value in [Vec::new(), b"x".to_vec(), every_byte, vec![7; 1 << 20]] {
        store.set("a key: ünï*code", value.clone().into(), LONG).await.unwrap();
        assert_eq!(store.get("a key: ünï*code").await.unwrap().as_deref(), Some(&value[..]));
    }
    assert_eq!(store.get("another").await.unwrap(), None);
    assert_eq!(subject.neighbour.get("a key: ünï*code").await.unwrap(), None, "another VERSION");
}

async fn many_are_read_in_their_order(subject: Subject) {
    let store = &subject.store;
    assert_eq!(store.get_many(&[]).await.unwrap(), []);
    store.set("a", bytes("1"), LONG).await.unwrap();
    store.set("c", bytes("3"), LONG).await.unwrap();
    let keys = ["c", "b", "a", "c"].map(str::to_owned);
    let expected = [Some(bytes("3")), None, Some(bytes("1")), Some(bytes("3"))];
    assert_eq!(store.get_many(&keys).await.unwrap(), expected);
}

async fn set_replaces_value_and_time(subject: Subject) {
    subject.store.set("k", bytes("1"), SHORT).await.unwrap();
    subject.store.set("k", bytes("2"), Ttl::Never).await.unwrap();
    subject.pass(LONGER).await;
    assert_eq!(get(&subject, "k").await.as_deref(), Some("2"));
    subject.store.set("k", bytes("3"), SHORT).await.unwrap();
    subject.pass(LONGER).await;
    assert_eq!(get(&subject, "k").await, None);
}

async fn an_entry_ends_with_its_time(subject: Subject) {
    let store = &subject.store;
    store.set("set", bytes("1"), SHORT).await.unwrap();
    assert!(store.add("add", bytes("1"), SHORT).await.unwrap());
    store.set("long", bytes("1"), LONG).await.unwrap();
    subject.pass(LONGER).await;
    for key in ["set", "add"] {
        assert_eq!(get(&subject, key).await, None, "{key}");
        assert!(!store.exists(key).await.unwrap());
        assert!(!store.delete(key).await.unwrap());
        assert!(!store.compare_and_set(key, Some(b"1"), Some(bytes("2")), LONG).await.unwrap());
    }
    assert_eq!(subject.all("").await, BTreeSet::from(["long".to_owned()]));
    assert!(store.add("add", bytes("2"), LONG).await.unwrap(), "the place is free again");
    assert_eq!(get(&subject, "add").await.as_deref(), Some("2"));
}

async fn a_time_of_zero_stores_nothing(subject: Subject) {
    let (store, zero) = (&subject.store, Ttl::After(Duration::ZERO));
    store.set("k", bytes("1"), LONG).await.unwrap();
    assert!(!store.add("k", bytes("2"), zero).await.unwrap());
    assert_eq!(get(&subject, "k").await.as_deref(), Some("1"));
    store.set("k", bytes("2"), zero).await.unwrap();
    assert_eq!(get(&subject, "k").await, None);
    assert!(store.add("k", bytes("3"), zero).await.unwrap());
    assert_eq!(get(&subject, "k").await, None);
    store.set("k", bytes("4"), LONG).await.unwrap();
    assert!(store.compare_and_set("k", Some(b"4"), Some(bytes("5")), zero).await.unwrap());
    assert_eq!(get(&subject, "k").await, None);
    store.set("k", bytes("6"), LONG).await.unwrap();
    assert_eq!(store.move_value("k", b"6", "to", bytes("7"), zero).await.unwrap(), Moved::Done);
    assert_eq!((get(&subject, "k").await, get(&subject, "to").await), (None, None));
}

async fn the_default_time_is_the_caches(subject: Subject) {
    // Django's TIMEOUT of 300 s: still there after the short while.
    subject.store.set("k", bytes("1"), Ttl::Default).await.unwrap();
    subject.pass(LONGER).await;
    assert_eq!(get(&subject, "k").await.as_deref(), Some("1"));
    if let Some(clock) = &subject.clock {
        clock.advance(Duration::from_secs(300));
        assert_eq!(get(&subject, "k").await, None);
    }
}

async fn add_keeps_what_is_there(subject: Subject) {
    assert!(subject.store.add("k", bytes("1"), LONG).await.unwrap());
    assert!(!subject.store.add("k", bytes("2"), LONG).await.unwrap());
    assert_eq!(get(&subject, "k").await.as_deref(), Some("1"));
}

async fn of_many_adds_one_wins(subject: Subject) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let store = subject.store.clone();
        tasks.spawn(async move { store.add("k", bytes(&number.to_string()), LONG).await.unwrap() });
    }
    let won = tasks.join_all().await.into_iter().filter(|&won| won).count();
    assert_eq!(won, 1);
}

async fn compare_and_set_looks_at_the_exact_bytes(subject: Subject) {
    let cas = async |expected: Option<&[u8]>, new: Option<&str>| {
        subject.store.compare_and_set("k", expected, new.map(bytes), LONG).await.unwrap()
    };
    assert!(!cas(Some(b"1"), Some("2")).await, "absent is not a value");
    assert!(!cas(Some(b""), Some("2")).await, "absent is not the empty value");
    assert!(cas(None, None).await, "absent, and stays so");
    assert!(cas(None, Some("1")).await);
    assert!(!cas(None, Some("2")).await, "a value is not absent");
    assert!(!cas(Some(b"1 "), Some("2")).await);
    assert!(!cas(Some(b""), Some("2")).await);
    assert_eq!(get(&subject, "k").await.as_deref(), Some("1"));
    assert!(cas(Some(b"1"), Some("")).await);
    assert!(!cas(None, Some("2")).await, "the empty value is not absent");
    assert!(cas(Some(b""), Some("0")).await);
    assert!(!cas(Some(b"1"), None).await);
    assert_eq!(get(&subject, "k").await.as_deref(), Some("0"));
    assert!(cas(Some(b"0"), None).await);
    assert_eq!(get(&subject, "k").await, None);
}

async fn compare_and_set_keeps_and_ends_times(subject: Subject) {
    let store = &subject.store;
    store.set("ends", bytes("1"), Ttl::Never).await.unwrap();
    store.set("stays", bytes("1"), SHORT).await.unwrap();
    assert!(store.compare_and_set("ends", Some(b"1"), Some(bytes("2")), SHORT).await.unwrap());
    assert!(store.compare_and_set("stays", Some(b"1"), Some(bytes("2")), Ttl::Never).await.unwrap());
    subject.pass(LONGER).await;
    assert_eq!(get(&subject, "ends").await, None);
    assert_eq!(get(&subject, "stays").await.as_deref(), Some("2"));
}

async fn no_increment_is_lost(subject: Subject) {
    subject.store.set("count", bytes("0"), LONG).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = subject.store.clone();
        tasks.spawn(async move {
            let mut left = 25;
            while left > 0 {
                let seen = store.get("count").await.unwrap().unwrap();
                let count: u32 = std::str::from_utf8(&seen).unwrap().parse().unwrap();
                let new = bytes(&(count + 1).to_string());
                if store.compare_and_set("count", Some(&seen), Some(new), LONG).await.unwrap() {
                    left -= 1;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(get(&subject, "count").await.as_deref(), Some("200"));
}

async fn a_move_takes_the_value_to_the_new_key(subject: Subject) {
    let store = &subject.store;
    // Keys enough to lie in every shard and in every pair of shards.
    for number in 0..60 {
        let (from, to) = (format!("from{number}"), format!("to{number}"));
        store.set(&from, bytes("1"), SHORT).await.unwrap();
        assert_eq!(store.move_value(&from, b"1", &to, bytes("2"), LONG).await.unwrap(), Moved::Done);
    }
    subject.pass(LONGER).await;
    for number in 0..60 {
        assert_eq!(get(&subject, &format!("from{number}")).await, None);
        assert_eq!(get(&subject, &format!("to{number}")).await.as_deref(), Some("2"));
    }
    assert_eq!(store.move_value("to0", b"2", "to0", bytes("3"), LONG).await.unwrap(), Moved::Done);
    assert_eq!(get(&subject, "to0").await.as_deref(), Some("3"), "onto itself");
}

async fn a_move_that_is_refused_changes_nothing(subject: Subject) {
    let store = &subject.store;
    assert_eq!(store.move_value("a", b"1", "b", bytes("2"), LONG).await.unwrap(), Moved::Gone);
    store.set("a", bytes("1"), LONG).await.unwrap();
    assert_eq!(store.move_value("a", b"0", "b", bytes("2"), LONG).await.unwrap(), Moved::Changed);
    assert_eq!(get(&subject, "b").await, None);
    store.set("b", bytes("other"), LONG).await.unwrap();
    assert_eq!(store.move_value("a", b"1", "b", bytes("2"), LONG).await.unwrap(), Moved::Taken);
    assert_eq!(get(&subject, "a").await.as_deref(), Some("1"));
    assert_eq!(get(&subject, "b").await.as_deref(), Some("other"));
}

async fn of_many_moves_one_wins(subject: Subject) {
    subject.store.set("from", bytes("1"), LONG).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30 {
        let store = subject.store.clone();
        let to = format!("to{number}");
        tasks.spawn(async move { store.move_value("from", b"1", &to, bytes("2"), LONG).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|&&moved| moved == Moved::Done).count(), 1);
    assert_eq!(outcomes.iter().filter(|&&moved| moved == Moved::Gone).count(), 29);
    assert_eq!(subject.all("to").await.len(), 1);
}

async fn delete_and_exists_tell_what_was_there(subject: Subject) {
    let store = &subject.store;
    assert!(!store.exists("k").await.unwrap());
    assert!(!store.delete("k").await.unwrap());
    store.set("k", Bytes::new(), LONG).await.unwrap();
    assert!(store.exists("k").await.unwrap());
    assert!(!subject.neighbour.delete("k").await.unwrap());
    assert!(store.delete("k").await.unwrap());
    assert!(!store.exists("k").await.unwrap());
}

async fn a_scan_finds_exactly_what_begins_with_the_prefix(subject: Subject) {
    let keys = ["user*1", "user*2", "userx", "user", "us[e]r", "use", "back\\slash", "ü", "-"];
    for key in keys {
        subject.store.set(key, bytes("1"), LONG).await.unwrap();
    }
    subject.neighbour.set("user*3", bytes("1"), LONG).await.unwrap();
    for prefix in ["", "user", "user*", "us[e", "back\\", "u?", "[u]", "ü", "none"] {
        let expected = keys.iter().filter(|key| key.starts_with(prefix)).map(|&key| key.to_owned());
        assert_eq!(subject.all(prefix).await, expected.collect(), "{prefix:?}");
    }
}

async fn a_scan_of_many_keys_misses_none(subject: Subject) {
    let keys: BTreeSet<String> = (0..3000).map(|number| format!("key{number}")).collect();
    for key in &keys {
        subject.store.set(key, bytes("1"), LONG).await.unwrap();
    }
    assert_eq!(subject.all("key").await, keys);
}

async fn clear_empties_this_cache_alone(subject: Subject) {
    for number in 0..1500 {
        subject.store.set(&format!("key{number}"), bytes("1"), LONG).await.unwrap();
    }
    subject.neighbour.set("key1", bytes("2"), LONG).await.unwrap();
    subject.store.clear().await.unwrap();
    assert_eq!(subject.all("").await.len(), 0);
    assert_eq!(subject.neighbour.get("key1").await.unwrap().as_deref(), Some(&b"2"[..]));
    subject.store.set("again", bytes("1"), LONG).await.unwrap();
    assert_eq!(subject.all("").await.len(), 1);
}
