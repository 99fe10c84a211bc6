//! `cached_db` in front of a Redis that evicts whatever it likes, marks included.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use nuages::{
    sessions::{Saved, SessionEngine},
    settings::Settings,
};

use crate::support::{
    redis_server::RedisServer,
    site::{SQLITE, migrate, settings_in},
};

const ROUNDS: u32 = 120;

fn process(settings: &Settings) -> SessionEngine {
    SessionEngine::from_settings(settings).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Loads the session until told to stop, and returns the number of loads.
async fn read_on(engine: SessionEngine, key: String, stop: Arc<AtomicBool>) -> usize {
    let mut loads = 0;
    while !stop.load(Relaxed) {
        engine.load(&key).await.expect("loaded");
        loads += 1;
    }
    loads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_deleted_or_changed_returns_from_a_cache_that_evicts() {
    let folder = tempfile::tempdir().expect("a folder");
    let server =
        Arc::new(RedisServer::private(&["--maxmemory", "2mb", "--maxmemory-policy", "allkeys-random"]));
    let cache = format!("[CACHES.default]\nBACKEND = 'redis'\nLOCATION = '{}'\n", server.url());
    let settings = settings_in(folder.path(), &format!("SESSION_ENGINE = 'cached_db'\n{SQLITE}{cache}"));
    migrate(&settings).await;
    let (one, two) = (process(&settings), process(&settings));

    // Other programs fill the cache all the time.
    let (done, fillers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let filling = {
        let (server, done, fillers) = (server.clone(), done.clone(), fillers.clone());
        let value = "x".repeat(20_000);
        tokio::task::spawn_blocking(move || {
            while !done.load(Relaxed) {
                let number = fillers.fetch_add(1, Relaxed);
                server.command(&["SET", &format!("filler-{number}"), &value]);
            }
        })
    };
    for round in 0..ROUNDS {
        let mut session = one.new_session();
        session.insert("n", round).expect("a number");
        assert_eq!(one.save(&mut session).await.expect("saved"), Saved::Stored);
        let key = session.key().expect("a key").as_str().to_owned();
        let stop = Arc::new(AtomicBool::new(false));
        let readers =
            [&one, &two].map(|engine| tokio::spawn(read_on(engine.clone(), key.clone(), stop.clone())));
        for step in 1..=3 {
            session.insert("n", round + step).expect("a number");
            assert_eq!(one.save(&mut session).await.expect("saved"), Saved::Stored);
            for engine in [&one, &two] {
                let found = engine.load(&key).await.expect("loaded").get::<u32>("n").expect("a number");
                assert_eq!(found, Some(round + step), "an acknowledged change is not seen");
            }
        }
        assert!(two.delete(&key).await.expect("deleted"));
        for engine in [&one, &two, &one, &two] {
            assert!(engine.load(&key).await.expect("loaded").is_empty(), "a deleted session is served");
        }
        stop.store(true, Relaxed);
        for reader in readers {
            assert!(reader.await.expect("no panic") > 0);
        }
        assert!(one.load(&key).await.expect("loaded").is_empty(), "a deleted session is served");
    }
    done.store(true, Relaxed);
    filling.await.expect("no panic");
    let kept: usize = server.command(&["DBSIZE"])[1..].trim().parse().expect("a number");
    assert!(kept < fillers.load(Relaxed), "the cache evicted nothing");
}
