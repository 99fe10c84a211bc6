//! What a view answers, and what may stand for it.

use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::Body;
use crate::{Error, Result};

/// A response: status, header fields, body.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl Response {
    /// 200 with this body, as `text/html; charset=utf-8`.
    pub fn new(body: impl Into<Body>) -> Self {
        let mut headers = HeaderMap::new();
        let html = http::HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(http::header::CONTENT_TYPE, html);
        Self { status: StatusCode::OK, headers, body: body.into() }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The header fields, to change.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }
}

/// What a view may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    note = "a view returns `Response`, `String`, `&str`, `Json(..)` or a `Result` of one of these"
)]
pub trait IntoResponse {
    /// The response, or the error to answer with.
    fn into_response(self) -> Result<Response>;
}

impl IntoResponse for Response {
    fn into_response(self) -> Result<Response> {
        Ok(self)
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Result<Response> {
        Ok(Response::new(self))
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Result<Response> {
        Ok(Response::new(self))
    }
}

impl<T: IntoResponse, E: Into<Error>> IntoResponse for Result<T, E> {
    fn into_response(self) -> Result<Response> {
        self.map_err(Into::into)?.into_response()
    }
}

/// A value sent as JSON.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Result<Response> {
        let mut response = Response::new(serde_json::to_vec(&self.0)?);
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        Ok(response)
    }
}
