//! Sweeps over all sessions while sessions change: revoking, clearing, and a store that cannot count.

use std::sync::Arc;

use nuages::{
    Clock, json,
    sessions::{Clear, Saved, SessionEngine},
};

use crate::support::{moving_store::MovingStore, site::settings_in};

/// An engine with sessions of user 7, and its store, which moves sessions from now on.
async fn sessions_that_move(sessions: u32, moves: u32, lines: &str) -> (SessionEngine, Arc<MovingStore>) {
    let (folder, store) = (tempfile::tempdir().expect("a folder"), Arc::new(MovingStore::default()));
    let settings = settings_in(folder.path(), &format!("SESSION_ENGINE = 'moving'\n{lines}"));
    let engine = SessionEngine::with_store(&settings, Clock::system(), store.clone());
    for _ in 0..sessions {
        let mut session = engine.new_session();
        session["_auth_user_id"] = json!("7");
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
    }
    store.begin_to_move(moves);
    (engine, store)
}

#[tokio::test]
async fn revoking_a_user_finds_sessions_that_change_their_key_in_between() {
    for lines in ["", "SESSION_HASH_KEYS = true"] {
        let (engine, store) = sessions_that_move(35, 2, lines).await;
        assert_eq!(engine.revoke_user("7", None).await.expect("revoked"), 35, "{lines}");
        assert!(store.records().is_empty(), "{lines}");
        // A session that gets a new key between each listing and its deletion.
        let (engine, store) = sessions_that_move(1, 4, lines).await;
        assert_eq!(engine.revoke_user("7", None).await.expect("revoked"), 1, "{lines}");
        assert!(store.records().is_empty(), "{lines}");
    }
}

#[tokio::test]
async fn clearing_all_finds_sessions_that_change_their_key_in_between() {
    let (engine, store) = sessions_that_move(35, 2, "").await;
    let mut total = Some(0);
    let removed = engine.clear(Clear::All, |progress| total = progress.total).await;
    // The store cannot count, which only the progress needs.
    assert_eq!((removed.expect("cleared"), total), (35, None));
    assert!(store.records().is_empty());
}
