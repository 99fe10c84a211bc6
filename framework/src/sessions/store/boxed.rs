//! The object-safe form of a store, with boxed futures: what the session engine holds.

use std::time::SystemTime;

use super::{
    SessionStore,
    record::{Cleared, Listed, Promises, Record, StoreResult, Swap},
};
use crate::BoxFuture;

/// [`SessionStore`] as a trait object. Implemented for every store.
pub(crate) trait BoxedStore: Send + Sync {
    fn promises(&self) -> Promises;
    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>>;
    fn create<'a>(&'a self, key: &'a str, new: &'a Record) -> BoxFuture<'a, StoreResult<bool>>;
    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a Record,
        new: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>>;
    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a Record,
        new_key: &'a str,
        new: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>>;
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>>;
    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>>;
    fn clear<'a>(
        &'a self,
        before: Option<SystemTime>,
        from: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<Cleared>>;
    fn count(&self, before: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>>;
    fn list<'a>(
        &'a self,
        from: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>>;
}

impl<S: SessionStore> BoxedStore for S {
    fn promises(&self) -> Promises {
        SessionStore::promises(self)
    }

    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>> {
        Box::pin(SessionStore::load(self, key, now))
    }

    fn create<'a>(&'a self, key: &'a str, new: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(SessionStore::create(self, key, new))
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a Record,
        new: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(SessionStore::replace(self, key, expected, new))
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a Record,
        new_key: &'a str,
        new: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(SessionStore::rename(self, key, expected, new_key, new))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(SessionStore::delete(self, key))
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(SessionStore::exists(self, key))
    }

    fn clear<'a>(
        &'a self,
        before: Option<SystemTime>,
        from: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<Cleared>> {
        Box::pin(SessionStore::clear(self, before, from, limit))
    }

    fn count(&self, before: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        Box::pin(SessionStore::count(self, before))
    }

    fn list<'a>(
        &'a self,
        from: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        Box::pin(SessionStore::list(self, from, limit))
    }
}
