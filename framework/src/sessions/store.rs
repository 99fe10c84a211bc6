//! The one trait behind every server-side engine: where encoded sessions are kept.
//!
//! A store knows nothing of signing, cookies or expiry rules: it keeps text under a key until a moment,
//! and swaps it atomically. `engine` holds the logic that is the same for all. A third-party engine
//! implements [`SessionStore`] and is registered with `App::session_engine`; no method has a default
//! body, since each touches safety.

use std::time::SystemTime;

use crate::{BoxFuture, error::BoxError};

/// One stored session: its encoded data and when it ends.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The encoded data, ASCII (`SessionEngine::encode`). Opaque to the store.
    pub data: String,
    /// When the session ends: a load after this moment finds nothing.
    pub expires: SystemTime,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("bytes", &self.data.len()).field("expires", &self.expires).finish()
    }
}

/// How a compare-and-swap ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The expected data was there; the new is there now.
    Done,
    /// Another request changed the data meanwhile: nothing was written.
    Changed,
    /// The session is no longer there: nothing was written. It was deleted, and never comes back.
    Gone,
}

/// A stored session as listings see it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The key under which it is stored (hashed under `SESSION_HASH_KEYS`).
    pub key: String,
    /// Data and expiry; expired sessions are listed too until they are cleared.
    pub record: Record,
}

/// What an engine promises; the table in docs/sessions.md is checked against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// An acknowledged write survives the death of the process.
    pub durable: bool,
    /// Several processes see the same sessions.
    pub shared: bool,
    /// A session can be ended from the server.
    pub revocable: bool,
    /// Concurrent changes of one session all survive.
    pub compare_and_swap: bool,
    /// Ended sessions vanish by themselves: `clearsessions` has nothing to do.
    pub self_clearing: bool,
}

/// Why a store failed.
///
/// `Unavailable` in the source chain makes the response a 503.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the session")]
pub struct StoreError {
    action: &'static str,
    #[source]
    source: BoxError,
}

impl StoreError {
    /// `action` is a verb: "load", "save", "delete", "list", "clear".
    pub fn new(action: &'static str, source: impl Into<BoxError>) -> Self {
        Self { action, source: source.into() }
    }
}

/// The result of one store operation.
pub type StoreResult<T> = Result<T, StoreError>;

/// Where a server-side engine keeps its sessions.
///
/// All operations are atomic with regard to one another, also across the processes that share the
/// store where [`Promises::shared`] says so. Keys are 8 to 40 characters of `[A-Za-z0-9_-]`.
pub trait SessionStore: Send + Sync + 'static {
    /// What this store promises.
    fn promises(&self) -> Promises;

    /// The record of `key`, or `None` where there is none or it ended at or before `now`.
    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>>;

    /// Keeps a new record; false, and nothing written, where the key is taken.
    fn create<'a>(&'a self, key: &'a str, record: &'a Record) -> BoxFuture<'a, StoreResult<bool>>;

    /// Puts `record` in the place of the one whose data is `expected`. Never creates one.
    ///
    /// `keep_expiry` says that `record.expires` is the stored one: a store may then leave it alone.
    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        record: &'a Record,
        keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>>;

    /// Moves the record whose data is `expected` from `key` to the fresh `new_key`, as `record`, in one
    /// step: there is no moment at which both or neither can be loaded.
    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        record: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>>;

    /// Deletes the record; whether there was one.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>>;

    /// Whether the key is taken, by an ended session too.
    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>>;

    /// Deletes up to `limit` records that ended before `now` (every record where `now` is `None`) and
    /// says how many; 0 = there are no more, or the store drops them by itself.
    fn clear(&self, now: Option<SystemTime>, limit: usize) -> BoxFuture<'_, StoreResult<u64>>;

    /// How many records ended before `now` (all records where `None`); `None` where the store cannot
    /// tell cheaply.
    fn count(&self, now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>>;

    /// A page of stored sessions in a stable order, after the place `cursor` of the page before;
    /// returns the place to go on from, `None` after the last. `limit` is a hint.
    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>>;
}
