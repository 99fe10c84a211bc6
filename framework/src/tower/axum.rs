//! Lets axum handlers take the session as an argument and return our error.
//!
//! Depends only on axum-core, so that the application chooses the version of axum.

use axum_core::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE, request::Parts};

use super::{SessionHandle, refusal::refusal};
use crate::Error;

/// A handler takes a [`SessionHandle`], but no [`SessionLayer`](super::SessionLayer) wraps its router.
///
/// # Examples
///
/// ```
/// use nuages::tower::{MissingSession, SessionHandle};
/// use axum_core::extract::FromRequestParts as _;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (mut parts, ()) = http::Request::new(()).into_parts();
/// let missing: MissingSession = SessionHandle::from_request_parts(&mut parts, &()).await.unwrap_err();
/// assert!(missing.to_string().contains(".layer(nuages::tower::SessionLayer)"));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a handler takes a SessionHandle, but its request has no session: wrap its router in \
     `.layer(nuages::tower::SessionLayer)`, added after the route, or mount it with `nuages::App::mount`"
)]
#[non_exhaustive]
pub struct MissingSession;

impl IntoResponse for MissingSession {
    /// A 500 that says what is missing. It is a mistake in the program, which its first request reveals.
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

/// Lets handlers return `nuages::Result` and use `?` on session calls.
impl IntoResponse for Error {
    /// The bare status, with `Retry-After` for a 503; only the log says what happened.
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
    async fn a_handler_without_a_layer_names_the_missing_one() {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let missing = SessionHandle::from_request_parts(&mut parts, &()).await.expect_err("no session");
        assert!(missing.to_string().contains("SessionLayer"));
        assert_eq!(missing.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
        parts.extensions.insert(SessionHandle::default());
        assert!(SessionHandle::from_request_parts(&mut parts, &()).await.is_ok());
    }

    #[test]
    fn an_unavailable_store_in_a_handler_is_a_503_with_retry_after() {
        let response = Error::from(Unavailable::new("the store", None)).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[http::header::RETRY_AFTER], "1");
    }
}
