//! A session store whose sessions change their keys during sweeps, and that cannot count.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard},
    time::SystemTime,
};

use nuages::{
    Unavailable,
    sessions::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
};

/// A store that gives a session a new key whenever a page has been listed or a batch cleared: the last session
/// moves to the front. It cannot count.
#[derive(Default)]
pub struct MovingStore {
    records: Mutex<BTreeMap<String, Record>>,
    moves: Mutex<u32>,
    listed: Mutex<usize>,
}

impl MovingStore {
    pub fn records(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        self.records.lock().expect("no test panics under it")
    }

    /// Moves a session after each of the next listed pages and cleared batches.
    pub fn begin_to_move(&self, moves: u32) {
        *self.moves.lock().expect("no test panics under it") = moves;
    }

    /// How many records have been listed.
    pub fn listed(&self) -> usize {
        *self.listed.lock().expect("no test panics under it")
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
        Promises::none().shared().revocable().compare_and_swap()
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
        *self.listed.lock().expect("no test panics under it") += page.len();
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
