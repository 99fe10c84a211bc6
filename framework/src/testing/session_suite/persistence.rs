//! Saving, loading, flushing and changing the key of a session.

use serde_json::{Value, json};

use super::check::{Needs, Subject, SuiteCheck, checks, ensure, ensure_eq};
use crate::{
    Result,
    sessions::{Saved, SessionKey},
};

pub(super) static CHECKS: [SuiteCheck; 4] = checks![Needs::Nothing;
    saved_values_are_there_in_the_next_request,
    every_json_value_survives_the_store,
    encode_and_decode_are_inverse,
    flush_leaves_nothing,
];

pub(super) static SERVER_CHECKS: [SuiteCheck; 7] = checks![Needs::Server;
    save_keeps_the_key,
    delete_ends_the_session,
    flush_deletes_the_record,
    a_write_after_flush_starts_a_new_session,
    cycle_keeps_the_data_under_a_new_key,
    a_session_deleted_elsewhere_is_not_resurrected,
    what_cannot_be_decoded_reads_as_empty_and_is_left_alone,
];

async fn saved_values_are_there_in_the_next_request(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"cat": "dog", "n": 5})).await?;
    ensure!(!session.is_modified(), "a saved session still counts as modified");
    // Another engine on the same settings is another process of the same site.
    let next = Subject::reload(&subject.engine(), &session).await?;
    ensure!(!next.is_accessed() && !next.is_modified(), "a loaded session counts as touched");
    ensure_eq!(next.get::<String>("cat")?.as_deref(), Some("dog"), "a saved value");
    ensure!(next.saved_at().is_some(), "a loaded session does not know when it was saved");
    Ok(())
}

async fn every_json_value_survives_the_store(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let values = json!({
        "größe": "naïve ☃ 🎸 \u{0}\u{1f}\u{7f}\u{80}\u{2028}", "quo\"te": "back\\slash/\n",
        "numbers": [0, -1, 1.5, 1e300, u64::MAX, i64::MIN], "nothing": null, "truth": [true, false],
        "nested": {"a": [{"b": {}}, []]}, "long": "lorem ipsum ".repeat(100),
    });
    let session = Subject::stored(&engine, values.clone()).await?;
    let next = Subject::reload(&engine, &session).await?;
    let found: Value = next.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
    ensure_eq!(found, values, "the values");
    Ok(())
}

async fn encode_and_decode_are_inverse(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let data = json!({"a test key": "a test value"});
    let data = data.as_object().cloned().unwrap_or_default();
    let text = engine.encode(&data)?;
    ensure_eq!(engine.decode(&text)?, data, "decode");
    for bad in ["", "flaskdj:alkdjf", &text[1..], &text[..text.len() - 1]] {
        ensure!(engine.decode(bad).is_err(), "{} bytes with a bad signature decode", bad.len());
    }
    Ok(())
}

async fn flush_leaves_nothing(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"foo": "bar"})).await?;
    let mut next = Subject::reload(&engine, &session).await?;
    next.flush();
    ensure!(next.is_modified() && next.is_accessed(), "flush must mark modified");
    ensure!(next.is_empty() && next.key().is_none(), "flush left something");
    Ok(())
}

async fn save_keeps_the_key(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"a": 1})).await?;
    let mut next = Subject::reload(&engine, &session).await?;
    next["b"] = json!(2);
    ensure_eq!(engine.save(&mut next).await?, Saved::Stored, "save");
    ensure!(next.key() == session.key(), "a save changed the key");
    let last = Subject::reload(&engine, &session).await?;
    ensure_eq!((last.get::<u8>("a")?, last.get::<u8>("b")?), (Some(1), Some(2)), "the values");
    Ok(())
}

async fn delete_ends_the_session(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"a": 1})).await?;
    let key = session.key().map_or("", SessionKey::as_str);
    ensure!(engine.exists(key).await?, "a saved session does not exist");
    ensure!(engine.delete(key).await?, "delete found nothing");
    ensure!(!engine.exists(key).await?, "a deleted session exists");
    ensure!(!engine.delete(key).await?, "delete found something twice");
    Ok(())
}

async fn flush_deletes_the_record(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"a": 1})).await?;
    let mut next = Subject::reload(&engine, &session).await?;
    next.flush();
    engine.delete_discarded(&mut next).await?;
    ensure!(!engine.exists(session.key().map_or("", SessionKey::as_str)).await?, "the record stayed");
    Ok(())
}

async fn a_write_after_flush_starts_a_new_session(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"old": 1})).await?;
    let mut next = Subject::reload(&engine, &session).await?;
    next.flush();
    next["new"] = json!(2);
    ensure_eq!(engine.save(&mut next).await?, Saved::Stored, "save");
    ensure!(next.key() != session.key(), "the old key was used again");
    ensure!(!engine.exists(session.key().map_or("", SessionKey::as_str)).await?, "the old record stayed");
    let last = Subject::reload(&engine, &next).await?;
    ensure!(!last.contains_key("old") && last.contains_key("new"), "flushed data came back");
    Ok(())
}

async fn cycle_keeps_the_data_under_a_new_key(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"a": 1, "b": 2})).await?;
    let mut next = Subject::reload(&engine, &session).await?;
    next.cycle_key();
    ensure_eq!(engine.save(&mut next).await?, Saved::Stored, "save");
    ensure!(next.key().is_some() && next.key() != session.key(), "the key is the old one");
    ensure!(!engine.exists(session.key().map_or("", SessionKey::as_str)).await?, "the old record stayed");
    let last = Subject::reload(&engine, &next).await?;
    ensure_eq!((last.get::<u8>("a")?, last.get::<u8>("b")?), (Some(1), Some(2)), "the values");
    Ok(())
}

async fn a_session_deleted_elsewhere_is_not_resurrected(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"a": 1})).await?;
    let key = session.key().map_or("", SessionKey::as_str);
    for cycle in [false, true] {
        let mut slow = Subject::reload(&engine, &session).await?;
        if !cycle {
            engine.delete(key).await?;
        }
        slow["b"] = json!(2);
        if cycle {
            slow.cycle_key();
        }
        let saved = engine.save(&mut slow).await?;
        if cycle {
            // The record was gone before it was loaded: an unknown key, so a new session.
            ensure!(slow.key().is_some_and(|new| new.as_str() != key), "an unknown key was adopted");
        } else {
            ensure_eq!(saved, Saved::Interrupted, "a save after a logout elsewhere");
        }
        ensure!(!engine.exists(key).await?, "the deleted session came back");
    }
    Ok(())
}

async fn what_cannot_be_decoded_reads_as_empty_and_is_left_alone(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"a": 1})).await?;
    let (stranger, _) = subject.engine_with(|settings| settings.secret_key = "another secret".to_owned());
    let mut seen = Subject::reload(&stranger, &session).await?;
    ensure!(seen.keys().next().is_none(), "another secret's session was believed");
    seen["x"] = json!(1);
    ensure_eq!(stranger.save(&mut seen).await?, Saved::Stored, "save");
    ensure!(seen.key().is_some() && seen.key() != session.key(), "the unreadable record's key was used");
    ensure!(Subject::reload(&engine, &session).await?.contains_key("a"), "the record was overwritten");
    Ok(())
}
