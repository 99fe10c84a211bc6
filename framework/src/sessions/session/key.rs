//! The session key: 32 characters of `[a-z0-9]` from the system's random source, as in Django.
//!
//! `Debug` hides it; [`SessionKey::as_str`] returns the text.

use std::fmt;

use crate::crypto::{SaltedHmac, evenly, random_text};

/// Django's `VALID_KEY_CHARS` (django/contrib/sessions/backends/base.py).
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 32;
/// Django's `_validate_session_key`: a shorter key from a cookie is ignored.
const SHORTEST: usize = 8;
/// The width of the column `django_session.session_key`.
const LONGEST: usize = 40;

/// The key of one session: 165 random bits. A client that knows the key has the session.
///
/// # Examples
///
/// ```
/// use nuages::sessions::SessionKey;
///
/// let key = SessionKey::random();
/// assert_eq!(SessionKey::parse(key.as_str()), Some(key.clone()));
/// assert_eq!(format!("{key:?}"), "SessionKey(…)");
/// assert!(SessionKey::parse("short").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    /// Makes a fresh key from the system's random source.
    ///
    /// # Panics
    ///
    /// Panics if the system has no random source, because no safe key can be made without one.
    pub fn random() -> Self {
        Self(random_text(LENGTH, ALPHABET))
    }

    /// The key that `cycle_key` gives to the session of `key`.
    ///
    /// Without `SECRET_KEY` it cannot be guessed, but every process of the site can compute it. So a logout
    /// that was sent with the old key finds the session under its new key and ends it. It is derived from the
    /// cookie's key, which no table holds under `SESSION_HASH_KEYS`.
    pub(in crate::sessions) fn successor(key: &Self, mac: &SaltedHmac) -> Self {
        let digests = (0u8..).map(|round| mac.digest(&[&[round], key.0.as_bytes()].concat()));
        Self(evenly(digests.flatten(), ALPHABET).take(LENGTH).collect())
    }

    /// A text that looks like a key, and that only the holders of the secret can compute.
    pub(in crate::sessions) fn derived(mac: &SaltedHmac) -> String {
        let digests = (0u8..).map(|round| mac.digest(&[round]));
        evenly(digests.flatten(), ALPHABET).take(LENGTH).collect()
    }

    /// Reads the key in a cookie. Returns `None` for text that cannot be a key: text that is shorter than 8
    /// characters (as in Django) or longer than the column (40), or that has characters other than ASCII
    /// letters, digits, `-` and `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (SHORTEST..=LONGEST).contains(&text.len());
        let safe = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (fits && safe).then(|| Self(text.to_owned()))
    }

    /// The text of the key. Never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for SessionKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_are_unique_and_of_the_alphabet() {
        let keys: HashSet<String> = (0..100_000).map(|_| SessionKey::random().0).collect();
        assert_eq!(keys.len(), 100_000);
        assert!(keys.iter().all(|key| key.len() == 32 && SessionKey::parse(key).is_some()));
    }

    #[test]
    fn a_successor_is_a_key_that_only_the_secret_tells() {
        let (key, mac) = (SessionKey::random(), SaltedHmac::new("salt", "secret"));
        let next = SessionKey::successor(&key, &mac);
        assert!(next != key && next.0.len() == 32 && SessionKey::parse(&next.0).is_some());
        assert_eq!(next, SessionKey::successor(&key, &mac));
        assert_ne!(next, SessionKey::successor(&key, &SaltedHmac::new("salt", "another secret")));
        assert_ne!(next, SessionKey::successor(&next, &mac));
    }

    #[test]
    fn debug_never_shows_the_key() {
        let key = SessionKey::random();
        assert!(!format!("{key:?}").contains(key.as_str()));
    }

    #[test]
    fn what_no_key_can_be_is_refused() {
        for text in ["", "short12", &"a".repeat(41), "../../../etc/passwd", "abcdefgh\0", "abcdéfgh"] {
            assert!(SessionKey::parse(text).is_none(), "{text:?}");
        }
    }
}
