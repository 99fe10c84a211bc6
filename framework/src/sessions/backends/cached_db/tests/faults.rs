//! A cache that one process cannot reach, a process that is killed, a mark that is evicted.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use super::{
    doubles::Shaky,
    world::{KEYS, World, version},
};
use crate::{
    Error, StatusCode,
    sessions::{
        backends::cached_db::CachedDb,
        store::{SessionStore, StoreError, Swap},
    },
};

const KEY: &str = KEYS[0];

/// A process that cannot reach the cache.
fn cut_off(world: &World) -> CachedDb {
    let cache = Shaky { cut_off: true, ..world.cache.clone() };
    CachedDb::new(world.table.clone(), Arc::new(cache), world.clock.clone())
}

async fn load(process: &CachedDb, world: &World, key: &str) -> Option<u64> {
    let loaded = SessionStore::load(process, key, world.clock.now()).await.expect("the doubles answer");
    loaded.as_ref().map(version)
}

fn assert_unavailable(error: StoreError) {
    let error = Error::from(error);
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE, "{error:?}");
}

#[tokio::test]
async fn a_change_is_refused_where_its_mark_cannot_be_set() {
    let world = World::new(1);
    world.begin().await;
    let (one, other) = (cut_off(&world), world.process());
    assert_eq!(load(&other, &world, KEY).await, Some(1));
    let seen = SessionStore::load(&one, KEY, world.clock.now()).await.expect("loaded").expect("a session");
    let new = world.record(2);
    assert_unavailable(SessionStore::delete(&one, KEY).await.expect_err("not marked"));
    assert_unavailable(SessionStore::replace(&one, KEY, &seen, &new).await.expect_err("not marked"));
    assert_unavailable(SessionStore::rename(&one, KEY, &seen, KEYS[2], &new).await.expect_err("not marked"));
    // Nothing was changed, so the other process is right to serve the session.
    assert_eq!(world.table.rows().get(KEY).map(version), Some(1));
    assert_eq!(load(&other, &world, KEY).await, Some(1));
    // A new session needs no mark.
    assert!(SessionStore::create(&one, KEYS[2], &new).await.expect("created"));
    assert_eq!(load(&other, &world, KEYS[2]).await, Some(2));
}

#[tokio::test]
async fn a_process_killed_after_the_database_changed_leaves_nothing_stale() {
    for delete in [true, false] {
        let world = World::new(1);
        world.begin().await;
        let (killed, other) = (world.process(), world.process());
        let seen = SessionStore::load(&*other, KEY, world.clock.now()).await.expect("loaded");
        let (seen, new) = (seen.expect("a session"), world.record(2));
        let answers = world.table.answers.write().await;
        let change = async {
            match delete {
                true => SessionStore::delete(&*killed, KEY).await.map(drop),
                false => SessionStore::replace(&*killed, KEY, &seen, &new).await.map(drop),
            }
        };
        let changed = async {
            while world.table.rows().get(KEY).map(version) == Some(1) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = change => panic!("the database has not answered"),
            () = changed => {}
        }
        drop(answers);
        let expected = if delete { None } else { Some(2) };
        assert_eq!(load(&other, &world, KEY).await, expected);
        assert_eq!(load(&other, &world, KEY).await, expected);
        assert!(world.is_coherent().await);
    }
}

#[tokio::test]
async fn a_deleted_session_stays_deleted_when_the_cache_evicts_its_mark() {
    let world = World::new(1);
    let (slow, other) = (world.process(), world.process());
    let new = world.record(1);
    let answers = world.table.answers.write().await;
    let create = SessionStore::create(&*slow, KEY, &new);
    let deleted = async {
        while !world.table.rows().contains_key(KEY) {
            tokio::task::yield_now().await;
        }
        drop(answers);
        // Before the creating process caches the session, another one ends it, and the cache evicts the mark.
        assert!(SessionStore::delete(&*other, KEY).await.expect("deleted"));
        world.evict(KEY).await;
    };
    let (created, ()) = tokio::join!(biased; create, deleted);
    assert!(created.expect("the doubles answer"));
    assert_eq!(load(&other, &world, KEY).await, None);
}

#[tokio::test]
async fn a_writer_beside_another_caches_nothing() {
    let world = World::new(1);
    world.begin().await;
    let (first, other) = (world.process(), world.process());
    // The first writer has set its mark, and does not learn whether the database took its change.
    world.table.ambiguous.store(true, Relaxed);
    let refused = loop {
        match SessionStore::delete(&*first, KEYS[1]).await {
            Ok(_) => drop(world.table.rows().insert(KEYS[1].to_owned(), world.record(1))),
            Err(error) => break error,
        }
    };
    assert_unavailable(refused);
    world.table.ambiguous.store(false, Relaxed);
    world.table.rows().insert(KEYS[1].to_owned(), world.record(5));
    let row = SessionStore::load(&*other, KEYS[1], world.clock.now()).await.expect("loaded").expect("a row");
    let swap = SessionStore::replace(&*other, KEYS[1], &row, &world.record(6)).await.expect("replaced");
    assert_eq!(swap, Swap::Done);
    assert!(world.cached(KEYS[1]).await.is_none(), "the first writer's change may still come");
    // Once that is impossible, the session is cached again.
    world.clock.advance(Duration::from_secs(301));
    assert_eq!(load(&other, &world, KEYS[1]).await, Some(6));
    assert!(world.cached(KEYS[1]).await.is_some());
}
