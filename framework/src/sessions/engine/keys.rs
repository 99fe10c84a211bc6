//! The keys under which sessions are stored: hashed under `SESSION_HASH_KEYS`, and the one that a session
//! moves to when it gets a new key.

use std::borrow::Cow;

use crate::{
    crypto::{SaltedHmac, sha256_hex},
    sessions::session::SessionKey,
    settings::Settings,
};

/// New keys that one session may have got while a single request was running.
pub(super) const MAX_KEY_CHANGES: usize = 3;

/// From a cookie's key to stored keys.
pub(super) struct StoredKeys {
    /// `SESSION_HASH_KEYS`.
    pub(super) hashed: bool,
    /// Derive the key that `cycle_key` gives to a session: with `SECRET_KEY`, and with each of
    /// `SECRET_KEY_FALLBACKS`, which other processes still use while the secret is being rotated.
    macs: Vec<SaltedHmac>,
    /// The key of the record that says when expired sessions are cleared next. It looks like a session's, and
    /// cannot be guessed.
    pub(super) clearing: String,
}

impl StoredKeys {
    pub(super) fn new(settings: &Settings) -> Self {
        let secrets = std::iter::once(&settings.secret_key).chain(&settings.secret_key_fallbacks);
        Self {
            hashed: settings.session.hash_keys,
            macs: secrets.map(|secret| SaltedHmac::new("nuages.sessions.successor", secret)).collect(),
            clearing: SessionKey::derived(&SaltedHmac::new("nuages.sessions.clearing", &settings.secret_key)),
        }
    }

    /// The key that the store knows.
    pub(super) fn stored<'a>(&self, key: &'a SessionKey) -> Cow<'a, str> {
        if self.hashed {
            // The column django_session.session_key has room for 160 of SHA-256's bits.
            let mut hash = sha256_hex(key.as_str());
            hash.truncate(40);
            Cow::Owned(hash)
        } else {
            Cow::Borrowed(key.as_str())
        }
    }

    /// Whether a record may still be stored under the bare key, from before `SESSION_HASH_KEYS`. A stored
    /// hash has 40 characters and must never pass for a key: a reader of the table could use it.
    pub(super) fn may_be_unhashed(&self, key: &SessionKey) -> bool {
        self.hashed && key.as_str().len() < 40
    }

    /// The key that `cycle_key` gives to the session of `key`.
    pub(super) fn successor(&self, key: &SessionKey) -> SessionKey {
        SessionKey::successor(key, &self.macs[0])
    }

    /// The keys that the session of `key` may have got while a request was running: with each secret the
    /// nearest first.
    pub(super) fn successors(&self, key: &SessionKey) -> impl Iterator<Item = SessionKey> {
        self.macs.iter().flat_map(|mac| {
            let next = |key: &SessionKey| Some(SessionKey::successor(key, mac));
            std::iter::successors(next(key), next).take(MAX_KEY_CHANGES)
        })
    }
}
