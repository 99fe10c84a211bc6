//! Session data to text and back, exactly as Django writes `django_session.session_data`.
//!
//! `[.]base64(JSON):timestamp:signature` (`SessionBase.encode`, django/contrib/sessions/backends/base.py).

mod big_integers;

use std::time::SystemTime;

use serde_json::{Map, Value};

pub(crate) use self::big_integers::BigIntegers;
use self::big_integers::WithBigIntegers;
use crate::{
    json::to_ascii,
    settings::Settings,
    signing::{Signer, SigningError},
};

/// The salt of every server-side engine.
pub(crate) const STORE_SALT: &str = "django.contrib.sessions.SessionStore";
/// The salt of the signed_cookies engine.
pub(crate) const COOKIE_SALT: &str = "django.contrib.sessions.backends.signed_cookies";

/// Encodes and decodes session data.
#[derive(Clone)]
pub(crate) struct Codec {
    signer: Signer,
}

/// What a session's text says.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) data: Map<String, Value>,
    pub(crate) big_integers: BigIntegers,
    /// When it was written: the signature's timestamp.
    pub(crate) saved_at: SystemTime,
}

/// Why a session's text does not decode.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The signature is not ours, or the content is not JSON that can be represented.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// Signed by one of our secrets, but not a JSON object that can be represented: Python's `NaN`,
    /// `Infinity` and lone surrogates are such.
    #[error("the session's data is not a JSON object that can be represented")]
    Content(#[source] serde_json::Error),
}

impl Codec {
    pub(crate) fn new(settings: &Settings, salt: &str) -> Self {
        Self { signer: Signer::from_settings(settings, salt) }
    }

    pub(crate) fn encode(
        &self,
        data: &Map<String, Value>,
        big_integers: &BigIntegers,
        now: SystemTime,
    ) -> String {
        let json = to_ascii(&WithBigIntegers { data, big_integers }).expect("JSON values have a JSON form");
        self.signer.seal(&json, true, now)
    }

    pub(crate) fn decode(&self, text: &str) -> Result<Decoded, DecodeError> {
        let (json, saved_at) = self.signer.unseal(text)?;
        let json = if json.is_ascii() { json } else { latin_1(&json) };
        let data = serde_json::from_slice(&json).map_err(DecodeError::Content)?;
        let big_integers = BigIntegers::find(&json, &data);
        Ok(Decoded { data, big_integers, saved_at })
    }
}

/// Django's JSONSerializer decodes bytes as Latin-1 (django/core/signing.py).
fn latin_1(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes()
}
