//! `request.session`: a plain value with a log of the changes made to it.
//!
//! The session engine loads it before the view and saves it after it; no I/O happens here. The fields are
//! private to this folder: the engine uses the methods at the end of this file. The dictionary methods are
//! in `values.rs`.

mod change_log;
mod expiry;
mod handle;
mod key;
mod values;

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use self::change_log::{ChangeLog, LoggedChange};
pub use self::{expiry::Expiry, handle::SessionHandle, key::SessionKey, values::ValueError};
pub(crate) use self::{expiry::ExpiryPolicy, handle::Loan};
use super::{
    codec::{BigIntegers, Codec, Decoded},
    store::Record,
};
use crate::{Result, clock};

/// The visitor's session: JSON values by name.
///
/// # Examples
///
/// ```
/// use nuages::sessions::Session;
/// use serde_json::json;
///
/// # fn main() -> nuages::Result<()> {
/// let mut session = Session::default();
/// session["name"] = json!("John Doe");
/// session["last"]["slug"] = json!("nuages");
/// assert_eq!(session.get::<String>("name")?, Some("John Doe".to_owned()));
/// assert!(session["no such key"].is_null());
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Session {
    data: Map<String, Value>,
    big_integers: BigIntegers,
    log: ChangeLog,
    accessed: AtomicBool,
    modified: bool,
    backing: Backing,
    created: Option<SystemTime>,
    /// `cycle_key` was called.
    cycle: bool,
    /// Stored keys that `flush` gave up: their records will be deleted.
    discarded: Vec<String>,
    policy: Arc<ExpiryPolicy>,
}

/// Where a session is kept.
#[derive(Default)]
pub(super) enum Backing {
    /// The request carried no session cookie, or the session was flushed.
    #[default]
    New,
    /// The cookie names no session, or one that has ended or was deleted.
    Unknown,
    /// The data stored under this key cannot be read: it is left alone.
    Unreadable,
    /// Kept by the signed_cookies engine: the cookie's value is the session.
    Cookie { text: String, saved_at: SystemTime },
    /// Kept by a store.
    Stored(StoredSession),
}

/// A session's place in its store.
pub(super) struct StoredSession {
    pub(super) key: SessionKey,
    /// The key as the store knows it: hashed under `SESSION_HASH_KEYS`.
    pub(super) stored_key: String,
    /// The record as it was loaded or last saved: what compare-and-swap expects.
    pub(super) record: Record,
    pub(super) saved_at: SystemTime,
}

impl Session {
    /// Returns when the session was last written, if it was loaded or has been saved.
    pub fn saved_at(&self) -> Option<SystemTime> {
        match &self.backing {
            Backing::Cookie { saved_at, .. } => Some(*saved_at),
            _ => self.stored().map(|stored| stored.saved_at),
        }
    }

    /// Returns the session's key, once it has one (Django's `session_key`). With the `signed_cookies`
    /// engine there is none: the cookie is the session.
    pub fn key(&self) -> Option<&SessionKey> {
        self.stored().map(|stored| &stored.key)
    }

    /// Removes all data and the key (Django's `flush`): this is a logout. The old record is deleted, whatever
    /// the response's status, and a later write in this request starts a new session.
    pub fn flush(&mut self) {
        self.wipe();
        if let Backing::Stored(stored) = std::mem::take(&mut self.backing) {
            self.discarded.push(stored.stored_key);
        }
        self.created = None;
        self.cycle = false;
    }

    /// Gives the session a new key, keeps its data and deletes the old record (Django's `cycle_key`). Call it
    /// at login, against session fixation.
    pub fn cycle_key(&mut self) {
        self.cycle = self.stored().is_some();
        self.mark_modified();
    }

    /// Returns true where there is neither a key nor data (Django's `is_empty`): such a session leaves no
    /// trace.
    pub fn is_empty(&self) -> bool {
        self.stored().is_none() && self.data.is_empty()
    }

    /// Returns whether the session was read or changed in this request: the response then varies by cookie.
    pub fn is_accessed(&self) -> bool {
        self.accessed.load(Relaxed)
    }

