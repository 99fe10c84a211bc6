//! The CSRF token of a request: the secret of the cookie, masked anew for each form.
//!
//! Algorithm and alphabet are those of `django/middleware/csrf.py`, so that Django accepts the forms of
//! this site and the other way round. `middleware::csrf` checks tokens and sends the cookie; templates and
//! mounted services only read tokens.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use super::Request;
use crate::crypto;

const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Django's `CSRF_SECRET_LENGTH`; a masked token is twice as long.
const SECRET_LENGTH: usize = 32;

/// The CSRF token of a request. Clones share its state.
///
/// It is among the request's extensions, so that mounted services can use it.
///
/// # Examples
///
/// A tower service that is mounted with [`App::mount`](crate::App::mount) puts it into its forms:
///
/// ```
/// use nuages::http::{Body, CsrfToken};
///
/// fn form(request: &http::Request<Body>) -> String {
///     let token = request.extensions().get::<CsrfToken>().map(CsrfToken::get).unwrap_or_default();
///     format!("<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{token}\">")
/// }
/// # assert!(form(&http::Request::new(Body::default())).contains("csrfmiddlewaretoken"));
/// ```
#[derive(Clone, Default)]
pub struct CsrfToken(Arc<State>);

#[derive(Default)]
struct State {
    secret: Mutex<Option<String>>,
    send: AtomicBool,
}

impl CsrfToken {
    pub(crate) fn new(secret: Option<String>) -> Self {
        Self(Arc::new(State { secret: Mutex::new(secret), send: AtomicBool::new(false) }))
    }

    /// Returns a newly masked token for a form or a header: Django's `get_token`. The response then sets
    /// the cookie and varies by it.
    pub fn get(&self) -> String {
        let mut secret = self.0.secret.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.send.store(true, Relaxed);
        mask(secret.get_or_insert_with(new_secret))
    }

    /// Changes the secret: Django's `rotate_token`. Login does this.
    pub fn rotate(&self) {
        *self.0.secret.lock().unwrap_or_else(PoisonError::into_inner) = Some(new_secret());
        self.0.send.store(true, Relaxed);
    }

    /// The secret for the cookie that the response must set; `None` if it must not, or has done so.
    pub(crate) fn take_to_send(&self) -> Option<String> {
        let send = self.0.send.swap(false, Relaxed);
        let secret = self.0.secret.lock().unwrap_or_else(PoisonError::into_inner);
        secret.clone().filter(|_| send)
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(…)")
    }
}

impl Request {
    /// Returns a CSRF token for the form field `csrfmiddlewaretoken` or the header `X-CSRFToken`.
    ///
    /// Templates have it as `csrf_token` and `csrf_input()`.
    pub fn csrf_token(&self) -> String {
        self.extension::<CsrfToken>().map(CsrfToken::get).unwrap_or_default()
    }

    /// Changes the CSRF secret, so that forms rendered before are no longer accepted. Login does this.
    pub fn rotate_csrf_token(&self) {
        if let Some(token) = self.extension::<CsrfToken>() {
            token.rotate();
        }
    }
}

/// The reason why a text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenFormat {
    #[error("has incorrect length")]
    Length,
    #[error("has invalid characters")]
    Characters,
}

/// Returns the secret of a token, masked or not.
pub(crate) fn secret_of(token: &str) -> Result<String, TokenFormat> {
    let length = token.chars().count();
    if length != SECRET_LENGTH && length != 2 * SECRET_LENGTH {
        return Err(TokenFormat::Length);
    }
    if !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(TokenFormat::Characters);
    }
    Ok(if length == SECRET_LENGTH { token.to_owned() } else { unmask(token) })
}

fn new_secret() -> String {
    crypto::random_text(SECRET_LENGTH, ALPHABET)
}

fn mask(secret: &str) -> String {
    let mask = new_secret();
    let cipher = combine(secret, &mask, |secret, mask| secret + mask);
    mask + &cipher
}

fn unmask(token: &str) -> String {
    let (mask, cipher) = token.split_at(SECRET_LENGTH);
    combine(cipher, mask, |cipher, mask| cipher + ALPHABET.len() - mask)
}

fn combine(text: &str, mask: &str, f: impl Fn(usize, usize) -> usize) -> String {
    let index = |byte: u8| ALPHABET.iter().position(|&known| known == byte).unwrap_or_default();
    let pairs = text.bytes().zip(mask.bytes());
    pairs.map(|(a, b)| char::from(ALPHABET[f(index(a), index(b)) % ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_tokens_of_a_real_django_hold_the_secret() {
        #[derive(serde::Deserialize)]
        struct File {
            rows: Vec<Row>,
        }
        #[derive(serde::Deserialize)]
        struct Row {
            secret: String,
            masked: String,
        }
        let text = include_str!("../../../../tests/vectors/csrf_tokens.json");
        let file: File = serde_json::from_str(text).expect("vectors");
        assert!(!file.rows.is_empty());
        for row in file.rows {
            assert_eq!(secret_of(&row.masked).as_ref(), Ok(&row.secret));
            assert_eq!(secret_of(&mask(&row.secret)).as_ref(), Ok(&row.secret));
            assert_ne!(mask(&row.secret), mask(&row.secret), "each mask is fresh");
        }
    }

    #[test]
    fn the_cookie_is_sent_once_and_only_where_the_token_was_asked_for() {
        let token = CsrfToken::new(Some("a".repeat(32)));
        assert_eq!(token.take_to_send(), None);
        token.get();
        assert_eq!(token.take_to_send(), Some("a".repeat(32)));
        assert_eq!(token.take_to_send(), None);
        token.rotate();
        assert_ne!(token.take_to_send(), Some("a".repeat(32)));
    }
}
