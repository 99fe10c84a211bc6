//! Reads the `Cookie` header as `django/http/cookie.py` and Python's `http.cookies._unquote` do.
//!
//! It never fails: text that is not a cookie is skipped, as in Django.

use std::fmt;

use indexmap::IndexMap;

/// The cookies of a request: Django's `request.COOKIES`.
///
/// `Debug` shows the names and no value.
///
/// # Examples
///
/// ```
/// use nuages::http::Cookies;
///
/// let cookies = Cookies::parse("theme=dark; greeting=\"hello, you\"");
/// assert_eq!(cookies.get("theme"), Some("dark"));
/// assert_eq!(cookies.get("greeting"), Some("hello, you"));
/// assert_eq!(format!("{cookies:?}"), r#"["theme", "greeting"]"#);
/// ```
#[derive(Clone, Default)]
pub struct Cookies(IndexMap<String, String>);

impl Cookies {
    /// Parses the value of a `Cookie` header, like Django's `parse_cookie`. Of several cookies with the same
    /// name, the last one counts.
    pub fn parse(header: &str) -> Self {
        // A map, so that a header of many names costs no more than its length.
        let mut cookies = IndexMap::new();
        for chunk in header.split(';') {
            let (name, value) = chunk.split_once('=').unwrap_or(("", chunk));
            let (name, value) = (strip(name), strip(value));
            if name.is_empty() && value.is_empty() {
                continue;
            }
            cookies.insert(name.to_owned(), unquote(value));
        }
        Self(cookies)
    }

    /// Parses all `Cookie` header fields as one. Their bytes are Latin-1.
    pub(crate) fn from_headers(headers: &http::HeaderMap) -> Self {
        let mut text = String::new();
        for value in headers.get_all(http::header::COOKIE) {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.extend(value.as_bytes().iter().map(|&byte| char::from(byte)));
        }
        Self::parse(&text)
    }

    /// The value of the cookie with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The number of cookies.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the request has no cookies.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// Python's `str.strip`, which also strips the four separators U+001C to U+001F.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// Python's `_unquote`: removes the double quotes and decodes `\ooo` and `\x`.
fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escaped = &rest[at + 1..];
        let octal = escaped.as_bytes().first_chunk().filter(|digits| is_octal(digits));
        if let Some(digits) = octal {
            let code = digits.iter().fold(0, |code, digit| code * 8 + u32::from(digit - b'0'));
            text.extend(char::from_u32(code));
            rest = &escaped[3..];
            continue;
        }
        // Python's `.` does not match a line feed, so the backslash stays.
        let mut after = escaped.chars();
        match after.next() {
            Some(c) if c != '\n' => {
                text.push(c);
                rest = after.as_str();
            }
            _ => {
                text.push('\\');
                rest = escaped;
            }
        }
    }
    text.push_str(rest);
    text
}

fn is_octal(digits: &[u8; 3]) -> bool {
    matches!(digits, [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7'])
}
