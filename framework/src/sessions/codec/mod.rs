//! Session data to text and back, exactly as Django writes `django_session.session_data`.
//!
//! `[.]base64(JSON):timestamp:signature` (`SessionBase.encode`, django/contrib/sessions/backends/base.py).
//! The engine calls this; stores never do.

mod big_integers;
mod decode;
mod encode;

use crate::{
    settings::Settings,
    signing::{MAX_INFLATED_BYTES, Signer},
};

pub(in crate::sessions) use self::{big_integers::BigIntegers, decode::Decoded};
pub use self::{decode::DecodeError, encode::EncodeError};

/// The salt of every server-side engine.
pub(in crate::sessions) const STORE_SALT: &str = "django.contrib.sessions.SessionStore";
/// The salt of the signed_cookies engine.
pub(in crate::sessions) const COOKIE_SALT: &str = "django.contrib.sessions.backends.signed_cookies";

/// The size of the JSON, in bytes, from which the server-side engines compress it. Most sessions, logins
/// included, are smaller.
const COMPRESS_STORED_FROM: usize = 512;

/// Encodes and decodes session data.
#[derive(Clone)]
pub(in crate::sessions) struct Codec {
    signer: Signer,
    /// The size of the JSON that is not exceeded.
    max_bytes: usize,
    /// The size of the JSON, in bytes, from which it is compressed.
    compress_from: usize,
}

impl Codec {
    pub(in crate::sessions) fn new(settings: &Settings, salt: &str) -> Self {
        // A cookie has little room. On the server, compressing a short session costs more than it saves;
        // Django reads both forms.
        let compress_from = if salt == COOKIE_SALT { 0 } else { COMPRESS_STORED_FROM };
        let signer = Signer::from_settings(settings, salt);
        Self { signer, max_bytes: MAX_INFLATED_BYTES as usize, compress_from }
    }

    /// Refuses to encode more JSON than this. `SESSION_MAX_BYTES` is at most the limit of decoding.
    pub(in crate::sessions) fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }
}
