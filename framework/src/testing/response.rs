//! A response to the test client, with its whole body.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::Cookie;
use crate::{Error, Result, http::Body};

/// The application's response to a [`TestRequest`](super::TestRequest), with its whole body.
///
/// # Examples
///
/// ```
/// # async fn example(client: nuages::testing::Client) -> nuages::Result<()> {
/// let response = client.get("/api/articles/").await;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.header("content-type"), Some("application/json"));
/// let articles: Vec<nuages::Value> = response.json()?;
/// assert!(articles.is_empty(), "{}", response.text());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    cookies: Vec<Cookie>,
    pub(super) redirects: Vec<(String, StatusCode)>,
}

impl TestResponse {
    /// Reads a whole response. Keeps what arrived of a body that fails, as a browser does.
    pub(super) async fn read(response: http::Response<Body>) -> Self {
        let (parts, mut stream) = response.into_parts();
        let mut body = Vec::new();
        while let Some(frame) = stream.frame().await {
            match frame {
                Ok(frame) => body.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes)),
                Err(error) => {
                    tracing::error!(error = &*error, "the body of the response failed before its end");
                    break;
                }
            }
        }
        let cookies = Cookie::all(&parts.headers);
        let (status, headers, body) = (parts.status, parts.headers, body.into());
        Self { status, headers, body, cookies, redirects: Vec::new() }
    }

    /// Returns the status. It compares with numbers: `assert_eq!(response.status(), 200)`.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the first value of a header field as text; `None` if it is missing or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// Returns the body as text. Bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Parses the body as JSON.
    ///
    /// # Errors
    ///
    /// Fails if the body is not JSON or does not fit `T`; the error shows the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::from(error).context(format!("the body is {:?}", self.text())))
    }

    /// Returns the cookies that the response sets, in the order of its headers.
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Returns the cookie of this name, if the response sets one.
    pub fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.cookies.iter().find(|cookie| cookie.name == name)
    }

    /// Returns the redirects that led to this response: each `Location`, and the status it came with.
    pub fn redirects(&self) -> &[(String, StatusCode)] {
        &self.redirects
    }
}
