//! The nonce of a request for its content security policy, made when a page first asks for it.
//!
//! `middleware::csp` gives it to requests and reads it for the header.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use minijinja::value::{Object, ObjectRepr, Value};

use super::{Request, RequestVar};
use crate::crypto;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// 132 bits, as Django's `secrets.token_urlsafe(16)` has 128.
const LENGTH: usize = 22;

/// The nonce, among the extensions of a request. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct CspNonce(Arc<OnceLock<String>>);

impl CspNonce {
    fn get(&self) -> &str {
        self.0.get_or_init(|| crypto::random_text(LENGTH, ALPHABET))
    }

    /// The nonce, if the page has asked for it.
    pub(crate) fn used(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// `csp_nonce` in templates.
    pub(crate) const TEMPLATE_VAR: RequestVar = RequestVar {
        name: "csp_nonce",
        make: |extensions| {
            let nonce = extensions.get::<Self>().cloned();
            nonce.map_or(Value::UNDEFINED, |nonce| Value::from_object(Shown(nonce)))
        },
        from_session: false,
    };
}

impl Request {
    /// The nonce that `'nonce'` in `SECURE_CSP` stands for, for the `nonce` attribute of scripts and styles;
    /// empty if the site has no policy. Templates have it as `csp_nonce`.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn page(request: &mut Request) -> Html<String> {
    ///     Html(format!("<script nonce=\"{}\">console.log('hello')</script>", request.csp_nonce()))
    /// }
    /// ```
    pub fn csp_nonce(&self) -> String {
        self.extension::<CspNonce>().map(|nonce| nonce.get().to_owned()).unwrap_or_default()
    }
}

/// The nonce as a value of templates: writing it makes it.
struct Shown(CspNonce);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("csp_nonce")
    }
}

impl Object for Shown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get())
    }
}
