//! Signs text as `django/core/signing.py` does. All signatures of the framework are made here.
//!
//! Sessions use it, and projects may sign links and tokens with it, which Django accepts as well.
//! `SECRET_KEY` signs; `SECRET_KEY_FALLBACKS` only verify.

use std::{
    cell::RefCell,
    io,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    clock,
    crypto::{SaltedHmac, constant_time_eq},
    settings::Settings,
};

/// The largest size of decompressed data. Larger data is refused as a compression bomb.
pub(crate) const MAX_INFLATED_BYTES: u64 = 16 * 1024 * 1024;

/// The reason why signed text was refused. Messages do not contain the text.
///
/// # Examples
///
/// ```
/// use nuages::signing::{Signer, SigningError};
///
/// let error = Signer::new("secret", &[], "my.salt").unsign("hello:forged").unwrap_err();
/// assert!(matches!(error, SigningError::BadSignature));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The signature is missing, was made with another secret or salt, or belongs to another text.
    #[error("the signature does not match")]
    BadSignature,
    /// The signature is valid but too old.
    #[error("the signature is {age} s old, more than {max_age} s", age = .age.as_secs(), max_age = .max_age.as_secs())]
    Expired {
        /// The age of the signature.
        age: Duration,
        /// The greatest age that was allowed.
        max_age: Duration,
    },
    /// The signature is valid, but the content cannot be decoded or is of another type.
    #[error("the signed content cannot be read")]
    BadContent(#[source] crate::BoxError),
}

/// Signs and verifies text, as Django's `Signer`, `TimestampSigner`, `dumps` and `loads`.
///
/// # Examples
///
/// ```
/// use nuages::signing::Signer;
///
/// let signer = Signer::new("secret", &[], "my.salt");
/// let signed = signer.sign("hello");
/// assert_eq!(signer.unsign(&signed).unwrap(), "hello");
/// assert!(signer.unsign("hello:forged").is_err());
/// ```
#[derive(Clone)]
pub struct Signer {
    signing: SaltedHmac,
    fallbacks: Vec<SaltedHmac>,
}

impl Signer {
    /// Django's default salt for [`Signer::sign`].
    pub const DEFAULT_SALT: &'static str = "django.core.signing.Signer";
    /// Django's default salt for [`Signer::sign_at`].
    pub const DEFAULT_TIMESTAMP_SALT: &'static str = "django.core.signing.TimestampSigner";
    /// Django's default salt for [`Signer::dumps`].
    pub const DEFAULT_OBJECT_SALT: &'static str = "django.core.signing";

    /// A signer that signs with `secret` and also accepts signatures made with one of `fallbacks`.
    pub fn new(secret: &str, fallbacks: &[String], salt: &str) -> Self {
        let salt = format!("{salt}signer");
        Self {
            signing: SaltedHmac::new(&salt, secret),
            fallbacks: fallbacks.iter().map(|old| SaltedHmac::new(&salt, old)).collect(),
        }
    }

    /// A signer with the project's `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.
    pub fn from_settings(settings: &Settings, salt: &str) -> Self {
        Self::new(&settings.secret_key, &settings.secret_key_fallbacks, salt)
    }

    /// Returns `value:signature`.
    pub fn sign(&self, value: &str) -> String {
        let signature = URL_SAFE_NO_PAD.encode(self.signing.digest(value.as_bytes()));
        format!("{value}:{signature}")
    }

