//! Stored sessions and cookies with every byte damaged in turn: nothing is accepted, nothing crashes.

use std::fs;

use nuages::{
    Clock,
    cache::{Caches, Ttl},
    sessions::{Saved, SessionEngine},
    settings::Settings,
};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::support::{program::Program, visitor::Visitor};

/// The text with each of its bytes damaged in turn, in two ways, and cut off at each.
pub fn damaged(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let flipped = (0..text.len()).flat_map(move |place| {
        [0x01, 0x80].map(|bit| {
            let mut damaged = text.to_vec();
            damaged[place] ^= bit;
            damaged
        })
    });
    flipped.chain((0..text.len()).map(|end| text[..end].to_vec()))
}

/// A visitor with something in the session.
async fn visitor(program: &Program) -> Visitor {
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    visitor
}

/// Damages the stored session with `put` and looks at what the visitor sees; `put` can restore it, too.
async fn damage_the_store(program: &Program, key: &str, stored: &[u8], put: impl Fn(&[u8])) {
    let mut visitor = program.visitor();
    visitor.cookie = Some(key.to_owned());
    for (n, damaged) in damaged(stored).enumerate() {
        put(&damaged);
        let answer = visitor.get("/session/").await;
        assert_eq!((answer.status, &answer.body["data"]), (200, &json!({})), "{damaged:?}");
        assert!(!answer.sets_cookie, "{answer:?}");
        if n % 16 == 0 {
            let mut writer = visitor.twin();
            writer.get("/count/").await.assert_count(1);
            assert!(writer.cookie.is_some_and(|fresh| fresh != key), "the damaged session was adopted");
        }
    }
    assert!(program.log().contains("session data cannot be used"), "no warning");
    // The damaged session was left alone, so that what is repaired is there again.
    put(stored);
    visitor.get("/count/").await.assert_count(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_damaged_row_is_accepted() {
    let mut program = Program::new("SESSION_ENGINE = \"db\"");
    program.start();
    let key = visitor(&program).await.cookie.expect("a cookie");
    let database = Connection::open(program.folder().join("db.sqlite3")).expect("opens");
    let select = "SELECT CAST(session_data AS BLOB) FROM django_session WHERE session_key = ?1";
    let stored: Vec<u8> = database.query_row(select, [&key], |row| row.get(0)).expect("a row");
    damage_the_store(&program, &key, &stored, |data| {
        let update = "UPDATE django_session SET session_data = CAST(?2 AS TEXT) WHERE session_key = ?1";
        assert_eq!(database.execute(update, params![key, data]).expect("updates"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_damaged_session_file_is_accepted() {
    let mut program = Program::new("SESSION_ENGINE = \"file\"");
    program.start();
    let key = visitor(&program).await.cookie.expect("a cookie");
    let file = program.folder().join("sessions").join(format!("sessionid{key}"));
    let stored = fs::read(&file).expect("a session file");
    damage_the_store(&program, &key, &stored, |data| fs::write(&file, data).expect("writes")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_whose_end_is_no_moment_has_ended() {
    let mut program = Program::new("SESSION_ENGINE = \"db\"");
    program.start();
    let mut visitor = visitor(&program).await;
    let database = Connection::open(program.folder().join("db.sqlite3")).expect("opens");
    let select = "SELECT expire_date FROM django_session";
    let good: String = database.query_row(select, [], |row| row.get(0)).expect("a row");
    let garbage = [
        "'soon'",
        "''",
        "'9999-99-99 00:00:00'",
        "'2099-01-01'",
        "x'00ff'",
        "x'ffff'",
        "5",
        "-1",
        "1e300",
        "9223372036854775807",
        "'2099-01-01 00:00:00+00:00'",
        "'99999-01-01 00:00:00'",
        "'2099-01-01 25:00:00'",
    ];
    for garbage in garbage {
        let update = format!("UPDATE django_session SET expire_date = {garbage}");
        database.execute(&update, []).expect("updates");
        let answer = visitor.twin().get("/session/").await;
        assert_eq!((answer.status, &answer.body["data"]), (200, &json!({})), "{garbage}");
        let mut writer = visitor.twin();
        writer.get("/count/").await.assert_count(1);
        assert_ne!(writer.cookie, visitor.cookie, "{garbage}");
        let others = "DELETE FROM django_session WHERE session_key != ?1";
        database.execute(others, [&visitor.cookie]).expect("deletes");
        assert_eq!(program.command(&["sessions", "stats"]).output().expect("runs").status.code(), Some(0));
    }
    database.execute("UPDATE django_session SET expire_date = ?1", [good]).expect("updates");
    visitor.get("/count/").await.assert_count(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_damaged_cookie_is_accepted() {
    for engine in ["signed_cookies", "db", "file"] {
        let mut program = Program::new(&format!("SESSION_ENGINE = \"{engine}\""));
        program.start();
        let good = visitor(&program).await.cookie.expect("a cookie");
        let loaded = program.engine();
        for damaged in damaged(good.as_bytes()) {
            let Ok(text) = String::from_utf8(damaged.clone()) else { continue };
            let session = loaded.load(&text).await.expect("no error");
            assert_eq!(session.len(), 0, "{engine}: {text:?}");
            // What no browser can send ends before the session.
            if http::HeaderValue::from_bytes(&damaged).is_ok() {
                let mut visitor = program.visitor();
                visitor.cookie = Some(text.clone());
                let answer = visitor.get("/session/").await;
                assert_eq!((answer.status, &answer.body["data"]), (200, &json!({})), "{engine}: {text:?}");
            }
        }
        let mut visitor = program.visitor();
        visitor.cookie = Some(good);
        visitor.get("/count/").await.assert_count(2);
    }
}

#[tokio::test]
async fn no_damaged_cache_entry_is_accepted() {
    for engine in ["cache", "cached_db"] {
        let program = Program::new(&format!("SESSION_ENGINE = \"{engine}\""));
        let settings: Settings = program.settings();
        let caches = Caches::open(&settings, Clock::system()).unwrap_or_else(|errors| panic!("{errors}"));
        let made = SessionEngine::from_settings_with_caches(&settings, Clock::system(), &caches);
        let engine_made = made.unwrap_or_else(|errors| panic!("{errors}"));
        let mut session = engine_made.new_session();
        session.insert("secret", "value").expect("JSON");
        assert_eq!(engine_made.save(&mut session).await.expect("saves"), Saved::Stored);
        let key = session.key().expect("a key").clone();
        let cache = caches.get("default").expect("a cache");
        let (mut entries, mut from) = (Vec::new(), None);
        loop {
            let page = cache.scan("", from).await.expect("scans");
            entries.extend(page.keys);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert!(!entries.is_empty(), "{engine}: nothing is cached");
        for entry in entries {
            let stored = cache.get(&entry).await.expect("reads").expect("an entry").to_vec();
            let mut intact = 0;
            for damaged in damaged(&stored) {
                cache.set(&entry, damaged.clone().into(), Ttl::Default).await.expect("sets");
                let loaded = engine_made.load(&key).await.expect("no error");
                // The end beside the data may change, and the database may have it all: but nothing else.
                let whole = loaded.len() == 1 && loaded["secret"] == "value";
                assert!(loaded.keys().next().is_none() || whole, "{engine}: {damaged:?}");
                intact += usize::from(whole);
            }
            assert!(engine == "cached_db" || intact <= 16, "{engine}: {intact} damaged entries accepted");
            cache.set(&entry, stored.into(), Ttl::Default).await.expect("sets");
        }
        assert_eq!(engine_made.load(&key).await.expect("loads")["secret"], "value", "{engine}");
    }
}
