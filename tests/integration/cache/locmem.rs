//! What only the in-process cache promises: bounds, eviction, and time by the framework's clock.

use std::time::Duration;

use bytes::Bytes;
use nuages::{
    Clock,
    cache::{CacheError, CacheStore, KeySpace, Locmem, Ttl},
};

fn locmem(max_entries: usize) -> (Locmem, Clock) {
    let clock = Clock::system();
    (Locmem::new(KeySpace::new("", 1), max_entries, clock.clone()), clock)
}

const HOUR: Ttl = Ttl::After(Duration::from_secs(3600));

#[tokio::test]
async fn it_never_holds_more_entries_than_it_may() {
    for max_entries in [1, 3, 1000, 8000] {
        let (cache, _) = locmem(max_entries);
        for number in 0..max_entries * 3 {
            cache.set(&format!("key{number}"), Bytes::from_static(b"value"), HOUR).await.unwrap();
        }
        assert!(cache.len() <= max_entries, "{} of {max_entries}", cache.len());
        assert!(cache.len() * 10 >= max_entries * 9, "{} of {max_entries}", cache.len());
        let newest = format!("key{}", max_entries * 3 - 1);
        assert!(cache.exists(&newest).await.unwrap(), "the newest entry stays");
    }
}

#[tokio::test]
async fn what_is_read_often_outlives_what_is_not() {
    let (cache, _) = locmem(1000);
    for number in 0..100 {
        cache.set(&format!("hot{number}"), Bytes::from_static(b"value"), HOUR).await.unwrap();
    }
    for number in 0..20_000 {
        cache.set(&format!("cold{number}"), Bytes::from_static(b"value"), HOUR).await.unwrap();
        cache.get(&format!("hot{}", number % 100)).await.unwrap();
    }
    for number in 0..100 {
        assert!(cache.exists(&format!("hot{number}")).await.unwrap(), "hot{number}");
    }
}

#[tokio::test]
async fn its_bytes_are_bounded_too() {
    let (cache, _) = locmem(100_000);
    let big = Bytes::from(vec![0; 1 << 20]);
    for number in 0..400 {
        cache.set(&format!("key{number}"), big.clone(), HOUR).await.unwrap();
    }
    assert!((100..256).contains(&cache.len()), "{} entries of 1 MiB", cache.len());
    let huge = Bytes::from(vec![0; 256 << 20]);
    let error = cache.set("huge", huge, HOUR).await.unwrap_err();
    assert!(matches!(error, CacheError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn entries_whose_time_is_over_make_room_without_being_asked_for() {
    let (cache, clock) = locmem(1000);
    for number in 0..500 {
        cache.set(&format!("old{number}"), Bytes::from_static(b"value"), HOUR).await.unwrap();
    }
    cache.set("kept", Bytes::from_static(b"value"), Ttl::Never).await.unwrap();
    clock.advance(Duration::from_secs(3601));
    // Each write looks at two entries.
    for number in 0..600 {
        cache.set(&format!("new{number}"), Bytes::from_static(b"value"), HOUR).await.unwrap();
    }
    assert_eq!(cache.len(), 601);
    assert!(cache.exists("kept").await.unwrap());
}

#[tokio::test]
async fn time_is_the_clocks_forward_and_back() {
    let (cache, clock) = locmem(10);
    cache.set("key", Bytes::from_static(b"value"), HOUR).await.unwrap();
    clock.advance(Duration::from_secs(3598));
    assert!(cache.exists("key").await.unwrap());
    clock.rewind(Duration::from_secs(7200));
    assert!(cache.exists("key").await.unwrap());
    clock.advance(Duration::from_secs(7203));
    assert!(!cache.exists("key").await.unwrap());
}

#[tokio::test]
async fn nothing_happens_before_the_future_is_awaited() {
    let (cache, _) = locmem(10);
    drop(cache.set("key", Bytes::from_static(b"value"), HOUR));
    assert!(cache.is_empty());
}

#[tokio::test]
async fn debug_shows_neither_keys_nor_values() {
    let (cache, _) = locmem(10);
    cache.set("secretkey", Bytes::from_static(b"secretvalue"), HOUR).await.unwrap();
    assert!(!format!("{cache:?}").contains("secret"));
}
