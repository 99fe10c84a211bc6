//! The session engines that need a cache, on each cache: the suite of all engines, and their promises.

use std::{path::Path, sync::Arc};

use nuages::{
    Clock,
    cache::{Caches, KeySpace, Locmem},
    sessions::SessionEngine,
    settings::Settings,
    testing::session_store_suite,
};

use crate::support::site::{SQLITE as DATABASE, settings_in};

fn settings(engine: &str, folder: &Path, more: &str) -> Settings {
    settings_in(folder, &format!("SESSION_ENGINE = '{engine}'\n{more}"))
}

fn make_table(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("db.sqlite3")).expect("a database");
    let table = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                 session_data text NOT NULL, expire_date datetime NOT NULL);
                 CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);";
    database.execute_batch(table).expect("the table");
}

/// Runs the suite with every engine on the one cache that `caches` holds.
async fn suite(settings: Settings, caches: Caches) {
    let report = session_store_suite(&settings, move |settings, clock| {
        let made = SessionEngine::from_settings_with_caches(settings, clock, &caches);
        made.unwrap_or_else(|errors| panic!("{errors}"))
    });
    let report = report.await;
    print!("{report}");
    report.assert_passed();
}

fn memory() -> Caches {
    let locmem = Locmem::new(KeySpace::new("", 1), 100_000, Clock::system());
    Caches::default().with("default", Arc::new(locmem))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_engine_passes_the_suite_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    suite(settings("cache", folder.path(), ""), memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cached_db_engine_passes_the_suite_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    make_table(folder.path());
    suite(settings("cached_db", folder.path(), DATABASE), memory()).await;
}

#[test]
fn an_engine_without_its_cache_is_a_mistake_in_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    for engine in ["cache", "cached_db"] {
        let more =
            format!("SESSION_CACHE_ALIAS = 'sessions'\n{DATABASE}[CACHES.default]\nBACKEND = 'locmem'\n");
        let Err(errors) = SessionEngine::from_settings(&settings(engine, folder.path(), &more)) else {
            panic!("{engine} was made");
        };
        let text = errors.to_string();
        assert!(text.contains("SESSION_CACHE_ALIAS = \"sessions\""), "{text}");
        assert!(text.contains("(it has: default)"), "{text}");
    }
}

#[test]
fn sessions_in_this_processs_memory_are_not_shared() {
    let folder = tempfile::tempdir().expect("a folder");
    for engine in ["cache", "cached_db"] {
        let made = SessionEngine::from_settings(&settings(engine, folder.path(), DATABASE));
        let promises = made.unwrap_or_else(|errors| panic!("{errors}")).promises();
        assert!(!promises.shared && promises.revocable && promises.compare_and_swap);
        assert_eq!(promises.durable, engine == "cached_db");
    }
}

