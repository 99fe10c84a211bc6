//! The response to an error, for services that have no pages of ours: a bare status.

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::Error;

/// The error's status, with `Retry-After` where it is a 503; no body.
pub(super) fn refusal<R: Default>(error: &Error) -> http::Response<R> {
    let mut response = http::Response::new(R::default());
    *response.status_mut() = error.status();
    if error.status() == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = error.retry_after().map_or(1, |wait| wait.as_secs().max(1));
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
