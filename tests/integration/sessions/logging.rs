//! What the log says of stored data that cannot be read.

use nuages::sessions::{Saved, SessionEngine};
use rusqlite::Connection;

use crate::support::{
    events::Events,
    site::{DATABASE_FILE, SQLITE, migrate, settings_in},
};

#[tokio::test]
async fn damaged_data_read_as_empty_and_are_logged_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings_in(folder.path(), &format!("SESSION_ENGINE = 'db'\n{SQLITE}"));
    migrate(&settings).await;
    let engine = SessionEngine::from_settings(&settings).unwrap_or_else(|errors| panic!("{errors}"));
    let mut keys = Vec::new();
    for number in 0..2 {
        let mut session = engine.new_session();
        session.insert("n", number).expect("a number");
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
        keys.push(session.key().expect("a key").as_str().to_owned());
    }
    let database = Connection::open(folder.path().join(DATABASE_FILE)).expect("opens");
    let spoil = "UPDATE django_session SET session_data = 'damaged ' || session_key";
    assert_eq!(database.execute(spoil, []).expect("updates"), 2);
    drop(database);

    let events = Events::default();
    let guard = tracing::subscriber::set_default(events.clone());
    for _ in 0..5 {
        for key in &keys {
            assert!(engine.load(key).await.expect("no error").is_empty());
        }
    }
    drop(guard);
    let text = events.text();
    assert_eq!(text.matches("session data cannot be used").count(), 2, "{text}");
    assert!(keys.iter().all(|key| !text.contains(key)), "{text}");
}

#[tokio::test]
async fn a_session_file_that_cannot_be_read_is_logged_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings_in(folder.path(), "SESSION_ENGINE = 'file'\nSESSION_FILE_PATH = '.'");
    let engine = SessionEngine::from_settings(&settings).unwrap_or_else(|errors| panic!("{errors}"));
    let keys = ["plantedfolder", "anotherfolder"];
    for key in keys {
        std::fs::create_dir(folder.path().join(format!("sessionid{key}"))).expect("a folder");
    }
    let events = Events::default();
    let guard = tracing::subscriber::set_default(events.clone());
    for _ in 0..5 {
        for key in keys {
            assert!(engine.load(key).await.expect("no error").is_empty());
        }
    }
    drop(guard);
    let text = events.text();
    assert_eq!(text.matches("cannot be read: the session is empty").count(), 2, "{text}");
    assert!(keys.iter().all(|key| !text.contains(key)), "{text}");
}
