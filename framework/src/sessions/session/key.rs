//! The session key: 32 characters of `[a-z0-9]` from the system's random source, as Django's.
//!
//! `Debug` shows nothing of it; whoever needs the text asks for [`SessionKey::as_str`].

use std::fmt;

use crate::crypto::{SaltedHmac, evenly, random_text};

/// Django's `VALID_KEY_CHARS` (django/contrib/sessions/backends/base.py).
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 32;
/// Django's `_validate_session_key`: a shorter key from a cookie is ignored.
const SHORTEST: usize = 8;
/// The width of the column `django_session.session_key`.
const LONGEST: usize = 40;

/// The key of one session: a bearer secret of 165 random bits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    /// A fresh key from the system's random source.
    ///
    /// # Panics
    ///
    /// Where the system has no random source: nothing safe can be done without one.
    pub fn random() -> Self {
        Self(random_text(LENGTH, ALPHABET))
    }

    /// The key that `cycle_key` gives to the session stored under `stored_key`.
    ///
    /// It is random to whoever lacks `SECRET_KEY`, but any process of the site can tell it: a logout
    /// already in flight under the old key follows the session to its new one, and so is final.
    pub(in crate::sessions) fn successor(stored_key: &str, mac: &SaltedHmac) -> Self {
        let digests = (0u8..).map(|round| mac.digest(&[&[round], stored_key.as_bytes()].concat()));
        Self(evenly(digests.flatten(), ALPHABET).take(LENGTH).collect())
    }

    /// The key in a cookie, or `None` for text that cannot be one: shorter than 8 characters (as
    /// Django), longer than the column (40), or with a character that no engine could store safely.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (SHORTEST..=LONGEST).contains(&text.len());
        let safe = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (fits && safe).then(|| Self(text.to_owned()))
    }

    /// The key itself. Never log it.
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
        let next = SessionKey::successor(&key.0, &mac);
        assert!(next != key && next.0.len() == 32 && SessionKey::parse(&next.0).is_some());
        assert_eq!(next, SessionKey::successor(&key.0, &mac));
        assert_ne!(next, SessionKey::successor(&key.0, &SaltedHmac::new("salt", "another secret")));
        assert_ne!(next, SessionKey::successor(&next.0, &mac));
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
