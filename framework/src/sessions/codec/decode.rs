//! From signed text to session data.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{
    Codec,
    big_integers::{self, BigIntegers},
};
use crate::signing::SigningError;

/// The content of a session's text.
#[derive(Debug)]
pub(in crate::sessions) struct Decoded {
    pub(in crate::sessions) data: Map<String, Value>,
    pub(in crate::sessions) big_integers: BigIntegers,
    /// When it was written: the signature's timestamp.
    pub(in crate::sessions) saved_at: SystemTime,
}

/// A session's stored text cannot be decoded.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{DecodeError, SessionEngine};
///
/// fn was_signed_by_another_secret(engine: &SessionEngine, stored: &str) -> bool {
///     matches!(engine.decode(stored), Err(DecodeError::Signing(_)))
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The text was not signed with one of the project's secrets, or is damaged.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The signature is good, but the content is not a JSON object that Rust can hold. Python also
    /// writes `NaN`, `Infinity` and lone surrogates, which are not JSON.
    #[error("the session's data is not a JSON object that can be represented")]
    Content(#[source] serde_json::Error),
}

impl Codec {
    pub(in crate::sessions) fn decode(&self, text: &str) -> Result<Decoded, DecodeError> {
        let (json, saved_at) = self.signer.unseal(text)?;
        let json = if json.is_ascii() { json } else { latin_1(&json) };
        let data = big_integers::parse(&json).map_err(DecodeError::Content)?;
        let big_integers = BigIntegers::find(&json, &data);
        Ok(Decoded { data, big_integers, saved_at })
    }
}

/// Django's JSONSerializer decodes bytes as Latin-1 (django/core/signing.py).
fn latin_1(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes()
}