    /// Returns the value of `value:signature`.
    ///
    /// # Errors
    ///
    /// [`SigningError::BadSignature`] where the signature is not valid.
    pub fn unsign<'a>(&self, signed: &'a str) -> Result<&'a str, SigningError> {
        let (value, signature) = signed.rsplit_once(':').ok_or(SigningError::BadSignature)?;
        let mut text = [0u8; 43];
        let good = std::iter::once(&self.signing).chain(&self.fallbacks).any(|key| {
            let written = URL_SAFE_NO_PAD.encode_slice(key.digest(value.as_bytes()), &mut text);
            written.is_ok() && constant_time_eq(&text, signature.as_bytes())
        });
        if good { Ok(value) } else { Err(SigningError::BadSignature) }
    }

    /// Returns `value:timestamp:signature` with the timestamp `now` (Django's `TimestampSigner.sign`).
    pub fn sign_at(&self, value: &str, now: SystemTime) -> String {
        self.sign(&format!("{value}:{}", b62_encode(clock::unix(now))))
    }

    /// Returns the value of `value:timestamp:signature`, and the moment of signing.
    ///
    /// # Errors
    ///
    /// [`SigningError::BadSignature`] where the signature or the timestamp is not valid.
    pub fn unsign_at<'a>(&self, signed: &'a str) -> Result<(&'a str, SystemTime), SigningError> {
        let stamped = self.unsign(signed)?;
        let (value, stamp) = stamped.rsplit_once(':').ok_or(SigningError::BadSignature)?;
        let seconds = b62_decode(stamp).ok_or(SigningError::BadSignature)?;
        Ok((value, clock::from_unix(seconds)))
    }

    /// Returns the value of `value:timestamp:signature` if it was signed at most `max_age` before `now`.
    ///
    /// # Errors
    ///
    /// [`SigningError::BadSignature`] as [`Signer::unsign_at`], and [`SigningError::Expired`].
    pub fn unsign_within<'a>(
        &self,
        signed: &'a str,
        max_age: Duration,
        now: SystemTime,
    ) -> Result<&'a str, SigningError> {
        let (value, signed_at) = self.unsign_at(signed)?;
        let age = now.duration_since(signed_at).unwrap_or_default();
        if age > max_age { Err(SigningError::Expired { age, max_age }) } else { Ok(value) }
    }

    /// Signs a value as JSON, with the timestamp `now` (Django's `signing.dumps`). `compress` shortens large
    /// values.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use nuages::signing::Signer;
    ///
    /// let signer = Signer::new("secret", &[], Signer::DEFAULT_OBJECT_SALT);
    /// let now = SystemTime::now();
    /// let token = signer.dumps(&("reset", 7), false, now)?;
    /// let day = Duration::from_secs(24 * 3600);
    /// assert_eq!(signer.loads::<(String, u32)>(&token, Some(day), now)?, ("reset".into(), 7));
    /// assert!(signer.loads::<(String, u32)>(&token, Some(day), now + 2 * day).is_err());
    /// # Ok::<(), nuages::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SigningError::BadContent`] where the value cannot be written as JSON.
    pub fn dumps(
        &self,
        value: &impl Serialize,
        compress: bool,
        now: SystemTime,
    ) -> Result<String, SigningError> {
        let json = crate::json::to_ascii(value).map_err(|e| SigningError::BadContent(e.into()))?;
        Ok(self.seal(&json, compress, now))
    }

    /// Returns the value that [`Signer::dumps`] signed at most `max_age` before `now` (Django's
    /// `signing.loads`).
    ///
    /// # Errors
    ///
    /// All of [`SigningError`].
    pub fn loads<T: DeserializeOwned>(
        &self,
        signed: &str,
        max_age: Option<Duration>,
        now: SystemTime,
    ) -> Result<T, SigningError> {
        let (json, signed_at) = self.unseal(signed)?;
        let age = now.duration_since(signed_at).unwrap_or_default();
        if let Some(max_age) = max_age.filter(|&max_age| age > max_age) {
            return Err(SigningError::Expired { age, max_age });
        }
        serde_json::from_slice(&json).map_err(|e| SigningError::BadContent(e.into()))
    }

    /// Signs JSON as Django's `TimestampSigner.sign_object`: `[.]base64:timestamp:signature`.
    pub(crate) fn seal(&self, json: &[u8], compress: bool, now: SystemTime) -> String {
        let mut sealed = String::with_capacity(json.len() * 4 / 3 + 56);
        match if compress { deflate(json) } else { None } {
            Some(small) => {
                sealed.push('.');
                URL_SAFE_NO_PAD.encode_string(small, &mut sealed);
            }
            None => URL_SAFE_NO_PAD.encode_string(json, &mut sealed),
        }
        sealed.push(':');
        sealed.push_str(&b62_encode(clock::unix(now)));
        let signature = self.signing.digest(sealed.as_bytes());
        sealed.push(':');
        URL_SAFE_NO_PAD.encode_string(signature, &mut sealed);
        sealed
    }

    /// Returns the JSON that [`Signer::seal`] signed. Verifies it before decompressing, and limits its size.
    pub(crate) fn unseal(&self, sealed: &str) -> Result<(Vec<u8>, SystemTime), SigningError> {
        let (payload, signed_at) = self.unsign_at(sealed)?;
        let bad = |error: crate::BoxError| SigningError::BadContent(error);
        let json = match payload.strip_prefix('.') {
            None => URL_SAFE_NO_PAD.decode(payload).map_err(|e| bad(e.into()))?,
            Some(small) => {
                let small = URL_SAFE_NO_PAD.decode(small).map_err(|e| bad(e.into()))?;
                inflate(&small).map_err(|e| bad(e.into()))?
            }
        };
        Ok((json, signed_at))
    }
}

