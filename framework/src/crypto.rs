//! Salted HMACs, constant-time comparison and random text, as in `django/utils/crypto.py`.
//!
//! Used by `signing`, the session keys, CSRF and `contrib::auth`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// HMAC-SHA256 with the key SHA-256(salt + secret), as Django's `salted_hmac(…, algorithm="sha256")`.
///
/// Keeps the keyed state, which is cloned for each message.
#[derive(Clone)]
pub(crate) struct SaltedHmac(Hmac<Sha256>);

impl SaltedHmac {
    pub(crate) fn new(salt: &str, secret: &str) -> Self {
        let key = Sha256::new_with_prefix(salt).chain_update(secret).finalize();
        Self(Hmac::new_from_slice(&key).expect("HMAC takes a key of any length"))
    }

    /// The 32 bytes of the HMAC over `message`.
    pub(crate) fn digest(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

/// Whether two texts are equal. The time does not depend on where they differ.
pub(crate) fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The SHA-256 of a response's body, shortened to 128 bits: enough to tell versions of one page apart.
pub(crate) fn content_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

/// The SHA-256 of `text` in lower-case hexadecimal.
pub(crate) fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String never fails");
        text
    })
}

/// `length` random characters of `alphabet` (ASCII, at most 128), each equally likely, from the
/// system's random source.
///
/// # Panics
///
/// Where the system has no random source: keys cannot be made safely without one.
pub(crate) fn random_text(length: usize, alphabet: &[u8]) -> String {
    let mut text = String::with_capacity(length);
    let mut bytes = [0u8; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes).expect("the system has a random source");
        text.extend(evenly(bytes, alphabet).take(length - text.len()));
    }
    text
}

/// Turns random bytes into characters of `alphabet` (ASCII, at most 128), each equally likely.
pub(crate) fn evenly(bytes: impl IntoIterator<Item = u8>, alphabet: &[u8]) -> impl Iterator<Item = char> {
    debug_assert!(!alphabet.is_empty() && alphabet.len() <= 128 && alphabet.is_ascii());
    let letters = alphabet.len();
    // Bytes from this multiple of the alphabet's size on are skipped: they would favour some characters.
    let fair = 256 / letters * letters;
    let bytes = bytes.into_iter().map(usize::from).filter(move |&byte| byte < fair);
    bytes.map(move |byte| char::from(alphabet[byte % letters]))
}
