//! Sweeps over all sessions while sessions change: revoking, clearing, and a store that cannot count.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard},
    time::SystemTime,
};

use nuages::{
    Clock, Unavailable, json,
    sessions::{
        Clear, Cleared, Listed, Promises, Record, Saved, SessionEngine, SessionStore, StoreError,
        StoreResult, Swap,
    },
};

use crate::support::site::settings_in;

/// A store that gives a session a new key whenever a page has been listed or a batch cleared: the last session
/// moves to the front. It cannot count.
#[derive(Default)]
struct MovingStore {
    records: Mutex<BTreeMap<String, Record>>,
    moves: Mutex<u32>,
}

impl MovingStore {
    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        self.records.lock().expect("no test panics under it")
    }

    fn move_one(&self) {
        let mut moves = self.moves.lock().expect("no test panics under it");
        if *moves > 0 {
            *moves -= 1;
            let mut records = self.records();
            let (_, record) = records.pop_last().expect("a session to move");
            records.insert(format!("0000000{moves}"), record);
        }
    }
}

impl SessionStore for MovingStore {
    fn promises(&self) -> Promises {
        Promises::none().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        Ok(self.records().get(key).filter(|record| record.is_live(now)).cloned())
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        Ok(self.records().insert(key.to_owned(), new.clone()).is_none())
    }

    async fn replace(&self, _: &str, _: &Record, _: &Record) -> StoreResult<Swap> {
        Ok(Swap::Gone)
    }

    async fn rename(&self, _: &str, _: &Record, _: &str, _: &Record) -> StoreResult<Swap> {
        Ok(Swap::Gone)
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        Ok(self.records().remove(key).is_some())
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        Ok(self.records().contains_key(key))
    }

    async fn clear(&self, _: Option<SystemTime>, from: Option<&str>, _: usize) -> StoreResult<Cleared> {
        let (page, next) = self.page(from, 10);
        for (key, _) in &page {
            self.records().remove(key);
        }
        self.move_one();
        Ok(Cleared::new(page.len() as u64, next))
    }

    async fn count(&self, _: Option<SystemTime>) -> StoreResult<Option<u64>> {
        Err(StoreError::new("count", Unavailable::new("the store of the test", None)))
    }

    async fn list(&self, from: Option<&str>, _: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let (page, next) = self.page(from, 10);
        self.move_one();
        Ok((page.into_iter().map(|(key, record)| Listed::new(key, record)).collect(), next))
    }
}

impl MovingStore {
    fn page(&self, from: Option<&str>, limit: usize) -> (Vec<(String, Record)>, Option<String>) {
        let after = from.map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.records();
        let page = records.range::<str, _>((after, Bound::Unbounded)).take(limit);
        let page: Vec<_> = page.map(|(key, record)| (key.clone(), record.clone())).collect();
        let next = page.last().filter(|_| page.len() == limit).map(|(key, _)| key.clone());
        (page, next)
    }
}

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
    *store.moves.lock().expect("no test panics under it") = moves;
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
