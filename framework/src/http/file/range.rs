//! The part of a file that a request asks for: one range of bytes (RFC 9110 section 14).
//!
//! Several ranges and malformed ones are ignored, as the RFC allows: the whole file is sent.

use http::{HeaderMap, header};

use crate::http::{Validators, parse_http_date};

/// The bytes to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    Whole,
    /// The bytes from `from` to `to`, both included.
    Part {
        from: u64,
        to: u64,
    },
    /// The range lies outside the file.
    Outside,
}

pub(super) fn requested(headers: &HeaderMap, validators: &Validators, length: u64) -> Range {
    match text(headers, header::RANGE) {
        Some(range) if is_current(headers, validators) => parse(range, length),
        _ => Range::Whole,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether the client has a part of the current version of the file (`If-Range`, RFC 9110 section
/// 13.1.5).
fn is_current(headers: &HeaderMap, validators: &Validators) -> bool {
    let Some(wanted) = text(headers, header::IF_RANGE) else { return true };
    if wanted.starts_with('"') || wanted.starts_with("W/") {
        return validators.etag.as_deref() == Some(wanted);
    }
    let seconds = |moment| crate::clock::unix(moment);
    parse_http_date(wanted).map(seconds) == validators.last_modified.map(seconds)
}

fn parse(range: &str, length: u64) -> Range {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
    else {
        return Range::Whole;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (Some(from), Some(to)) if from > to => Range::Whole,
        (Some(from), to) if to.is_some() || last.is_empty() => {
            if from >= length {
                return Range::Outside;
            }
            Range::Part { from, to: to.unwrap_or(u64::MAX).min(length - 1) }
        }
        (None, Some(count)) if first.is_empty() => {
            if count == 0 || length == 0 {
                return Range::Outside;
            }
            Range::Part { from: length.saturating_sub(count), to: length - 1 }
        }
        _ => Range::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        let part = |from, to| Range::Part { from, to };
        for (range, expected) in [
            ("bytes=0-9", part(0, 9)),
            ("bytes=90-", part(90, 99)),
            ("bytes=-10", part(90, 99)),
            ("bytes=-1000", part(0, 99)),
            ("bytes=50-1000", part(50, 99)),
            ("bytes=99-99999999999999999999999", part(99, 99)),
            ("bytes=100-", Range::Outside),
            ("bytes=-0", Range::Outside),
            ("bytes=9-0", Range::Whole),
            ("bytes=-", Range::Whole),
            ("bytes=0-1,5-6", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("lines=1-2", Range::Whole),
        ] {
            assert_eq!(parse(range, 100), expected, "{range}");
        }
        assert_eq!(parse("bytes=-5", 0), Range::Outside);
    }
}
