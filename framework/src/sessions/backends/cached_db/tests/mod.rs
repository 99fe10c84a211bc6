//! The protocol of the cache entries under interleavings, faults, evictions, and a Django site on the same cache.

mod doubles;
mod faults;
mod world;

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use self::world::{KEYS, World, crowd, for_seeds, version};
use crate::sessions::store::{Cleared, SessionStore, Swap};

#[test]
fn nothing_acknowledged_is_ever_hidden_and_nothing_deleted_returns() {
    for_seeds(300, async |world: World| {
        crowd(&world, true, false).await;
        assert!(world.shows_what_was_acknowledged().await);
    });
}

#[test]
fn a_django_on_the_same_cache_changes_nothing_of_that() {
    for_seeds(300, async |world: World| {
        crowd(&world, true, true).await;
        assert!(world.shows_what_was_acknowledged().await);
    });
}

#[test]
fn a_cache_that_loses_writes_hides_nothing_acknowledged() {
    for_seeds(200, async |world: World| {
        world.cache.failing.store(true, Relaxed);
        crowd(&world, true, false).await;
        assert!(world.shows_what_was_acknowledged().await);
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
            // The change is seen at once, although it was not acknowledged.
            assert_eq!(Some(&seen.data), world.table.rows().get(KEYS[0]).map(|row| &row.data));
            let new = world.record(version(&seen) + 1);
            match number {
                7 => drop(SessionStore::delete(&*process, KEYS[0]).await),
                _ => drop(SessionStore::replace(&*process, KEYS[0], &seen, &new).await),
            }
        }
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
    // The row is changed behind the cache: a reader that sees version 7 has asked the database.
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
