//! Where a session came from: nowhere yet, a store, or the visitor's cookie.
//!
//! [`Session`](super::Session) keeps one of these; the engine sets it after a load and after a save.

use std::time::SystemTime;

use super::key::SessionKey;
use crate::sessions::store::Record;

/// Where a session came from.
#[derive(Default)]
pub(in crate::sessions) enum SessionOrigin {
    /// The request carried no session cookie, or the session was flushed.
    #[default]
    New,
    /// The cookie names no session, or one that has ended or was deleted. The key is kept if the store has
    /// no such record: the session may have got a new key.
    Unknown(Option<SessionKey>),
    /// The store has a record under this key that cannot be read. It is left alone.
    Unreadable,
    /// Kept by the signed_cookies engine: the cookie's value is the session.
    Cookie { text: String, saved_at: SystemTime },
    /// Kept by a store.
    Stored(StoredOrigin),
}

/// The record of a session in its store.
pub(in crate::sessions) struct StoredOrigin {
    pub(in crate::sessions) key: SessionKey,
    /// The key that the store knows: the hash of `key` under `SESSION_HASH_KEYS`.
    pub(in crate::sessions) stored_key: String,
    /// The record as it was loaded or last saved: what compare-and-swap expects.
    pub(in crate::sessions) record: Record,
    pub(in crate::sessions) saved_at: SystemTime,
}

impl SessionOrigin {
    /// The session's record, if a store keeps it.
    pub(in crate::sessions) fn stored(&self) -> Option<&StoredOrigin> {
        match self {
            Self::Stored(stored) => Some(stored),
            Self::New | Self::Unknown(_) | Self::Unreadable | Self::Cookie { .. } => None,
        }
    }

    /// The key of the cookie, if the store has no session under it.
    pub(super) fn missed(&self) -> Option<&SessionKey> {
        match self {
            Self::Unknown(key) => key.as_ref(),
            Self::New | Self::Unreadable | Self::Cookie { .. } | Self::Stored(_) => None,
        }
    }

    /// When the session was last written.
    pub(super) fn saved_at(&self) -> Option<SystemTime> {
        match self {
            Self::Cookie { saved_at, .. } => Some(*saved_at),
            _ => self.stored().map(|stored| stored.saved_at),
        }
    }

    /// The value of the session cookie: the key, or the signed data.
    pub(super) fn cookie_value(&self) -> Option<&str> {
        match self {
            Self::Cookie { text, .. } => Some(text),
            _ => self.stored().map(|stored| stored.key.as_str()),
        }
    }
}
