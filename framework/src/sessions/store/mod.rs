//! The trait of a session store: where the sessions of a server-side engine are kept.
//!
//! A store knows text, keys and moments. It knows nothing of signing, cookies or expiry rules: the session
//! engine has the logic that is the same for all. A third-party store implements [`SessionStore`] and is
//! registered with `App::session_engine`. No method has a default body, since each touches safety.

mod boxed;
mod record;

use std::{future::Future, sync::Arc, time::SystemTime};

pub(crate) use boxed::BoxedStore;
pub use record::{Cleared, Listed, Promises, Record, StoreError, StoreResult, Swap};

/// Keeps encoded sessions under their keys.
///
/// Implement the methods as `async fn`. All operations are atomic with regard to one another, also across
/// the processes that share the store where [`Promises::shared`] says so. Keys are 8 to 40 characters of
/// `[A-Za-z0-9_-]`. Never log a key.
///
/// `nuages::testing::session_store_suite` runs an engine on the store through every check that the built-in
/// engines pass.
///
/// # Examples
///
/// A store in memory; `framework/examples/custom_store.rs` is the whole program.
///
/// ```
/// use std::{collections::BTreeMap, sync::Mutex, time::SystemTime};
///
/// use nuages::sessions::{Cleared, Listed, Promises, Record, SessionStore, StoreResult, Swap};
///
/// #[derive(Default)]
/// struct MemoryStore(Mutex<BTreeMap<String, Record>>);
///
/// impl SessionStore for MemoryStore {
///     fn promises(&self) -> Promises {
///         Promises::none().revocable().compare_and_swap()
///     }
///
///     async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
///         let records = self.0.lock().expect("no code panics under the lock");
///         Ok(records.get(key).filter(|record| record.is_live(now)).cloned())
///     }
///
///     async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
///         let mut records = self.0.lock().expect("no code panics under the lock");
///         match records.get_mut(key) {
///             None => Ok(Swap::Gone),
///             Some(record) if record.data != expected.data => Ok(Swap::Changed),
///             Some(record) => {
///                 *record = new.clone();
///                 Ok(Swap::Done)
///             }
///         }
///     }
///     # async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> { Ok(true) }
///     # async fn rename(&self, key: &str, _: &Record, new_key: &str, _: &Record) -> StoreResult<Swap> {
///     #     Ok(Swap::Gone)
///     # }
///     # async fn delete(&self, key: &str) -> StoreResult<bool> { Ok(false) }
///     # async fn exists(&self, key: &str) -> StoreResult<bool> { Ok(false) }
///     # async fn clear(
///     #     &self, _: Option<SystemTime>, _: Option<&str>, _: usize,
///     # ) -> StoreResult<Cleared> { Ok(Cleared::new(0, None)) }
///     # async fn count(&self, _: Option<SystemTime>) -> StoreResult<Option<u64>> { Ok(None) }
///     # async fn list(&self, _: Option<&str>, _: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
///     #     Ok((Vec::new(), None))
///     # }
///     // … and create, rename, delete, exists, clear, count, list.
/// }
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// Returns what this store promises.
    fn promises(&self) -> Promises;

    /// Returns the record of `key`, or `None` where there is none or it ended at or before `now`.
    fn load(&self, key: &str, now: SystemTime) -> impl Future<Output = StoreResult<Option<Record>>> + Send;

    /// Stores a new record. Returns false, and writes nothing, where the key is taken.
    fn create(&self, key: &str, new: &Record) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Puts `new` in the place of the record whose data is that of `expected`. Never creates one.
    ///
    /// Where both expire at the same moment, the stored expiry is right already: a store may then leave an
    /// indexed column alone.
    fn replace(
        &self,
        key: &str,
        expected: &Record,
        new: &Record,
    ) -> impl Future<Output = StoreResult<Swap>> + Send;

    /// Moves the record whose data is that of `expected` from `key` to the fresh `new_key`, as `new`, in one
    /// step: there is no moment at which both keys or neither can be loaded.
    fn rename(
        &self,
        key: &str,
        expected: &Record,
        new_key: &str,
        new: &Record,
    ) -> impl Future<Output = StoreResult<Swap>> + Send;

    /// Deletes the record of `key`. Returns whether there was one.
    fn delete(&self, key: &str) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Returns whether the key is taken, also by a session that has ended.
    fn exists(&self, key: &str) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Deletes a batch of records: about `limit` of those that ended before `before`, or of all records
    /// where it is `None`.
    ///
    /// `from` is the [`Cleared::next`] of the batch before, or `None` for the first. Each record is visited
    /// at most once between a first batch and the last, so clearing ends although visitors make new
    /// sessions. A record that cannot be read is skipped and counted.
    fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = StoreResult<Cleared>> + Send;

    /// Returns how many records ended before `before`, or how many there are where it is `None`. Returns
    /// `None` where counting would take as long as clearing.
    fn count(&self, before: Option<SystemTime>) -> impl Future<Output = StoreResult<Option<u64>>> + Send;

    /// Returns a page of about `limit` records in a stable order, and where the next page begins; `None`
    /// after the last. A record that cannot be read is listed without data.
    fn list(
        &self,
        from: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = StoreResult<(Vec<Listed>, Option<String>)>> + Send;
}

impl<S: SessionStore> SessionStore for Arc<S> {
    fn promises(&self) -> Promises {
        S::promises(self)
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        S::load(self, key, now).await
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        S::create(self, key, new).await
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        S::replace(self, key, expected, new).await
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        S::rename(self, key, expected, new_key, new).await
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        S::delete(self, key).await
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        S::exists(self, key).await
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> StoreResult<Cleared> {
        S::clear(self, before, from, limit).await
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        S::count(self, before).await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        S::list(self, from, limit).await
    }
}
