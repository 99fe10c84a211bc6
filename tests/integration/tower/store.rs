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
    BoxFuture, Unavailable,
    sessions::{Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
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
    (key, expected): (&str, &str),
    (new_key, record): (&str, &Record),
) -> Swap {
    match records.get(key) {
        None => Swap::Gone,
        Some(old) if old.data != expected => Swap::Changed,
        Some(_) => {
            records.remove(key);
            records.insert(new_key.to_owned(), record.clone());
            Swap::Done
        }
    }
}

impl SessionStore for MemoryStore {
    fn promises(&self) -> Promises {
        Promises {
            durable: false,
            shared: false,
            revocable: true,
            compare_and_swap: true,
            self_clearing: false,
        }
    }

    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>> {
        Box::pin(async move {
            Ok(self.open("load", false)?.get(key).filter(|record| record.expires > now).cloned())
        })
    }

    fn create<'a>(&'a self, key: &'a str, record: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move {
            let mut records = self.open("save", true)?;
            let free = !records.contains_key(key);
            records.entry(key.to_owned()).or_insert_with(|| record.clone());
            Ok(free)
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        record: &'a Record,
        _keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move {
            let _passed = self.gate.read().await;
            Ok(swap(&mut *self.open("save", true)?, (key, expected), (key, record)))
        })
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        record: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move { Ok(swap(&mut *self.open("save", true)?, (key, expected), (new_key, record))) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move { Ok(self.open("delete", true)?.remove(key).is_some()) })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move { Ok(self.open("load", false)?.contains_key(key)) })
    }

    fn clear(&self, now: Option<SystemTime>, limit: usize) -> BoxFuture<'_, StoreResult<u64>> {
        Box::pin(async move {
            let mut records = self.open("clear", false)?;
            let ended = |record: &Record| now.is_none_or(|now| record.expires < now);
            let keys: Vec<_> = records
                .iter()
                .filter(|(_, record)| ended(record))
                .map(|(key, _)| key.clone())
                .take(limit)
                .collect();
            keys.iter().for_each(|key| drop(records.remove(key)));
            Ok(keys.len() as u64)
        })
    }

    fn count(&self, now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        Box::pin(async move {
            let records = self.open("list", false)?;
            let ended = |record: &&Record| now.is_none_or(|now| record.expires < now);
            Ok(Some(records.values().filter(ended).count() as u64))
        })
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        Box::pin(async move {
            let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
            let records = self.open("list", false)?;
            let page = records.range::<str, _>((after, Bound::Unbounded)).take(limit);
            let page: Vec<_> =
                page.map(|(key, record)| Listed { key: key.clone(), record: record.clone() }).collect();
            let next = (page.len() == limit).then(|| page.last().map(|last| last.key.clone())).flatten();
            Ok((page, next))
        })
    }
}
