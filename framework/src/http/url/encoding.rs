//! Percent-encoding of paths and URLs, as in `django/utils/encoding.py`.
//!
//! Paths of requests are decoded here, URLs in responses encoded.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters that stay unescaped in a path: Django's `escape_uri_path`.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The reserved and unreserved characters of RFC 3986, and `%` itself: Django's `iri_to_uri`.
const IRI: &AsciiSet =
    &PATH.remove(b'#').remove(b'%').remove(b'[').remove(b']').remove(b'=').remove(b';').remove(b'?');

/// Escapes a decoded path.
pub(crate) fn escape_path(path: &str) -> Cow<'_, str> {
    utf8_percent_encode(path, PATH).into()
}

/// Escapes the characters of a URL that are beyond ASCII or not allowed in URLs; a `%` stays.
pub(crate) fn iri_to_uri(iri: &str) -> Cow<'_, str> {
    utf8_percent_encode(iri, IRI).into()
}

/// Escapes the second of two leading slashes: a browser reads `//host/` as a URL of another site.
pub(crate) fn escape_leading_slashes(url: Cow<'_, str>) -> Cow<'_, str> {
    match url.strip_prefix("//") {
        Some(rest) => format!("/%2F{rest}").into(),
        None => url,
    }
}

/// The reason why a path cannot be decoded; the response is a 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("the path has a `%` without two hex digits after it")]
    BadEscape,
    #[error("the path contains a NUL character")]
    Nul,
    #[error("the path is not UTF-8")]
    NotUtf8,
    #[error("the path does not start with a slash")]
    NoSlash,
}

/// Decodes the path of a request target (RFC 3986 section 2.1), strictly.
pub(crate) fn decode_path(path: &str) -> Result<String, PathError> {
    if !path.starts_with('/') {
        return Err(PathError::NoSlash);
    }
    let bytes = path.as_bytes();
    let whole =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if !bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'%').all(|(at, _)| whole(at)) {
        return Err(PathError::BadEscape);
    }
    let decoded = percent_decode_str(path).decode_utf8().map_err(|_| PathError::NotUtf8)?;
    if decoded.contains('\0') {
        return Err(PathError::Nul);
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_strictly() {
        assert_eq!(decode_path("/caf%C3%A9/a%2Fb").as_deref(), Ok("/café/a/b"));
        for (path, error) in [
            ("/%zz", PathError::BadEscape),
            ("/%", PathError::BadEscape),
            ("/%4", PathError::BadEscape),
            ("/%00", PathError::Nul),
            ("/%ff", PathError::NotUtf8),
            ("*", PathError::NoSlash),
        ] {
            assert_eq!(decode_path(path), Err(error), "{path}");
        }
    }

    #[test]
    fn what_leaves_is_escaped_as_django_does() {
        assert_eq!(escape_path("/a b/é;=?#%"), "/a%20b/%C3%A9%3B%3D%3F%23%25");
        assert_eq!(iri_to_uri("/I ♥ Django/?a=%20&b=\"#x"), "/I%20%E2%99%A5%20Django/?a=%20&b=%22#x");
        assert_eq!(escape_leading_slashes("//evil.test/".into()), "/%2Fevil.test/");
    }
}
