//! Builds a URL from a route's name and its values, as Django's `reverse()` does.
//!
//! `Resolver::reverse` calls it, and through that `request.reverse` and the templates' `url()`. The
//! request plays no part: the same name and values always give the same URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{endpoint::Endpoint, error::NoReverseMatch, names::Names, pattern::Piece};
use crate::http::UrlValues;

/// Escapes everything but RFC 3986's `pchar` and `/`, as Django's
/// `quote(url, safe=RFC3986_SUBDELIMS + "/~:@")` does.
const NOT_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'/')
    .remove(b':')
    .remove(b'@');

/// Returns the URL of the last route that has the name and takes the values.
///
/// # Errors
///
/// Returns [`NoReverseMatch`] if no route has the name, or none of them takes the values.
pub(super) fn reverse(
    names: &Names,
    endpoints: &[Endpoint],
    name: &str,
    values: UrlValues,
) -> Result<String, NoReverseMatch> {
    let mut tried = Vec::new();
    for &position in names.find(name)?.iter().rev() {
        let endpoint = &endpoints[position];
        match fill(endpoint, &values) {
            Ok(path) => return Ok(encode(&path)),
            Err(reason) => tried.push(format!("{} ({reason})", endpoint.pattern)),
        }
    }
    Err(NoReverseMatch::NoFit { name: name.to_owned(), values, tried })
}

/// Puts the values in the place of a pattern's captures, or returns the reason why they do not fit.
fn fill(endpoint: &Endpoint, values: &UrlValues) -> Result<String, String> {
    let wanted = &endpoint.params;
    let ordered: Vec<&str> = match values {
        UrlValues::Positional(values) if values.len() == wanted.len() => {
            values.iter().map(String::as_str).collect()
        }
        UrlValues::Positional(values) => {
            return Err(format!("it takes {}, not {}", count(wanted.len()), values.len()));
        }
        UrlValues::Keyword(pairs) => {
            if let Some((name, _)) = pairs.iter().find(|(name, _)| !wanted.iter().any(|w| **w == **name)) {
                return Err(format!("it takes no {name}"));
            }
            let value = |name: &str| pairs.iter().rev().find(|(known, _)| known == name).map(|(_, v)| &**v);
            wanted
                .iter()
                .map(|name| value(name).ok_or_else(|| format!("{name} is missing")))
                .collect::<Result<_, _>>()?
        }
    };
    let mut path = String::from("/");
    let mut values = ordered.into_iter();
    for piece in &endpoint.pieces {
        match piece {
            Piece::Literal(text) => path.push_str(text),
            Piece::Capture(capture) => {
                let value = values.next().unwrap_or_default();
                if !capture.converter.accepts(value) {
                    let (name, converter) = (&capture.name, capture.converter.name());
                    return Err(format!("the converter {converter} does not accept {name} = {value:?}"));
                }
                path.push_str(value);
            }
            Piece::Rest => path.push_str(values.next().unwrap_or_default()),
            Piece::Cut => {}
        }
    }
    Ok(path)
}

fn count(values: usize) -> String {
    match values {
        0 => "no values".to_owned(),
        1 => "1 value".to_owned(),
        more => format!("{more} values"),
    }
}

/// Percent-encodes a path. Also escapes a second leading slash: browsers read `//example.com` as a host.
fn encode(path: &str) -> String {
    let encoded = utf8_percent_encode(path, NOT_IN_PATH).to_string();
    match encoded.strip_prefix("//") {
        Some(rest) => format!("/%2F{rest}"),
        None => encoded,
    }
}
