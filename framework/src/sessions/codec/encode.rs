//! From session data to signed text, within the limits that decoding has: data that could not be read again
//! are never written.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{
    Codec,
    big_integers::{BigIntegers, WithBigIntegers},
};
use crate::json::to_ascii;

/// The deepest nesting of a value that serde_json reads inside the session's object.
const MAX_DEPTH: usize = 126;

/// A session's data cannot be stored: they could not be read again, or exceed `SESSION_MAX_BYTES`.
///
/// # Examples
///
/// ```
/// use nuages::{sessions::{EncodeError, SessionEngine}, settings::Settings};
/// use serde_json::json;
///
/// # fn main() -> nuages::Result<()> {
/// let text = "SECRET_KEY = 'not a secret'\nDEBUG = true\nSESSION_ENGINE = 'cache'\nSESSION_MAX_BYTES = 1024\n";
/// let settings = Settings::from_toml(text, &std::env::temp_dir())?;
/// let engine = SessionEngine::from_settings(&settings)?;
///
/// let data = json!({"name": "John Doe", "cart": "x".repeat(2000)});
/// let error = engine.encode(data.as_object().expect("an object")).expect_err("too large");
/// assert!(matches!(error, EncodeError::TooLarge { key, .. } if key == "cart"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A value is nested too deep to be read again.
    #[error("session[{key:?}] is nested deeper than {limit} levels: it could not be read again")]
    TooDeep {
        /// The key.
        key: String,
        /// The number of levels that can be read.
        limit: usize,
    },
    /// The data exceed `SESSION_MAX_BYTES`.
    #[error(
        "the session has {bytes} bytes of JSON, SESSION_MAX_BYTES allows {limit}: session[{key:?}] alone has {key_bytes}"
    )]
    TooLarge {
        /// The size of all data.
        bytes: usize,
        /// The allowed size.
        limit: usize,
        /// The key of the largest value.
        key: String,
        /// The size of the largest value.
        key_bytes: usize,
    },
}

impl Codec {
    /// The signed text of `data`, written at `now`.
    pub(in crate::sessions) fn encode(
        &self,
        data: &Map<String, Value>,
        big_integers: &BigIntegers,
        now: SystemTime,
    ) -> Result<String, EncodeError> {
        if let Some((key, _)) = data.iter().find(|(_, value)| is_deeper(value, MAX_DEPTH)) {
            return Err(EncodeError::TooDeep { key: key.clone(), limit: MAX_DEPTH });
        }
        let json = to_ascii(&WithBigIntegers { data, big_integers }).expect("JSON values have a JSON form");
        self.check_size(json.len(), data)?;
        Ok(self.signer.seal(&json, json.len() >= self.compress_from, now))
    }

    fn check_size(&self, bytes: usize, data: &Map<String, Value>) -> Result<(), EncodeError> {
        let limit = self.max_bytes;
        if bytes < limit / 4 {
            return Ok(());
        }
        let sizes = data.iter().map(|(key, value)| (to_ascii(value).map_or(0, |json| json.len()), key));
        let (key_bytes, key) = sizes.max().map_or_else(Default::default, |(size, key)| (size, key.clone()));
        if bytes > limit {
            return Err(EncodeError::TooLarge { bytes, limit, key, key_bytes });
        }
        tracing::warn!(
            target: "nuages.sessions",
            "a session has {bytes} bytes of JSON, SESSION_MAX_BYTES allows {limit}: \
             session[{key:?}] alone has {key_bytes}"
        );
        Ok(())
    }
}

/// Whether arrays and objects are nested in one another more than `levels` times.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match (value, levels) {
        (Value::Array(_) | Value::Object(_), 0) => true,
        (Value::Array(items), _) => items.iter().any(|item| is_deeper(item, levels - 1)),
        (Value::Object(fields), _) => fields.values().any(|field| is_deeper(field, levels - 1)),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => false,
    }
}
