//! What axum handlers use: the session as an argument, our error as an answer.
//!
//! On axum-core alone, so that axum itself is the application's choice.

use axum_core::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE, request::Parts};

use super::{SessionHandle, refusal::refusal};
use crate::Error;

/// A handler asks for a session where none is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a handler takes a SessionHandle, and no session is carried to it: wrap its router in \
     `.layer(nuages::tower::SessionLayer)`, added after the route, or mount it with `nuages::App::mount`"
)]
#[non_exhaustive]
pub struct MissingSession;

impl IntoResponse for MissingSession {
    /// A 500 that says what is missing: a mistake of the program's, which its first request shows.
    fn into_response(self) -> Response {
        tracing::error!(target: "nuages.sessions", "{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{self}\n")).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for SessionHandle {
    type Rejection = MissingSession;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, MissingSession> {
        parts.extensions.get::<Self>().cloned().ok_or(MissingSession)
    }
}

/// So that handlers can return `nuages::Result` and use `?` on what sessions answer.
impl IntoResponse for Error {
    /// The bare status, and `Retry-After` with a 503; what happened goes to the log only.
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(target: "nuages.request", error = ?self, "the handler failed");
        }
        let mut response = refusal::<Body>(&self);
        *response.body_mut() = Body::from(format!("{status}\n"));
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unavailable;

    #[tokio::test]
    async fn a_handler_below_no_layer_is_told_which_one_is_missing() {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let missing = SessionHandle::from_request_parts(&mut parts, &()).await.expect_err("no session");
        assert!(missing.to_string().contains("SessionLayer"));
        assert_eq!(missing.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
        parts.extensions.insert(SessionHandle::default());
        assert!(SessionHandle::from_request_parts(&mut parts, &()).await.is_ok());
    }

    #[test]
    fn an_unavailable_store_in_a_handler_is_a_503_to_try_again() {
        let response = Error::from(Unavailable::new("the store", None)).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[http::header::RETRY_AFTER], "1");
    }
}
