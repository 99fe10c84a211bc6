//! Concurrent requests of one session: no change is lost, and no deleted session comes back.

use std::sync::Arc;

use serde_json::json;
use tokio::{sync::Barrier, task::JoinSet};

use super::check::{Needs, Subject, SuiteCheck, checks, ensure, ensure_eq};
use crate::{
    Error, Result,
    sessions::{Saved, Session, SessionEngine, SessionKey},
};

pub(super) static CHECKS: [SuiteCheck; 6] = checks![Needs::Server;
    increments_through_update_are_all_kept,
    different_keys_set_at_once_are_all_kept,
    changes_of_one_nested_value_are_all_kept,
    a_removal_survives_a_concurrent_change,
    a_logout_is_final_for_requests_in_flight,
    a_login_racing_a_logout_leaves_no_live_session,
];

/// Loads the session in `count` requests that all see it before any of them saves.
async fn together<F>(engine: &SessionEngine, key: &SessionKey, count: usize, change: F) -> Result<()>
where
    F: Fn(usize, &mut Session) -> Result<()> + Send + Sync + 'static,
{
    let (barrier, change) = (Arc::new(Barrier::new(count)), Arc::new(change));
    let mut requests = JoinSet::new();
    for index in 0..count {
        let (engine, key) = (engine.clone(), key.clone());
        let (barrier, change) = (barrier.clone(), change.clone());
        requests.spawn(async move {
            let loaded = engine.load(&key).await;
            barrier.wait().await;
            let mut session = loaded?;
            change(index, &mut session)?;
            match engine.save(&mut session).await? {
                Saved::Stored => Ok(()),
                other => Err(Error::new(format!("a concurrent save was {other:?}"))),
            }
        });
    }
    while let Some(request) = requests.join_next().await {
        request.map_err(Error::from)??;
    }
    Ok(())
}

fn key(session: &Session) -> Result<SessionKey> {
    session.key().cloned().ok_or_else(|| Error::new("a stored session has no key"))
}

async fn increments_through_update_are_all_kept(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"n": 0})).await?;
    let key = key(&session)?;
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (engine, key) = (engine.clone(), key.clone());
        clients.spawn(async move {
            for _ in 0..25 {
                let mut session = engine.load(&key).await?;
                session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?;
                ensure_eq!(engine.save(&mut session).await?, Saved::Stored, "save");
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client.map_err(Error::from)??;
    }
    ensure_eq!(Subject::reload(&engine, &session).await?.get::<u64>("n")?, Some(200), "8 x 25 increments");
    Ok(())
}

async fn different_keys_set_at_once_are_all_kept(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"first": true})).await?;
    together(&engine, &key(&session)?, 200, |index, session| session.insert(format!("k{index}"), index))
        .await?;
    ensure_eq!(Subject::reload(&engine, &session).await?.len(), 201, "200 keys and the first");
    Ok(())
}

async fn changes_of_one_nested_value_are_all_kept(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"cart": {"old": 1}})).await?;
    let change = |index: usize, session: &mut Session| {
        session["cart"][format!("item{index}")] = json!(index);
        Ok(())
    };
    together(&engine, &key(&session)?, 20, change).await?;
    let cart = Subject::reload(&engine, &session).await?["cart"].clone();
    ensure_eq!(cart.as_object().map(|cart| cart.len()), Some(21), "20 items and the old one");
    Ok(())
}

async fn a_removal_survives_a_concurrent_change(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    let session = Subject::stored(&engine, json!({"gone": 1, "kept": 1})).await?;
    let change = |index: usize, session: &mut Session| match index {
        0 => session.remove::<u8>("gone").map(drop),
        _ => session.insert("kept", 2),
    };
    together(&engine, &key(&session)?, 2, change).await?;
    let last = Subject::reload(&engine, &session).await?;
    ensure!(!last.contains_key("gone"), "a removed value came back");
    ensure_eq!(last.get::<u8>("kept")?, Some(2), "the other change");
    Ok(())
}

async fn a_logout_is_final_for_requests_in_flight(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    for round in 0..100 {
        let session = Subject::stored(&engine, json!({"_auth_user_id": "1"})).await?;
        let mut slow = Subject::reload(&engine, &session).await?;
        let mut logout = Subject::reload(&engine, &session).await?;
        slow["x"] = json!(round);
        if round % 2 == 0 {
            slow.cycle_key();
        }
        logout.flush();
        let (saved, deleted) = tokio::join!(engine.save(&mut slow), engine.delete_discarded(&mut logout));
        deleted?;
        let saved = saved?;
        let old = Subject::reload(&engine, &session).await?;
        ensure!(old.keys().next().is_none(), "round {round}: the old key lives, the slow save was {saved:?}");
        if slow.key().is_some() {
            let new = Subject::reload(&engine, &slow).await?;
            ensure!(
                new.keys().next().is_none(),
                "round {round}: a new key lives, the slow save was {saved:?}"
            );
        }
    }
    Ok(())
}

async fn a_login_racing_a_logout_leaves_no_live_session(subject: &Subject) -> Result<()> {
    let engine = subject.engine();
    for round in 0..100 {
        let session = Subject::stored(&engine, json!({"cart": 1})).await?;
        let mut login = Subject::reload(&engine, &session).await?;
        let mut logout = Subject::reload(&engine, &session).await?;
        login.insert("_auth_user_id", "1")?;
        login.cycle_key();
        logout.flush();
        let (first, second) = (engine.clone(), engine.clone());
        let login = tokio::spawn(async move { (first.save(&mut login).await, login) });
        let logout = tokio::spawn(async move { second.delete_discarded(&mut logout).await });
        let (saved, login) = login.await?;
        logout.await??;
        let saved = saved?;
        ensure!(saved != Saved::Superseded, "round {round}: the login was superseded by itself");
        for seen in [&session, &login] {
            let seen = Subject::reload(&engine, seen).await?;
            ensure!(!seen.contains_key("_auth_user_id"), "round {round}: the login lives ({saved:?})");
        }
    }
    Ok(())
}
