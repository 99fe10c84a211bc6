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

/// Encodes and decodes session data.
#[derive(Clone)]
pub(in crate::sessions) struct Codec {
    signer: Signer,
    /// The size of the JSON that is not exceeded.
    max_bytes: usize,
}

impl Codec {
    pub(in crate::sessions) fn new(settings: &Settings, salt: &str) -> Self {
        Self { signer: Signer::from_settings(settings, salt), max_bytes: MAX_INFLATED_BYTES as usize }
    }

    /// Refuses to encode more JSON than this. `SESSION_MAX_BYTES` is at most the limit of decoding.
    pub(in crate::sessions) fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }
}
