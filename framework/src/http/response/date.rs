//! Dates as HTTP writes them (RFC 9110 section 5.6.7).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Formats a time for HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// # Examples
///
/// ```
/// use nuages::http::{http_date, parse_http_date};
/// use std::time::UNIX_EPOCH;
///
/// assert_eq!(http_date(UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
/// assert_eq!(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(UNIX_EPOCH));
/// ```
pub fn http_date(moment: SystemTime) -> String {
    // The format has years 1970 to 9999 only; other times become the nearest of them.
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(moment.clamp(UNIX_EPOCH, last))
}

/// Parses a date in one of HTTP's three formats; `None` for other text.
pub fn parse_http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}
