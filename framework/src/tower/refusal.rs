//! The response to an error, for services that have no pages of ours: a bare status.

use http::{StatusCode, header::RETRY_AFTER};

use crate::{Error, error_page::retry_after};

/// The error's status, with `Retry-After` where it is a 503; no body.
pub(super) fn refusal<R: Default>(error: &Error) -> http::Response<R> {
    let mut response = http::Response::new(R::default());
    *response.status_mut() = error.status();
    if error.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, retry_after(error));
    }
    response
}
