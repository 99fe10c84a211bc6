//! Clearing, listing and revoking sessions, and hashing their keys.

use std::time::Duration;

use serde_json::json;

use super::check::{Needs, Subject, SuiteCheck, checks, ensure, ensure_eq};
use crate::{
    Error, Result,
    sessions::{Session, SessionEngine, SessionInfo, SessionKey},
};

pub(super) static CHECKS: [SuiteCheck; 5] = checks![Needs::Server;
    every_stored_session_is_listed_once,
    a_session_is_found_by_its_key_and_by_its_beginning,
    a_users_sessions_are_found_and_revoked,
    hashed_keys_are_not_stored_in_clear,
    switching_hashing_on_upgrades_sessions_on_their_next_use,
];

pub(super) static CLEARING_CHECKS: [SuiteCheck; 1] = checks![Needs::Clearing;
    clearing_removes_ended_sessions_alone,
];

fn key(session: &Session) -> &str {
    session.key().map_or("", SessionKey::as_str)
}

async fn all(engine: &SessionEngine) -> Result<Vec<SessionInfo>> {
    let (mut infos, mut cursor) = (Vec::new(), None);
    loop {
        let (page, next) = engine.list(cursor.as_ref()).await?;
        infos.extend(page);
        match next {
            Some(next) => cursor = Some(next),
            None => return Ok(infos),
        }
    }
}

async fn every_stored_session_is_listed_once(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let mut sessions = Vec::new();
    for n in 0..5 {
        sessions.push(Subject::stored(&engine, json!({"n": n})).await?);
    }
    let infos = all(&engine).await?;
    for (n, session) in sessions.iter().enumerate() {
        let found: Vec<_> = infos.iter().filter(|info| info.stored_key == key(session)).collect();
        ensure_eq!(found.len(), 1, "session {n} in the listing");
        let data = found[0].data.as_ref().and_then(|data| data.get("n"));
        ensure_eq!(data, Some(&json!(n)), "its data");
        ensure!(found[0].saved_at.is_some() && found[0].bytes > 0, "it has no date or no size");
    }
    Ok(())
}

async fn a_session_is_found_by_its_key_and_by_its_beginning(subject: &Subject) -> Result<()> {
    for hashed in [false, true] {
        let (engine, _) = subject.engine_with(|settings| settings.session.hash_keys = hashed);
        let session = Subject::stored(&engine, json!({"hashed": hashed})).await?;
        Subject::stored(&engine, json!({"another": true})).await?;
        let by_key = engine.find(key(&session), 5, |_| {}).await?;
        ensure_eq!(by_key.len(), 1, "found by the cookie's key, hashed: {hashed}");
        let data = by_key[0].data.as_ref().and_then(|data| data.get("hashed"));
        ensure_eq!(data, Some(&json!(hashed)), "its data");
        let mut passed = 0;
        let beginning = by_key[0].stored_key.get(..12).unwrap_or_default();
        let found = engine.find(beginning, 5, |count| passed = count).await?;
        ensure_eq!(found.len(), 1, "found by the stored key's beginning, hashed: {hashed}");
        ensure!(found[0].stored_key == by_key[0].stored_key && passed >= 1, "another session was found");
        ensure_eq!(engine.find("", 2, |_| {}).await?.len(), 2, "no more than asked for");
        ensure!(engine.find("no-such-key", 5, |_| {}).await?.is_empty(), "an unknown key was found");
        ensure!(engine.revoke(&found[0]).await?, "it cannot be ended");
        ensure!(engine.find(key(&session), 5, |_| {}).await?.is_empty(), "it was found after its end");
    }
    Ok(())
}

async fn a_users_sessions_are_found_and_revoked(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let user = format!("user-{}", SessionKey::random().as_str());
    let current = Subject::stored(&engine, json!({"_auth_user_id": user})).await?;
    for _ in 0..3 {
        Subject::stored(&engine, json!({"_auth_user_id": user})).await?;
    }
    let other = Subject::stored(&engine, json!({"_auth_user_id": "somebody else"})).await?;
    ensure_eq!(engine.sessions_of(&user).await?.len(), 4, "the user's sessions");
    ensure_eq!(engine.revoke_user(&user, Some(&current)).await?, 3, "revoked but the current one");
    ensure!(engine.exists(key(&current)).await?, "the current session was revoked");
    ensure_eq!(engine.revoke_user(&user, None).await?, 1, "revoked all");
    ensure!(!engine.exists(key(&current)).await?, "the current session stayed");
    ensure!(engine.exists(key(&other)).await?, "somebody else's session was revoked");
    Ok(())
}

async fn hashed_keys_are_not_stored_in_clear(subject: &Subject) -> Result<()> {
    let (hashing, _) = subject.engine_with(|settings| settings.session.hash_keys = true);
    let mark = json!(SessionKey::random().as_str());
    let session = Subject::stored(&hashing, json!({"x": mark})).await?;
    ensure!(Subject::reload(&hashing, &session).await?.contains_key("x"), "it cannot be loaded");
    let infos = all(&hashing).await?;
    ensure!(infos.iter().all(|info| info.stored_key != key(&session)), "the bare key is stored");
    let ours = |info: &&SessionInfo| info.data.as_ref().and_then(|data| data.get("x")) == Some(&mark);
    let Some(stored) = infos.iter().find(ours) else { return Err(Error::new("it is not listed")) };
    // A reader of the store must not be able to use a stored key as a cookie.
    ensure!(
        hashing.load(&stored.stored_key).await?.keys().next().is_none(),
        "a stored hash passes for a key"
    );
    ensure!(hashing.delete(key(&session)).await?, "it cannot be deleted");
    Ok(())
}

async fn switching_hashing_on_upgrades_sessions_on_their_next_use(subject: &Subject) -> Result<()> {
    let plain = subject.engine();
    let session = Subject::stored(&plain, json!({"x": 1})).await?;
    let (hashing, _) = subject.engine_with(|settings| settings.session.hash_keys = true);
    ensure!(hashing.exists(key(&session)).await?, "the session from before is not found");
    let upgraded = Subject::reload(&hashing, &session).await?;
    ensure_eq!(upgraded.get::<u8>("x")?, Some(1), "its value");
    ensure!(!plain.exists(key(&session)).await?, "the bare key is still stored");
    ensure!(Subject::reload(&hashing, &session).await?.contains_key("x"), "the second use finds nothing");
    Ok(())
}

async fn clearing_removes_ended_sessions_alone(subject: &Subject) -> Result<()> {
    let (engine, clock) =
        subject.engine_with(|settings| settings.session.cookie_age = Duration::from_secs(60));
    let ended = Subject::stored(&engine, json!({"x": 1})).await?;
    clock.advance(Duration::from_secs(120));
    let alive = Subject::stored(&engine, json!({"x": 2})).await?;
    ensure!(engine.exists(key(&ended)).await?, "an ended session vanished by itself");
    let removed = engine.clear_expired().await?;
    ensure!(removed >= 1, "nothing was cleared");
    ensure!(!engine.exists(key(&ended)).await?, "the ended session stayed");
    ensure!(engine.exists(key(&alive)).await?, "a live session was cleared");
    if engine.clear_expired().await? > 0 {
        return Err(Error::new("a second clearing found more"));
    }
    Ok(())
}