thread_local! {
    // Each state takes hundreds of kilobytes: making one costs far more than compressing a session.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), true));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

/// Compresses with zlib; `None` where that saves less than two bytes, as in Django's `sign_object`.
fn deflate(data: &[u8]) -> Option<Vec<u8>> {
    // The header, the checksum and one block take 8 bytes: shorter data never gets smaller.
    if data.len() < 10 {
        return None;
    }
    let mut small = Vec::with_capacity(data.len() - 2);
    let status = COMPRESS.with_borrow_mut(|state| {
        state.reset();
        state.compress_vec(data, &mut small, FlushCompress::Finish)
    });
    // Without room for its end, the result would not be smaller.
    let complete = matches!(status, Ok(Status::StreamEnd));
    (complete && small.len() < data.len() - 1).then_some(small)
}

fn inflate(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut large = Vec::with_capacity((data.len() * 3).clamp(64, MAX_INFLATED_BYTES as usize + 1));
    DECOMPRESS.with_borrow_mut(|state| {
        state.reset(true);
        loop {
            let (read, written) = (state.total_in(), state.total_out());
            let rest = data.get(read as usize..).unwrap_or_default();
            let status = state.decompress_vec(rest, &mut large, FlushDecompress::None)?;
            if large.len() as u64 > MAX_INFLATED_BYTES {
                return Err(invalid(format!("decompresses to more than {MAX_INFLATED_BYTES} bytes")));
            }
            if status == Status::StreamEnd {
                return Ok(());
            }
            if large.len() == large.capacity() {
                large.reserve(large.len());
            } else if (state.total_in(), state.total_out()) == (read, written) {
                return Err(invalid("the compressed data end too early".to_owned()));
            }
        }
    })?;
    Ok(large)
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Django's `BASE62_ALPHABET`.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn b62_encode(number: i64) -> String {
    if number == 0 {
        return "0".to_owned();
    }
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::with_capacity(11);
    while rest > 0 {
        digits.push(BASE62[(rest % 62) as usize]);
        rest /= 62;
    }
    let sign = if number < 0 { "-" } else { "" };
    sign.chars().chain(digits.iter().rev().map(|&digit| char::from(digit))).collect()
}

fn b62_decode(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let number = digits.bytes().try_fold(0i64, |number, byte| {
        let digit = BASE62.iter().position(|&letter| letter == byte)?;
        number.checked_mul(62)?.checked_add(i64::try_from(digit).ok()?)
    })?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_62_goes_both_ways() {
        for number in [0, 1, 61, 62, 1_790_000_000, i64::MAX, -7] {
            assert_eq!(b62_decode(&b62_encode(number)), Some(number));
        }
        for text in ["", "-", "é", "zzzzzzzzzzzzzzzz"] {
            assert_eq!(b62_decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn compressed_data_come_back_whole_whatever_was_compressed_before() {
        for size in [10, 100, 511, 4_096, 100_000, 3_000_000, 10] {
            let data: Vec<u8> = (0..size).map(|byte: u32| b"abcdefgh"[byte as usize / 7 % 8]).collect();
            match deflate(&data) {
                None => assert_eq!(size, 10, "text that repeats itself gets smaller"),
                Some(small) => {
                    assert!(small.len() < data.len() - 1);
                    assert_eq!(inflate(&small).expect("whole"), data, "{size} bytes");
                    for end in [0, 1, small.len() / 2, small.len() - 1] {
                        assert!(inflate(&small[..end]).is_err(), "{end} of {} bytes", small.len());
                    }
                }
            }
            let mixed: Vec<u8> =
                (0..size).map(|byte| (byte.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            assert!(deflate(&mixed[..mixed.len().min(200)]).is_none(), "nothing to gain");
        }
        assert!(inflate(b"no zlib stream at all").is_err());
    }

    #[test]
    fn a_compression_bomb_is_refused() {
        let signer = Signer::new("secret", &[], "salt");
        let bomb = vec![b' '; MAX_INFLATED_BYTES as usize + 1];
        let sealed = signer.seal(&bomb, true, SystemTime::now());
        assert!(sealed.len() < 100_000, "it must be small to be a bomb");
        assert!(matches!(signer.unseal(&sealed), Err(SigningError::BadContent(_))));
    }
}
