//! The response to an error outside an application, where no error pages exist: a bare status.
//!
//! The session layer and axum handlers answer with it.

use http::{StatusCode, header::RETRY_AFTER};

use crate::{Error, error_page::retry_after};

/// Makes a response with the error's status, `Retry-After` for a 503, and no body.
pub(super) fn refusal<R: Default>(error: &Error) -> http::Response<R> {
    let mut response = http::Response::new(R::default());
    *response.status_mut() = error.status();
    if error.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, retry_after(error));
    }
    response
}
