//! The response of a view: status, header fields, body.
//!
//! Setting a header needs no `?`: a response keeps the error of a header that cannot be sent (with CR, LF or
//! NUL in it), and the middleware chain answers with a 500 in its place.

mod caching;
mod conditional;
mod cookies;
mod date;
mod into_response;
mod redirect;
mod set_cookie;

use std::{fmt, sync::Arc};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

pub use conditional::Validators;
pub use date::{http_date, parse_http_date};
pub use into_response::{Html, IntoResponse, Json};
pub use redirect::DisallowedRedirect;
pub use set_cookie::{CookieError, SetCookie};

use super::Body;
use crate::{Error, Result};

/// A response: status, header fields, body.
///
/// # Examples
///
/// ```
/// use nuages::{StatusCode, http::Response};
///
/// let mut response = Response::text("gone fishing").with_status(StatusCode::GONE);
/// response.set_header("X-Lure", "worm");
/// assert_eq!(response.status(), StatusCode::GONE);
/// ```
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
    extensions: Extensions,
    refused: Option<Error>,
    error: Option<Arc<Error>>,
}

impl Response {
    /// A 200 with this body, as `text/plain; charset=utf-8`. Unlike Django's `HttpResponse` it is not HTML:
    /// a response is HTML only if [`Response::html`], [`Html`] or a template makes it.
    pub fn new(body: impl Into<Body>) -> Self {
        Self::of_type("text/plain; charset=utf-8", body)
    }

    /// A 200 with this body, as `text/html; charset=utf-8`.
    ///
    /// Text of a visitor must be escaped: templates do it, and so does [`escape`](crate::templates::escape).
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{prelude::*, templates::escape};
    ///
    /// fn hello(_: &mut Request, name: String) -> Response {
    ///     Response::html(format!("<h1>Hello, {}!</h1>", escape(&name)))
    /// }
    /// ```
    pub fn html(body: impl Into<Body>) -> Self {
        Self::of_type("text/html; charset=utf-8", body)
    }

    /// A 200 with this text, as `text/plain; charset=utf-8`: another name of [`Response::new`].
    pub fn text(body: impl Into<Body>) -> Self {
        Self::new(body)
    }

    fn of_type(media_type: &'static str, body: impl Into<Body>) -> Self {
        let mut response = Self::empty(StatusCode::OK);
        response.body = body.into();
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response
    }

    /// A 200 with this value as JSON.
    ///
    /// # Errors
    ///
    /// If the value cannot be JSON, such as a map whose keys are not text.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        Ok(Self::of_type("application/json", serde_json::to_vec(value)?))
    }

    /// A response without a body and without header fields.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Body::default(),
            extensions: Extensions::new(),
            refused: None,
            error: None,
        }
    }

    /// A 405 that names the allowed methods (RFC 9110 section 15.5.6).
    pub fn method_not_allowed<S: AsRef<str>>(allowed: &[S]) -> Self {
        let mut response = Self::empty(StatusCode::METHOD_NOT_ALLOWED);
        response.set_header("Allow", join(allowed));
        response
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Sets the status.
    pub fn set_status(&mut self, status: StatusCode) -> &mut Self {
        self.status = status;
        self
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The header fields, mutable.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The first value of a header field as text; `None` if the field is missing or not ASCII text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Sets a header field and removes others of the same name.
    ///
    /// A name that is not a token, or a value with CR, LF or NUL, turns the whole response into a 500.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn export(_: &mut Request) -> Response {
    ///     let mut response = Response::text("id,name");
    ///     response.set_header("Content-Disposition", "attachment; filename=\"names.csv\"");
    ///     response
    /// }
    /// ```
    pub fn set_header(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        match (HeaderName::try_from(name), HeaderValue::from_str(value.as_ref())) {
            (Ok(known), Ok(value)) => {
                self.headers.insert(known, value);
            }
            _ => self.refuse(HeaderError { name: name.to_owned() }),
        }
        self
    }

    /// Sets a header field; see [`Response::set_header`].
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.set_header(name, value);
        self
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Replaces the body.
    pub fn set_body(&mut self, body: impl Into<Body>) -> &mut Self {
        self.body = body.into();
        self
    }

    /// Takes the body out of the response.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Values by type that travel with the response, for middleware.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The extensions, mutable.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// The error that this response answers, if a view or a middleware failed.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_deref()
    }

    pub(crate) fn set_error(&mut self, error: Arc<Error>) {
        self.error = Some(error);
    }

    /// Marks the response as one that cannot be sent. The first reason is kept.
    pub(crate) fn refuse(&mut self, error: impl Into<Error>) {
        self.refused.get_or_insert(error.into());
    }

    /// Returns the response, or the reason why it cannot be sent.
    pub(crate) fn sendable(mut self) -> Result<Self> {
        match self.refused.take() {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    pub(crate) fn from_parts(parts: http::response::Parts, body: Body) -> Self {
        let mut response = Self::empty(parts.status);
        response.headers = parts.headers;
        response.extensions = parts.extensions;
        response.body = body;
        response
    }
}

impl From<Response> for http::Response<Body> {
    fn from(response: Response) -> Self {
        let mut sent = Self::new(response.body);
        *sent.status_mut() = response.status;
        *sent.headers_mut() = response.headers;
        *sent.extensions_mut() = response.extensions;
        sent
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// A header field that cannot be sent. The response is a 500 instead.
///
/// # Examples
///
/// A middleware sees it as the error of the response:
///
/// ```
/// use nuages::{http::HeaderError, prelude::*};
///
/// async fn watch(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     let response = next.run(request).await?;
///     if let Some(error) = response.error().and_then(|error| error.downcast_ref::<HeaderError>()) {
///         eprintln!("{}: {error}", request.path());
///     }
///     Ok(response)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {name:?} cannot be sent: its name is not a token, or its value contains CR, LF or NUL")]
pub struct HeaderError {
    name: String,
}

/// Joins words to a list such as `GET, HEAD, POST`.
pub(crate) fn join<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
