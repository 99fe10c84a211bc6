//! Session keys: which are accepted, and that a key from a cookie is never adopted.

use serde_json::json;

use super::check::{Needs, Subject, SuiteCheck, checks, ensure, ensure_eq};
use crate::{
    Result,
    sessions::{Saved, SessionKey},
};

pub(super) static CHECKS: [SuiteCheck; 5] = checks![Needs::Server;
    an_unknown_key_is_never_adopted,
    short_and_overlong_keys_load_an_empty_session,
    a_key_that_names_another_place_is_refused,
    a_fresh_key_is_random_and_hidden,
    loading_an_unknown_key_creates_nothing,
];

async fn an_unknown_key_is_never_adopted(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    for _ in 0..20 {
        let chosen = SessionKey::random();
        let mut session = engine.load(&chosen).await?;
        session["x"] = json!(1);
        ensure_eq!(engine.save(&mut session).await?, Saved::Stored, "save");
        ensure!(session.key().is_some_and(|key| *key != chosen), "a key from a cookie was adopted");
        ensure!(!engine.exists(&chosen).await?, "a key from a cookie was stored");
        engine.delete(session.key().map_or("", SessionKey::as_str)).await?;
    }
    Ok(())
}

async fn short_and_overlong_keys_load_an_empty_session(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    for key in ["", "1", "1234567", &"a".repeat(41), &"a".repeat(300), "naïve☃naïve☃"] {
        let session = engine.load(key).await?;
        ensure!(session.key().is_none() && session.keys().next().is_none(), "{key:?} loaded something");
        ensure!(!engine.exists(key).await? && !engine.delete(key).await?, "{key:?} exists");
    }
    Ok(())
}

async fn a_key_that_names_another_place_is_refused(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    for key in
        ["a\\b\\c-long", "/etc/passwd", "../../../../x", "aaaaaaaa\0", "key with spaces", "k%2f..%2fkey"]
    {
        let session = engine.load(key).await?;
        ensure!(session.key().is_none() && session.keys().next().is_none(), "{key:?} loaded something");
    }
    Ok(())
}

async fn a_fresh_key_is_random_and_hidden(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let (one, two) = (engine.create().await?, engine.create().await?);
    let (Some(first), Some(second)) = (one.key(), two.key()) else {
        return Err(crate::Error::new("a created session has no key"));
    };
    ensure!(first != second, "two sessions share a key");
    ensure_eq!(first.as_str().len(), 32, "the key's length");
    let shown = format!("{one:?} {first:?}");
    ensure!(!shown.contains(first.as_str()), "Debug shows the key");
    ensure!(engine.delete(first).await? && engine.delete(second).await?, "delete");
    Ok(())
}

async fn loading_an_unknown_key_creates_nothing(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let key = SessionKey::random();
    let session = engine.load(&key).await?;
    ensure!(session.keys().next().is_none() && session.is_empty(), "an unknown key loaded something");
    ensure!(!engine.exists(&key).await?, "loading created a record");
    Ok(())
}
