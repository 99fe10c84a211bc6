//! Formats `Set-Cookie`. No other file formats a cookie.
//!
//! The output equals Django's byte for byte, that is Python's `http.cookies` (`Morsel.OutputString` and
//! `_quote`). A cookie with characters that no cookie may contain (CR, LF, NUL, a semicolon in a path) is
//! an error.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

use super::http_date;
use crate::settings::SameSite;

/// Names that Python's `Morsel` reserves for attributes.
const RESERVED: [&str; 10] = [
    "expires",
    "path",
    "comment",
    "domain",
    "max-age",
    "secure",
    "httponly",
    "version",
    "samesite",
    "partitioned",
];

/// A cookie to send; [`Response::set_cookie`](super::Response::set_cookie) takes it.
///
/// # Examples
///
/// ```
/// use nuages::http::SetCookie;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let cookie = SetCookie::new("theme", "dark").lasting(Duration::from_secs(60), UNIX_EPOCH);
/// assert_eq!(
///     cookie.to_header().unwrap(),
///     "theme=dark; expires=Thu, 01 Jan 1970 00:01:00 GMT; Max-Age=60; Path=/"
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// The name: a token (RFC 6265 section 4.1.1).
    pub name: String,
    /// The value. Special characters are quoted.
    pub value: String,
    /// `Max-Age`. Default none: the cookie ends when the browser is closed.
    pub max_age: Option<Duration>,
    /// `expires`. Django sends it together with `Max-Age`.
    pub expires: Option<SystemTime>,
    /// `Path`. Default `/`; not sent if empty.
    pub path: String,
    /// `Domain`. Default none: only the host that set the cookie gets it.
    pub domain: Option<String>,
    /// `Secure`. Default false.
    pub secure: bool,
    /// `HttpOnly`. Default false.
    pub httponly: bool,
    /// `SameSite`. Default none: not sent.
    pub samesite: Option<SameSite>,
    /// `Partitioned`. Default false. The cookie is kept apart for each site that embeds this one; browsers
    /// require `Secure` for it.
    pub partitioned: bool,
}

/// The reason why a cookie cannot be sent. It never shows the value.
///
/// # Examples
///
/// ```
/// use nuages::http::{CookieError, SetCookie};
///
/// let error = SetCookie::new("a b", "1").to_header().unwrap_err();
/// assert_eq!(error, CookieError::Name("a b".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is not a token, or it is reserved for an attribute.
    #[error("the cookie name {0:?} is not a token, or it is the name of an attribute")]
    Name(String),
    /// The value contains CR, LF, NUL or a character beyond U+00FF.
    #[error("the value of the cookie {0:?} contains a character that no cookie may contain")]
    Value(String),
    /// The path or the domain contains a control character, a semicolon or a character beyond ASCII.
    #[error(
        "the {attribute} of the cookie {name:?} contains a control character, a semicolon or a character beyond ASCII"
    )]
    Attribute {
        /// The cookie's name.
        name: String,
        /// `path` or `domain`.
        attribute: &'static str,
    },
}

impl SetCookie {
    /// A cookie for all paths of this host, which ends when the browser is closed.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            max_age: None,
            expires: None,
            path: "/".to_owned(),
            domain: None,
            secure: false,
            httponly: false,
            samesite: None,
            partitioned: false,
        }
    }

    /// Sets `Max-Age` and `expires`, counted from `now`, like Django's `max_age=`.
    #[must_use]
    pub fn lasting(mut self, max_age: Duration, now: SystemTime) -> Self {
        self.max_age = Some(max_age);
        self.expires = Some(now + max_age);
        self
    }

    /// Sets `Partitioned`, and `Secure` with it, also on the deletion of a cookie.
    #[must_use]
    pub fn partitioned(self, partitioned: bool) -> Self {
        Self { partitioned, secure: self.secure || partitioned, ..self }
    }

    /// A cookie that deletes another one. Name, path and domain must be those that it was set with.
    ///
    /// `Secure` is sent where the browser would otherwise ignore the deletion (`__Secure-`, `__Host-`,
    /// `SameSite=None`), as in Django's `delete_cookie`.
    pub fn deletion(
        name: impl Into<String>,
        path: impl Into<String>,
        domain: Option<String>,
        samesite: Option<SameSite>,
    ) -> Self {
        let name = name.into();
        let prefixed = name.starts_with("__Secure-") || name.starts_with("__Host-");
        Self {
            secure: prefixed || samesite == Some(SameSite::None),
            max_age: Some(Duration::ZERO),
            expires: Some(UNIX_EPOCH),
            path: path.into(),
            domain,
            samesite,
            ..Self::new(name, "")
        }
    }

    /// Formats the value of the `Set-Cookie` header, with the attributes in the order of Python's `Morsel`.
    ///
    /// # Errors
    ///
    /// If name, value, path or domain contain a character that no cookie may contain.
    pub fn to_header(&self) -> Result<HeaderValue, CookieError> {
        self.check()?;
        let mut text = format!("{}={}", self.name, quote(&self.value));
        if let Some(domain) = &self.domain {
            push(&mut text, "Domain=", domain);
        }
        if let Some(expires) = self.expires {
            push(&mut text, "expires=", &http_date(expires));
        }
        if self.httponly {
            text.push_str("; HttpOnly");
        }
        if let Some(age) = self.max_age {
            push(&mut text, "Max-Age=", &age.as_secs().to_string());
        }
        if self.partitioned {
            text.push_str("; Partitioned");
        }
        push(&mut text, "Path=", &self.path);
        if let Some(samesite) = self.samesite {
            let word = match samesite {
                SameSite::Lax => "Lax",
                SameSite::Strict => "Strict",
                SameSite::None => "None",
            };
            push(&mut text, "SameSite=", word);
        }
        if self.secure {
            text.push_str("; Secure");
        }
        HeaderValue::try_from(text).map_err(|_| CookieError::Value(self.name.clone()))
    }

    fn check(&self) -> Result<(), CookieError> {
        let reserved = RESERVED.iter().any(|word| word.eq_ignore_ascii_case(&self.name));
        if self.name.is_empty() || reserved || !self.name.bytes().all(is_plain) {
            return Err(CookieError::Name(self.name.clone()));
        }
        if self.value.chars().any(|c| matches!(c, '\r' | '\n' | '\0') || u32::from(c) > 255) {
            return Err(CookieError::Value(self.name.clone()));
        }
        let fits = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b';');
        let domain = self.domain.as_deref().unwrap_or_default();
        for (attribute, text) in [("path", self.path.as_str()), ("domain", domain)] {
            if !fits(text) {
                return Err(CookieError::Attribute { name: self.name.clone(), attribute });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie").field("name", &self.name).finish_non_exhaustive()
    }
}

fn push(text: &mut String, attribute: &str, value: &str) {
    if !value.is_empty() {
        text.push_str("; ");
        text.push_str(attribute);
        text.push_str(value);
    }
}

/// Python's `_LegalChars`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&byte)
}

/// Python's `_quote`: unchanged if every character is legal, else in double quotes with octal escapes.
fn quote(value: &str) -> String {
    if !value.is_empty() && value.bytes().all(is_plain) {
        return value.to_owned();
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            _ if c.is_ascii() && (is_plain(c as u8) || " ()/<=>?@[]{}".contains(c)) => quoted.push(c),
            _ => quoted.push_str(&format!("\\{:03o}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}
