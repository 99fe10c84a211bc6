//! A session store in memory that can be put out of order, or made to wait.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::SystemTime,
};

use nuages::{
    Unavailable,
    sessions::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
};
use tokio::sync::RwLock;

#[derive(Default)]
pub(super) struct MemoryStore {
    records: Mutex<BTreeMap<String, Record>>,
    /// Nothing works.
    pub(super) down: AtomicBool,
    /// Records cannot be written or deleted.
    pub(super) full: AtomicBool,
    /// Whoever holds this for writing makes `replace` wait.
    pub(super) gate: RwLock<()>,
    /// The same for `load`.
    pub(super) load_gate: RwLock<()>,
}

impl MemoryStore {
    pub(super) fn len(&self) -> usize {
        self.records.lock().expect("records").len()
    }

    fn open(
        &self,
        action: &'static str,
        writes: bool,
    ) -> StoreResult<MutexGuard<'_, BTreeMap<String, Record>>> {
        if self.down.load(Relaxed) || (writes && self.full.load(Relaxed)) {
            return Err(StoreError::new(action, Unavailable::new("the store of the test", None)));
        }
        Ok(self.records.lock().expect("records"))
    }
}

fn swap(
    records: &mut BTreeMap<String, Record>,
    (key, expected): (&str, &Record),
    (new_key, new): (&str, &Record),
) -> Swap {
    match records.get(key) {
        None => Swap::Gone,
        Some(old) if old.data != expected.data => Swap::Changed,
        Some(_) => {
            records.remove(key);
            records.insert(new_key.to_owned(), new.clone());
            Swap::Done
        }
    }
}

impl SessionStore for MemoryStore {
    fn promises(&self) -> Promises {
        Promises::none().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        let _passed = self.load_gate.read().await;
        Ok(self.open("load", false)?.get(key).filter(|record| record.is_live(now)).cloned())
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let mut records = self.open("save", true)?;
        let free = !records.contains_key(key);
        records.entry(key.to_owned()).or_insert_with(|| new.clone());
        Ok(free)
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let _passed = self.gate.read().await;
        Ok(swap(&mut *self.open("save", true)?, (key, expected), (key, new)))
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        Ok(swap(&mut *self.open("save", true)?, (key, expected), (new_key, new)))
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        Ok(self.open("delete", true)?.remove(key).is_some())
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        Ok(self.open("load", false)?.contains_key(key))
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        _from: Option<&str>,
        _limit: usize,
    ) -> StoreResult<Cleared> {
        let mut records = self.open("clear", false)?;
        let count = records.len();
        records.retain(|_, record| before.is_some_and(|before| record.is_live(before)));
        Ok(Cleared::new((count - records.len()) as u64, None))
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        let records = self.open("count", false)?;
        let ended = records.values().filter(|record| before.is_none_or(|before| !record.is_live(before)));
        Ok(Some(ended.count() as u64))
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let records = self.open("list", false)?;
        let after = from.map_or(Bound::Unbounded, Bound::Excluded);
        let page: Vec<Listed> = records
            .range::<str, _>((after, Bound::Unbounded))
            .take(limit)
            .map(|(key, record)| Listed::new(key, record.clone()))
            .collect();
        let next = (page.len() == limit).then(|| page.last().map(|last| last.key.clone())).flatten();
        Ok((page, next))
    }
}