    /// Returns whether the session was changed in this request and will be saved.
    pub fn is_modified(&self) -> bool {
        self.modified
    }

    /// Sets whether the session will be saved (Django's `session.modified = True`).
    ///
    /// Changes through `session["key"]`, nested ones too, are noticed without this.
    pub fn set_modified(&mut self, modified: bool) {
        *self.accessed.get_mut() = true;
        self.modified = modified;
    }

    /// Sets when this session ends (Django's `set_expiry`). It is stored with the data, as Django stores it.
    pub fn set_expiry(&mut self, expiry: Expiry) {
        match expiry.stored() {
            Some(value) => self.set(expiry::EXPIRY_KEY.to_owned(), value),
            None => {
                self.take(expiry::EXPIRY_KEY);
            }
        }
    }

    /// Returns how long the session lasts if it is saved now, to the second (Django's `get_expiry_age`).
    pub fn expiry_age(&self) -> Duration {
        let now = self.policy.clock.now();
        let age = self.expiry_date_at(now).duration_since(now).unwrap_or_default();
        Duration::from_secs(age.as_secs())
    }

    /// Returns the moment at which the session ends if it is saved now (Django's `get_expiry_date`).
    pub fn expiry_date(&self) -> SystemTime {
        self.expiry_date_at(self.policy.clock.now())
    }

    fn expiry_date_at(&self, now: SystemTime) -> SystemTime {
        self.touch();
        // A session that has not been saved yet is created now.
        let created = self.created.or_else(|| self.policy.absolute_age.map(|_| now));
        self.policy.ends(&self.data, created, now)
    }

    /// Returns whether the cookie ends with the browser (Django's `get_expire_at_browser_close`).
    pub fn expires_at_browser_close(&self) -> bool {
        self.touch();
        self.policy.closes_with_browser(&self.data)
    }
}

/// The changes that `values.rs` is made of. Each keeps data, log and flags together.
impl Session {
    /// Notes that the session was read.
    pub(crate) fn touch(&self) {
        // A plain store costs a cache line; most reads find it set.
        if !self.accessed.load(Relaxed) {
            self.accessed.store(true, Relaxed);
        }
    }

    /// Notes that the session was changed.
    pub(super) fn mark_modified(&mut self) {
        *self.accessed.get_mut() = true;
        self.modified = true;
    }

    fn set(&mut self, key: String, value: Value) {
        self.settle();
        self.mark_modified();
        self.big_integers.forget(&key);
        self.log.push(LoggedChange::Set(key.clone(), value.clone()));
        self.data.insert(key, value);
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.touch();
        self.settle();
        let value = self.data.shift_remove(key)?;
        self.mark_modified();
        self.big_integers.forget(key);
        self.log.push(LoggedChange::Remove(key.to_owned()));
        Some(value)
    }

    /// Empties the data and logs it.
    fn wipe(&mut self) {
        self.mark_modified();
        self.data.clear();
        self.big_integers.clear();
        self.log.clear();
        self.log.push(LoggedChange::Clear);
    }

    /// Brings the log up to date with changes made through `IndexMut`.
    pub(super) fn settle(&mut self) {
        if self.log.has_lent() {
            self.log.settle(&self.data);
        }
    }
}

/// Loading and saving: for the session engine and the middleware.
impl Session {
    pub(super) fn with_policy(policy: Arc<ExpiryPolicy>, backing: Backing) -> Self {
        Self { policy, backing, ..Self::default() }
    }

    /// Takes over decoded data. Log, flags and backing stay.
    pub(super) fn fill(&mut self, decoded: Decoded) {
        self.data = decoded.data;
        self.big_integers = decoded.big_integers;
        let created = self.data.shift_remove(expiry::CREATED_KEY);
        let created = created.and_then(|seconds| seconds.as_i64()).map(clock::from_unix);
        // A session made before SESSION_ABSOLUTE_AGE was set counts from its last change.
        let fallback = self.policy.absolute_age.map(|_| decoded.saved_at);
        self.created = created.or(fallback);
    }

