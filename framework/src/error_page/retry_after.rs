//! `Retry-After` of a 503 (RFC 9110 section 10.2.3). Pages, the Tower layer and the server all send it.

use http::HeaderValue;

use crate::Error;

/// One second: the client may try again soon.
pub(crate) const RETRY_SOON: HeaderValue = HeaderValue::from_static("1");

/// The seconds after which the client may try again: those that the error names, at least one.
pub(crate) fn retry_after(error: &Error) -> HeaderValue {
    error.retry_after().map_or(RETRY_SOON, |wait| HeaderValue::from(wait.as_secs().max(1)))
}
