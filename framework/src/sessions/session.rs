//! `request.session`: a plain value with a log of what was done to it.
//!
//! Loaded before the view, saved after it by [`SessionEngine`](super::SessionEngine); no I/O happens
//! here. Reading and writing values is in `data.rs`.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use super::{
    SessionKey,
    codec::Decoded,
    exact::Exact,
    ops::{Log, Op},
    policy::{CREATED_KEY, EXPIRY_KEY, Expiry, Policy},
};
use crate::clock;

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
    pub(super) data: Map<String, Value>,
    pub(super) exact: Exact,
    pub(super) log: Log,
    pub(super) accessed: AtomicBool,
    pub(super) modified: bool,
    pub(super) origin: Origin,
    pub(super) created: Option<SystemTime>,
    /// `cycle_key` was asked for.
    pub(super) cycle: bool,
    /// Stored keys that `flush` gave up: their records are to be deleted.
    pub(super) discarded: Vec<String>,
    policy: Arc<Policy>,
}

/// Where a session came from.
#[derive(Default)]
pub(super) enum Origin {
    /// The request carried no session cookie, or the session was flushed.
    #[default]
    New,
    /// The cookie names no session, or one that has ended or was deleted.
    Unknown,
    /// The store holds something under this key that cannot be read: it is left alone.
    Unreadable,
    /// Kept by the signed_cookies engine: the cookie's value is the session.
    Cookie { text: String, saved_at: SystemTime },
    /// Kept by a store.
    Stored(Stored),
}

/// A session's place in its store.
pub(super) struct Stored {
    pub(super) key: SessionKey,
    /// The key as the store knows it: hashed under `SESSION_HASH_KEYS`.
    pub(super) stored_key: String,
    /// The encoded data as it was loaded or last saved: what compare-and-swap expects.
    pub(super) text: String,
    pub(super) expires: SystemTime,
    pub(super) saved_at: SystemTime,
}

impl Session {
    pub(super) fn with_policy(policy: Arc<Policy>, origin: Origin) -> Self {
        Self { policy, origin, ..Self::default() }
    }

    /// Takes over decoded data, keeping log, flags and origin.
    pub(super) fn fill(&mut self, decoded: Decoded) {
        self.data = decoded.data;
        self.exact = decoded.exact;
        let created = self.data.shift_remove(CREATED_KEY);
        let created = created.and_then(|seconds| seconds.as_i64()).map(clock::from_unix);
        // A session made before SESSION_ABSOLUTE_AGE was set counts from its last change.
        let fallback = self.policy.absolute_age.map(|_| decoded.saved_at);
        self.created = created.or(fallback);
    }

    /// The data as they are to be written, with what only the engine reads.
    pub(super) fn sealed_data(&self) -> std::borrow::Cow<'_, Map<String, Value>> {
        use std::borrow::Cow;
        match self.created {
            None => Cow::Borrowed(&self.data),
            Some(created) => {
                let mut data = self.data.clone();
                data.insert(CREATED_KEY.to_owned(), clock::unix(created).into());
                Cow::Owned(data)
            }
        }
    }

    /// When the session ends if it is saved at `now`.
    pub(super) fn ends(&self, now: SystemTime) -> SystemTime {
        self.policy.ends(&self.data, self.created, now)
    }

    /// When the session was last written, if it is a stored one.
    pub fn saved_at(&self) -> Option<SystemTime> {
        match &self.origin {
            Origin::Stored(stored) => Some(stored.saved_at),
            Origin::Cookie { saved_at, .. } => Some(*saved_at),
            Origin::New | Origin::Unknown | Origin::Unreadable => None,
        }
    }

    /// The session's key, once it has one (Django's `session_key`). With the `signed_cookies` engine
    /// there is none: the cookie is the session.
    pub fn key(&self) -> Option<&SessionKey> {
        match &self.origin {
            Origin::Stored(stored) => Some(&stored.key),
            Origin::New | Origin::Unknown | Origin::Unreadable | Origin::Cookie { .. } => None,
        }
    }

    /// What the session cookie is to say after a save: the key, or the signed data.
    pub(crate) fn cookie_value(&self) -> Option<&str> {
        match &self.origin {
            Origin::Stored(stored) => Some(stored.key.as_str()),
            Origin::Cookie { text, .. } => Some(text),
            Origin::New | Origin::Unknown | Origin::Unreadable => None,
        }
    }

    /// Removes all data and the key: the old record is deleted, whatever the response's status, and a
    /// later write in this request starts a new session (Django's `flush`). This is what logging out is.
    pub fn flush(&mut self) {
        self.wipe();
        if let Origin::Stored(stored) = std::mem::take(&mut self.origin) {
            self.discarded.push(stored.stored_key);
        }
        self.created = None;
        self.cycle = false;
    }

    /// Gives the session a new key and keeps its data; the old record is deleted (Django's
    /// `cycle_key`). Called at login, against session fixation.
    pub fn cycle_key(&mut self) {
        self.cycle = matches!(self.origin, Origin::Stored(_));
        self.mark_modified();
    }

    /// Whether `flush` asks for records to be deleted, which also a 5xx must not prevent.
    pub(crate) fn has_discarded(&self) -> bool {
        !self.discarded.is_empty()
    }

    /// Whether a stored session cannot be read: its cookie is left alone unless something is written.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self.origin, Origin::Unreadable)
    }

    /// True where there is neither a key nor data (Django's `is_empty`): such a session leaves no trace.
    pub fn is_empty(&self) -> bool {
        let keyless = matches!(self.origin, Origin::New | Origin::Unknown | Origin::Unreadable);
        let cookie_only = matches!(self.origin, Origin::Cookie { .. });
        (keyless || cookie_only) && self.data.is_empty()
    }

    /// Whether the session was read or changed in this request: the response then varies by cookie.
    pub fn is_accessed(&self) -> bool {
        self.accessed.load(Relaxed)
    }

    /// Whether the session was changed in this request, and is to be saved.
    pub fn is_modified(&self) -> bool {
        self.modified
    }

    /// Says that the session is to be saved, or not after all (Django's `session.modified = True`).
    ///
    /// Changes through `session["key"]`, nested ones too, are noticed without this.
    pub fn set_modified(&mut self, modified: bool) {
        *self.accessed.get_mut() = true;
        self.modified = modified;
    }

    /// Sets when this session ends (Django's `set_expiry`); stored with the data, as Django stores it.
    pub fn set_expiry(&mut self, expiry: Expiry) {
        match self.policy.stored(expiry) {
            Some(value) => self.set(EXPIRY_KEY.to_owned(), value),
            None => {
                self.take(EXPIRY_KEY);
            }
        }
    }

    /// How long the session lasts if it is saved now, to the second (Django's `get_expiry_age`).
    pub fn expiry_age(&self) -> Duration {
        let now = self.policy.clock.now();
        let age = self.expiry_date_at(now).duration_since(now).unwrap_or_default();
        Duration::from_secs(age.as_secs())
    }

    /// The moment the session ends if it is saved now (Django's `get_expiry_date`).
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
        // A plain store costs a cache line; most reads find it set.
        if !self.accessed.load(Relaxed) {
            self.accessed.store(true, Relaxed);
        }
    }

    pub(super) fn mark_modified(&mut self) {
        *self.accessed.get_mut() = true;
        self.modified = true;
    }

    /// Empties the data and says so in the log.
    pub(super) fn wipe(&mut self) {
        self.mark_modified();
        self.data.clear();
        self.exact.clear();
        self.log.clear();
        self.log.push(Op::Clear);
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