    /// Takes over what another request stored, and repeats this request's changes on it.
    pub(super) fn rebase(&mut self, record: Record, decoded: Decoded) -> Result<()> {
        if let Backing::Stored(stored) = &mut self.backing {
            stored.record = record;
            stored.saved_at = decoded.saved_at;
        }
        self.fill(decoded);
        self.log.replay(&mut self.data, &mut self.big_integers)
    }

    /// The text to store: the data, and the moment of creation where it counts.
    pub(super) fn encoded(&self, codec: &Codec, now: SystemTime) -> String {
        let data = match self.created {
            None => Cow::Borrowed(&self.data),
            Some(created) => {
                let mut data = self.data.clone();
                data.insert(expiry::CREATED_KEY.to_owned(), clock::unix(created).into());
                Cow::Owned(data)
            }
        };
        codec.encode(&data, &self.big_integers, now)
    }

    pub(super) fn into_data(self) -> Map<String, Value> {
        self.data
    }

    /// The place in the store, if the session has one.
    pub(super) fn stored(&self) -> Option<&StoredSession> {
        match &self.backing {
            Backing::Stored(stored) => Some(stored),
            Backing::New | Backing::Unknown | Backing::Unreadable | Backing::Cookie { .. } => None,
        }
    }

    /// The value of the session cookie after a save: the key, or the signed data.
    pub(crate) fn cookie_value(&self) -> Option<&str> {
        match &self.backing {
            Backing::Cookie { text, .. } => Some(text),
            _ => self.key().map(SessionKey::as_str),
        }
    }

    /// Notes where the session has just been stored.
    pub(super) fn set_backing(&mut self, backing: Backing) {
        self.backing = backing;
    }

    /// Notes that the session is no longer stored, and returns the key under which it was.
    pub(super) fn lose(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.backing, Backing::Unknown) {
            Backing::Stored(stored) => Some(stored.stored_key),
            Backing::New | Backing::Unknown | Backing::Unreadable | Backing::Cookie { .. } => None,
        }
    }

    /// Notes that everything is saved.
    pub(super) fn mark_saved(&mut self) {
        self.log.clear();
        self.cycle = false;
        self.modified = false;
    }

    /// Whether `cycle_key` asks for a new key.
    pub(super) fn wants_new_key(&self) -> bool {
        self.cycle
    }

    /// The next record that `flush` asks to delete.
    pub(super) fn next_discarded(&self) -> Option<&str> {
        self.discarded.last().map(String::as_str)
    }

    /// Notes that the record of [`Session::next_discarded`] is deleted.
    pub(super) fn mark_discarded(&mut self) {
        self.discarded.pop();
    }

    /// Whether `flush` asks for records to be deleted, which also a 5xx must not prevent.
    pub(crate) fn has_discarded(&self) -> bool {
        !self.discarded.is_empty()
    }

    /// Whether the stored session cannot be read: its cookie is left alone unless something is written.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self.backing, Backing::Unreadable)
    }

    /// Makes `now` the moment of creation, where `SESSION_ABSOLUTE_AGE` needs one and there is none.
    pub(super) fn note_creation(&mut self, now: SystemTime) {
        if self.created.is_none() && self.policy.absolute_age.is_some() {
            self.created = Some(now);
        }
    }

    pub(super) fn created(&self) -> Option<SystemTime> {
        self.created
    }

    /// When the session ends if it is saved at `now`.
    pub(super) fn ends(&self, now: SystemTime) -> SystemTime {
        self.policy.ends(&self.data, self.created, now)
    }

    /// Whether `SESSION_ABSOLUTE_AGE` has ended the session at `now`.
    pub(super) fn is_too_old(&self, now: SystemTime) -> bool {
        self.policy.absolute_end(self.created).is_some_and(|end| end <= now)
    }
}

impl fmt::Debug for Session {
    /// Shows how much is in it, never a value nor the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("values", &self.data.len())
            .field("accessed", &self.is_accessed())
            .field("modified", &self.modified)
            .finish_non_exhaustive()
    }
}