#[cfg(not(feature = "redis"))]
#[test]
fn redis_without_its_feature_is_a_mistake_in_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let more = "[CACHES.default]\nBACKEND = 'redis'\nLOCATION = 'redis://user:secret@127.0.0.1'\n";
    let errors =
        Caches::open(&settings("cache", folder.path(), more), Clock::system()).expect_err("not built");
    let text = errors.to_string();
    assert!(
        text.contains("CACHES.default.BACKEND") && text.contains("needs the cargo feature `redis`"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

#[cfg(feature = "redis")]
mod redis {
    use std::time::{Duration, Instant};

    use nuages::{Error, StatusCode, json, sessions::Saved};

    use super::*;
    use crate::support::{
        polling::until,
        redis_server::{RedisServer, unique_prefix},
    };

    fn with_redis(server: &RedisServer) -> String {
        let (url, prefix) = (server.url(), unique_prefix());
        format!(
            "{DATABASE}[CACHES.default]\nBACKEND = 'redis'\nLOCATION = '{url}'\nKEY_PREFIX = '{prefix}'\n"
        )
    }

    fn made(settings: &Settings, clock: Clock) -> SessionEngine {
        SessionEngine::from_settings_with_clock(settings, clock).unwrap_or_else(|errors| panic!("{errors}"))
    }

    async fn suite(engine: &str) {
        let (folder, server) = (tempfile::tempdir().expect("a folder"), RedisServer::shared());
        make_table(folder.path());
        let settings = settings(engine, folder.path(), &with_redis(&server));
        // Each engine has a connection of its own, as each process would.
        let report = session_store_suite(&settings, made).await;
        print!("{report}");
        report.assert_passed();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_cache_engine_passes_the_suite_on_redis() {
        suite("cache").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_cached_db_engine_passes_the_suite_on_redis() {
        suite("cached_db").await;
    }

    #[test]
    fn every_wrong_location_is_reported_without_its_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let more = "[CACHES.default]\nBACKEND = 'redis'\nLOCATION = ['redis://:secret@one', 'redis://:secret@two']\n\
                    [CACHES.other]\nBACKEND = 'redis'\nLOCATION = 'redis://user:secret@host/zero'\n";
        let errors = Caches::open(&settings("db", folder.path(), more), Clock::system()).expect_err("wrong");
        assert_eq!(errors.0.len(), 2, "{errors}");
        let text = errors.to_string();
        assert!(text.contains("CACHES.default.LOCATION") && text.contains("one server"), "{text}");
        assert!(text.contains("CACHES.other.LOCATION") && !text.contains("secret"), "{text}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_cache_engine_is_unavailable_while_redis_is_down() {
        let (folder, mut server) = (tempfile::tempdir().expect("a folder"), RedisServer::private(&[]));
        let settings = settings("cache", folder.path(), &with_redis(&server));
        let engine = made(&settings, Clock::system());
        let mut session = engine.new_session();
        session.insert("a", 1).expect("a value");
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
        server.stop();
        let key = session.key().expect("a key").as_str().to_owned();
        let begin = Instant::now();
        let load = Error::from(engine.load(&key).await.expect_err("down"));
        session.insert("a", 2).expect("a value");
        let save = engine.save(&mut session).await.expect_err("down");
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        for error in [load, save] {
            assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE, "{error:?}");
            assert!(!format!("{error:?}").contains(&key));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn cached_db_reads_on_without_its_cache_and_refuses_changes() {
        let (folder, mut server) = (tempfile::tempdir().expect("a folder"), RedisServer::private(&[]));
        make_table(folder.path());
        let settings = settings("cached_db", folder.path(), &with_redis(&server));
        // Two processes.
        let (one, two) = (made(&settings, Clock::system()), made(&settings, Clock::system()));
        let mut session = one.new_session();
        session.insert("count", 0).expect("a value");
        assert_eq!(one.save(&mut session).await.expect("saved"), Saved::Stored);
        let key = session.key().expect("a key").as_str().to_owned();
        let add = async |engine: &SessionEngine| {
            let mut session = engine.load(&key).await.expect("loaded");
            session.update("count", |old: Option<u32>| old.unwrap_or_default() + 1).expect("a number");
            engine.save(&mut session).await
        };
        let added = async |engine: &SessionEngine| {
            assert_eq!(add(engine).await.expect("saved"), Saved::Stored);
        };
        let refused = async |engine: &SessionEngine| {
            let begin = Instant::now();
            let error = add(engine).await.expect_err("the cache cannot be marked");
            assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE, "{error:?}");
            assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
        };
        let count = async |engine: &SessionEngine| {
            engine.load(&key).await.expect("loaded").get::<u32>("count").expect("a number")
        };
        added(&one).await;
        assert_eq!((count(&one).await, count(&two).await), (Some(1), Some(1)));

        // Full: the cache takes no mark, but deletes the old session.
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
        added(&one).await;
        assert_eq!((count(&two).await, count(&one).await), (Some(2), Some(2)));
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "0"]), "+OK");
        added(&two).await;

        // Hung: reads come from the database, and changes are refused.
        server.signal("STOP");
        for _ in 0..3 {
            refused(&one).await;
            assert_eq!(count(&one).await, Some(3));
        }
        server.signal("CONT");
        until(Duration::from_secs(10), async || add(&one).await.is_ok()).await;
        assert_eq!((count(&two).await, count(&one).await), (Some(4), Some(4)));

        // Gone, and back empty. A logout is not acknowledged while other processes may serve the session.
        server.stop();
        refused(&two).await;
        assert_eq!(count(&one).await, Some(4));
        let error = Error::from(one.delete(&key).await.expect_err("the cache cannot be marked"));
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE, "{error:?}");
        let mut new = one.new_session();
        new.insert("count", 1).expect("a value");
        assert_eq!(one.save(&mut new).await.expect("a new session needs no mark"), Saved::Stored);
        server.start();
        let begin = Instant::now();
        while one.delete(&key).await.is_err() {
            assert!(begin.elapsed() < Duration::from_secs(3), "the cache is not used again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for engine in [&one, &two] {
            assert!(engine.load(&key).await.expect("loaded").is_empty());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_redis_key_of_another_type_reads_as_empty() {
        let (folder, server) = (tempfile::tempdir().expect("a folder"), RedisServer::shared());
        make_table(folder.path());
        for (name, lives) in [("cache", false), ("cached_db", true)] {
            let settings = settings(name, folder.path(), &with_redis(&server));
            let engine = made(&settings, Clock::system());
            let mut session = engine.new_session();
            session.insert("count", 1).expect("a number");
            assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
            let key = session.key().expect("a key").as_str().to_owned();
            let prefix = &settings.caches["default"].key_prefix;
            let wire = format!("{prefix}:1:django.contrib.sessions.{name}{key}");
            let spoil = || {
                server.command(&["DEL", &wire]);
                assert_eq!(server.command(&["RPUSH", &wire, "a list"]), ":1");
            };
            spoil();
            let mut loaded = engine.load(&key).await.expect("no error");
            assert_eq!(loaded.contains_key("count"), lives, "{name}");
            loaded.insert("count", 2).expect("a number");
            assert_eq!(engine.save(&mut loaded).await.expect("saved"), Saved::Stored);
            assert_eq!(loaded.key().map(|key| key.as_str().to_owned()) == Some(key.clone()), lives);
            // Sweeps go on.
            spoil();
            engine.list(None).await.expect("listed");
            assert!(engine.delete(&key).await.expect("deleted"));
            assert!(engine.load(&key).await.expect("no error").is_empty());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_django_cached_counts_as_a_miss_and_is_replaced_by_changes() {
        let (folder, server) = (tempfile::tempdir().expect("a folder"), RedisServer::shared());
        make_table(folder.path());
        let settings = settings("cached_db", folder.path(), &with_redis(&server));
        let engine = made(&settings, Clock::system());
        let mut session = engine.new_session();
        session["name"] = json!("Django");
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
        let key = session.key().expect("a key").as_str().to_owned();
        let prefix = &settings.caches["default"].key_prefix;
        let wire = format!("{prefix}:1:django.contrib.sessions.cached_db{key}");
        // As Django's cached_db would.
        server.command(&["SET", &wire, "(dp0\nVname\nVother\ns."]);
        let mut session = engine.load(&key).await.expect("loaded");
        assert_eq!(session["name"], "Django");
        server.command(&["SET", &wire, "(dp0\nVname\nVother\ns."]);
        session["name"] = json!("Reinhardt");
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
        let cached = server.command(&["GET", &wire]);
        assert!(cached.starts_with('\0') && !cached.contains("other"), "{cached:?}");
        assert_eq!(engine.load(&key).await.expect("loaded")["name"], "Reinhardt");
    }
}
