//! The values that pass between the session engine and a store.

use std::{fmt, time::SystemTime};

use crate::{clock, error::BoxError};

/// One stored session: its encoded data and when it ends.
///
/// # Examples
///
/// ```
/// use nuages::sessions::Record;
/// use std::time::{Duration, SystemTime};
///
/// let now = SystemTime::now();
/// let record = Record::new("encoded data", now + Duration::from_secs(60));
/// assert!(record.is_live(now));
/// assert!(!record.is_live(now + Duration::from_secs(60)));
/// assert!(Record::new("encoded data", None).is_live(now));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The encoded data, in ASCII (`SessionEngine::encode`). Opaque to the store.
    pub data: String,
    /// When the session ends: a load after this moment finds nothing.
    ///
    /// `None` in a record to store asks for the store's own default. `None` in a loaded record says that the
    /// store does not know: the session engine then works it out from the data.
    pub expires: Option<SystemTime>,
}

impl Record {
    /// A record of this data, which ends at this moment.
    pub fn new(data: impl Into<String>, expires: impl Into<Option<SystemTime>>) -> Self {
        Self { data: data.into(), expires: expires.into() }
    }

    /// Returns whether the record can be loaded at `now`: it never expires, or expires later.
    pub fn is_live(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// When the session ends, in a store that keeps sessions for good by default: the latest moment that
    /// Python's datetime and the databases' columns can hold.
    pub(crate) fn ends(&self) -> SystemTime {
        self.expires.unwrap_or_else(clock::last_moment)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("bytes", &self.data.len()).field("expires", &self.expires).finish()
    }
}

/// The outcome of a compare-and-swap.
///
/// # Examples
///
/// [`SessionStore::replace`](super::SessionStore::replace) and
/// [`SessionStore::rename`](super::SessionStore::rename) return it:
///
/// ```
/// use nuages::sessions::{Record, Swap};
///
/// fn outcome(stored: Option<&Record>, expected: &Record) -> Swap {
///     match stored {
///         None => Swap::Gone,
///         Some(stored) if stored.data != expected.data => Swap::Changed,
///         Some(_) => Swap::Done,
///     }
/// }
///
/// assert_eq!(outcome(None, &Record::new("a", None)), Swap::Gone);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Swap {
    /// The expected data was stored; now the new data is.
    Done,
    /// Another request has changed the data: nothing was written.
    Changed,
    /// The session is no longer stored: nothing was written. It was deleted, and never comes back.
    Gone,
}

/// A stored session in a listing.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{Listed, Record};
///
/// let listed = Listed::new("ab3h…", Record::new("encoded data", None));
/// assert_eq!(listed.record.data, "encoded data");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// The key under which it is stored (hashed under `SESSION_HASH_KEYS`).
    pub key: String,
    /// Data and expiry. Expired sessions are listed too until they are cleared.
    pub record: Record,
}

impl Listed {
    /// The record that is stored under `key`.
    pub fn new(key: impl Into<String>, record: Record) -> Self {
        Self { key: key.into(), record }
    }
}

/// The outcome of clearing one batch.
///
/// # Examples
///
/// ```
/// use nuages::sessions::Cleared;
///
/// let batch = Cleared::new(100, Some("the last key".to_owned())).skipping(1);
/// assert_eq!((batch.removed, batch.skipped), (100, 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cleared {
    /// How many records were deleted.
    pub removed: u64,
    /// How many records were skipped because they could not be read.
    pub skipped: u64,
    /// Where the next batch begins; `None` where this was the last one.
    pub next: Option<String>,
}

impl Cleared {
    /// A batch that deleted `removed` records, and where the next one begins.
    pub fn new(removed: u64, next: Option<String>) -> Self {
        Self { removed, skipped: 0, next }
    }

    /// Adds records that could not be read.
    #[must_use]
    pub fn skipping(mut self, skipped: u64) -> Self {
        self.skipped += skipped;
        self
    }
}

/// The promises of a session engine; the table in docs/sessions.md is checked against them.
///
/// # Examples
///
/// ```
/// use nuages::sessions::Promises;
///
/// let promises = Promises::none().durable().revocable();
/// assert!(promises.durable && !promises.shared);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Promises {
    /// An acknowledged write survives the death of the process.
    pub durable: bool,
    /// Several processes see the same sessions.
    pub shared: bool,
    /// A session can be ended from the server.
    pub revocable: bool,
    /// Concurrent changes of one session all survive.
    pub compare_and_swap: bool,
    /// Ended sessions vanish without `clearsessions`.
    pub self_clearing: bool,
}

impl Promises {
    /// No promise at all: the start for adding some.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            durable: false,
            shared: false,
            revocable: false,
            compare_and_swap: false,
            self_clearing: false,
        }
    }

    /// Adds [`Promises::durable`].
    #[must_use]
    pub const fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Adds [`Promises::shared`].
    #[must_use]
    pub const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Adds [`Promises::revocable`].
    #[must_use]
    pub const fn revocable(mut self) -> Self {
        self.revocable = true;
        self
    }

    /// Adds [`Promises::compare_and_swap`].
    #[must_use]
    pub const fn compare_and_swap(mut self) -> Self {
        self.compare_and_swap = true;
        self
    }

    /// Adds [`Promises::self_clearing`].
    #[must_use]
    pub const fn self_clearing(mut self) -> Self {
        self.self_clearing = true;
        self
    }
}

/// A store failed.
///
/// The response is a 503 where the source chain holds `nuages::Unavailable`, else a 500.
///
/// # Examples
///
/// ```
/// use nuages::{Unavailable, sessions::StoreError};
///
/// let error = StoreError::new("load", Unavailable::new("the session server", None));
/// assert_eq!(error.to_string(), "cannot load the session");
/// ```
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

/// The result of a store operation.
pub type StoreResult<T> = Result<T, StoreError>;
