//! `request.session`: a plain value with a log of the changes made to it.
//!
//! It is loaded before the view and saved after it by [`SessionEngine`](super::SessionEngine). No I/O
//! happens here. The fields are private to this folder: typed access to the values is in `values.rs`,
//! the methods that the engine calls are in `lifecycle.rs`.

mod change_log;
mod expiry;
mod finite;
mod handle;
mod index;
mod key;
mod lifecycle;
mod origin;
mod values;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use self::change_log::{ChangeLog, SessionChange};
use super::codec::BigIntegers;

pub(crate) use self::handle::Loan;
pub use self::{expiry::Expiry, handle::SessionHandle, key::SessionKey, values::ValueError};
pub(in crate::sessions) use self::{
    expiry::{EXPIRY_KEY, ExpiryPolicy},
    origin::{SessionOrigin, StoredOrigin},
};

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
/// session[["last", "slug"]] = json!("nuages"); // `last` becomes an object
/// assert_eq!(session["last"]["slug"], "nuages");
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
    origin: SessionOrigin,
    created: Option<SystemTime>,
    /// Whether the view called `cycle_key`.
    cycle: bool,
    /// Keys that `flush` gave up. The engine deletes their records.
    discarded: Vec<SessionKey>,
    policy: Arc<ExpiryPolicy>,
}

impl Session {
    /// When the session was last saved. `None` for a session that was never saved.
    pub fn saved_at(&self) -> Option<SystemTime> {
        self.origin.saved_at()
    }

    /// The session's key, once it has one (Django's `session_key`). With the `signed_cookies` engine
    /// there is none: the cookie is the session.
    pub fn key(&self) -> Option<&SessionKey> {
        self.origin.stored().map(|stored| &stored.key)
    }

    /// The value of the session cookie after a save: the key, or the signed data.
    pub(crate) fn cookie_value(&self) -> Option<&str> {
        self.origin.cookie_value()
    }

    /// Removes all data and the key (Django's `flush`). Call it to log a visitor out.
    ///
    /// The old record is deleted whatever the response's status. A later write in the same request
    /// starts a new session.
    pub fn flush(&mut self) {
        self.wipe();
        if let SessionOrigin::Stored(stored) = std::mem::take(&mut self.origin) {
            self.discarded.push(stored.key);
        }
        self.created = None;
        self.cycle = false;
    }

    /// Gives the session a new key and keeps its data (Django's `cycle_key`). The old record is deleted.
    ///
    /// Call it at login: an attacker who planted a key in the browser before must not share the session.
    pub fn cycle_key(&mut self) {
        self.cycle = self.origin.stored().is_some();
        self.mark_modified();
    }

    /// Whether `flush` gave up records, which are deleted even where the response is a 5xx.
    pub(crate) fn has_discarded(&self) -> bool {
        !self.discarded.is_empty()
    }

    /// Whether a stored session cannot be read. Its cookie is left alone unless something is written.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self.origin, SessionOrigin::Unreadable)
    }

    /// Whether there is neither a key nor data (Django's `is_empty`). Such a session leaves no trace.
    pub fn is_empty(&self) -> bool {
        self.key().is_none() && self.data.is_empty()
    }

    /// Whether the session was read or changed in this request. The response then varies by cookie.
    pub fn is_accessed(&self) -> bool {
        self.accessed.load(Relaxed)
    }

    /// Whether the session was changed in this request and will be saved.
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

    /// Sets when this session ends (Django's `set_expiry`). The expiry is stored with the data, in
    /// Django's format.
    pub fn set_expiry(&mut self, expiry: Expiry) {
        match self.policy.stored(expiry) {
            Some(value) => self.set(EXPIRY_KEY.to_owned(), value),
            None => {
                self.take(EXPIRY_KEY);
            }
        }
    }

    /// How long the session lasts if it is saved now, in whole seconds (Django's `get_expiry_age`).
    pub fn expiry_age(&self) -> Duration {
        let now = self.policy.clock.now();
        let age = self.expiry_date_at(now).duration_since(now).unwrap_or_default();
        Duration::from_secs(age.as_secs())
    }

    /// The moment at which the session ends if it is saved now (Django's `get_expiry_date`).
    pub fn expiry_date(&self) -> SystemTime {
        self.expiry_date_at(self.policy.clock.now())
    }

    fn expiry_date_at(&self, now: SystemTime) -> SystemTime {
        self.touch();
        // A session that has not been saved yet is created now.
        let created = self.created.or_else(|| self.policy.absolute_age.map(|_| now));
        self.policy.ends(&self.data, created, now)
    }

    /// Whether the cookie ends with the browser (Django's `get_expire_at_browser_close`).
    pub fn expires_at_browser_close(&self) -> bool {
        self.touch();
        self.policy.closes_with_browser(&self.data)
    }

    /// Notes that the session was read.
    pub(crate) fn touch(&self) {
        // Storing costs a cache line, and most reads find the flag set.
        if !self.accessed.load(Relaxed) {
            self.accessed.store(true, Relaxed);
        }
    }

    fn mark_modified(&mut self) {
        *self.accessed.get_mut() = true;
        self.modified = true;
    }

    /// Sets a value and records the change.
    fn set(&mut self, key: String, value: Value) {
        self.settle();
        self.mark_modified();
        self.big_integers.forget(&key);
        self.log.push(SessionChange::Set(key.clone(), value.clone()));
        self.data.insert(key, value);
    }

    /// Removes a value and records the change, if the key was there.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.touch();
        self.settle();
        let value = self.data.shift_remove(key)?;
        self.mark_modified();
        self.big_integers.forget(key);
        self.log.push(SessionChange::Remove(key.to_owned()));
        Some(value)
    }

    /// Records the changes made through `IndexMut`.
    fn settle(&mut self) {
        if self.log.has_lent() {
            self.log.settle(&self.data);
        }
    }

    /// Removes all values and records the change.
    fn wipe(&mut self) {
        self.mark_modified();
        self.data.clear();
        self.big_integers.clear();
        self.log.clear();
        self.log.push(SessionChange::Clear);
    }
}

impl fmt::Debug for Session {
    /// Shows how many values there are, never a value nor the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("values", &self.data.len())
            .field("accessed", &self.is_accessed())
            .field("modified", &self.modified)
            .finish_non_exhaustive()
    }
}
