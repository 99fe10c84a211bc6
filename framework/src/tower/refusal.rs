//! The response to an error outside an application, where no error pages exist: a bare status.
//!
//! The session layer and axum handlers answer with it.

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::Error;

/// Makes a response with the error's status, `Retry-After` for a 503, and no body.
pub(super) fn refusal<R: Default>(error: &Error) -> http::Response<R> {
    let mut response = http::Response::new(R::default());
    *response.status_mut() = error.status();
    if error.status() == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = error.retry_after().map_or(1, |wait| wait.as_secs().max(1));
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
