//! A response as the test client got it, read to its end.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::Cookie;
use crate::{Error, Result, http::Body};

/// What the application answered.
#[derive(Debug)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    cookies: Vec<Cookie>,
    pub(super) redirects: Vec<(String, StatusCode)>,
}

impl TestResponse {
    /// Reads a response to its end; what came before a body broke off is kept, as a browser would.
    pub(super) async fn read(response: http::Response<Body>) -> Self {
        let (parts, mut stream) = response.into_parts();
        let mut body = Vec::new();
        while let Some(frame) = stream.frame().await {
            match frame {
                Ok(frame) => body.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes)),
                Err(error) => {
                    tracing::error!(error = &*error, "the body of the response broke off");
                    break;
                }
            }
        }
        let cookies = Cookie::all(&parts.headers);
        let (status, headers, body) = (parts.status, parts.headers, body.into());
        Self { status, headers, body, cookies, redirects: Vec::new() }
    }

    /// The status. It compares with numbers: `assert_eq!(response.status(), 200)`.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first value of a header field as text; `None` where there is none or it is no ASCII text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body read as JSON.
    ///
    /// # Errors
    ///
    /// Where it is not JSON, or not of type `T`; the error shows the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::from(error).context(format!("the body is {:?}", self.text())))
    }

    /// The cookies that the response sets, in its order.
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// The cookie of this name that the response sets.
    pub fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.cookies.iter().find(|cookie| cookie.name == name)
    }

    /// The redirects that were followed to get here: each `Location`, and the status that came with it.
    pub fn redirects(&self) -> &[(String, StatusCode)] {
        &self.redirects
    }
}
