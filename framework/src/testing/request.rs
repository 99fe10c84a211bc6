//! One request of the test client, built step by step and sent by `.await`.

use std::{
    convert::Infallible,
    future::IntoFuture,
    net::{Ipv4Addr, SocketAddr},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
    header::{CONTENT_TYPE, COOKIE, HOST, LOCATION},
};
use serde::Serialize;
use tower_service::Service as _;

use super::{TestResponse, state::ClientState};
use crate::{
    BoxFuture,
    http::{Body, Secure, encoding::iri_to_uri},
    middleware::Unchecked,
};

/// The number of redirects that browsers follow.
const MAX_REDIRECTS: usize = 20;

/// Separates the parts of a form with files.
const BOUNDARY: &str = "----nuages-test-client-5f3a9c71";
/// The end of such a form.
const END: &str = "------nuages-test-client-5f3a9c71--\r\n";

/// A name as browsers write it into a part's head.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A part of a form: its name, the rest of its head, its content.
fn part(name: &str, rest: &str, content: &[u8]) -> Vec<u8> {
    let name = quoted(name);
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// A request that `.await` sends.
///
/// Sending never fails: an error or a panic of the application is a response with status 500.
///
/// # Panics
///
/// The methods panic when given values that no request can hold, such as a header name with a space.
///
/// # Examples
///
/// ```
/// # async fn example(client: nuages::testing::Client) -> nuages::Result<()> {
/// let response = client
///     .post("/articles/")
///     .header("Accept-Language", "fr")
///     .form(&[("title", "Nuages"), ("year", "1940")])
///     .follow_redirects(true)
///     .await;
/// assert_eq!(response.redirects()[0].0, "/articles/1940/nuages/");
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
#[must_use = "a request is sent by `.await`"]
pub struct TestRequest<'a> {
    client: &'a ClientState,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    follow: bool,
    secure: bool,
    host: String,
}

impl<'a> TestRequest<'a> {
    pub(super) fn new(client: &'a ClientState, method: Method, path: &str) -> Self {
        Self {
            client,
            method,
            target: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            follow: false,
            secure: client.secure,
            host: client.host.clone(),
        }
    }

    /// Sets a header field; it replaces all fields of that name.
    #[track_caller]
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let name = HeaderName::try_from(name).expect("the name of a header field");
        let value = HeaderValue::from_str(value.as_ref()).expect("the value of a header field");
        self.headers.insert(name, value);
        self
    }

    /// Appends values to the path's query: a struct, a map, or pairs.
    #[track_caller]
    pub fn query<T: Serialize + ?Sized>(mut self, values: &T) -> Self {
        let values = serde_html_form::to_string(values).expect("values that a query can hold");
        let sign = if self.target.contains('?') { '&' } else { '?' };
        self.target = format!("{}{sign}{values}", self.target);
        self
    }

    /// Sends a form, encoded as a browser encodes it: a struct, a map, or pairs.
    #[track_caller]
    pub fn form<T: Serialize + ?Sized>(self, values: &T) -> Self {
        let values = serde_html_form::to_string(values).expect("values that a form can hold");
        self.content("application/x-www-form-urlencoded", values)
    }

    /// Sends a value as JSON.
    #[track_caller]
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let text = serde_json::to_vec(value).expect("a value that JSON can hold");
        self.content("application/json", text)
    }

    /// Adds a file to the form, which is then sent as `multipart/form-data`, with the fields that
    /// [`TestRequest::form`] gave it before.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn example(client: nuages::testing::Client) {
    /// let form = client.post("/photos/").form(&[("title", "Clouds")]);
    /// form.upload("photo", "clouds.png", "image/png", b"\x89PNG").await.text();
    /// # }
    /// ```
    #[track_caller]
    pub fn upload(
        mut self,
        name: &str,
        file_name: &str,
        content_type: &str,
        content: impl AsRef<[u8]>,
    ) -> Self {
        let mut body = Vec::new();
        match self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) {
            Some(b"application/x-www-form-urlencoded") => {
                let fields: Vec<(String, String)> =
                    serde_html_form::from_bytes(&self.body).expect("the fields of the form");
                for (name, value) in fields {
                    body.extend(part(&name, "", value.as_bytes()));
                }
            }
            Some(kind) if kind.starts_with(b"multipart/form-data") => {
                body.extend_from_slice(self.body.strip_suffix(END.as_bytes()).expect("our own end"));
            }
            _ => {}
        }
        let rest = format!("; filename=\"{}\"\r\nContent-Type: {content_type}", quoted(file_name));
        body.extend(part(name, &rest, content.as_ref()));
        body.extend_from_slice(END.as_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self = self.header(CONTENT_TYPE.as_str(), kind);
        self.body(body)
    }

    /// Sends these bytes. Set `Content-Type` with [`TestRequest::header`].
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets whether redirects are followed, up to 20 as in browsers. Default: false.
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    fn content(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body(body)
    }

    async fn send(mut self) -> TestResponse {
        let mut redirects = Vec::new();
        loop {
            let mut response = self.exchange().await;
            let next = self.follow.then(|| self.redirected(&response)).flatten();
            let Some(url) = next else {
                response.redirects = redirects;
                return response;
            };
            redirects.push((url, response.status()));
            assert!(redirects.len() <= MAX_REDIRECTS, "more than {MAX_REDIRECTS} redirects: {redirects:?}");
        }
    }

    /// Sends the request once.
    async fn exchange(&self) -> TestResponse {
        let client = self.client;
        let uri: Uri = iri_to_uri(&self.target).parse().expect("a path that begins with a slash");
        let path = uri.path().to_owned();
        let mut request = http::Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        let headers = request.headers_mut();
        let host = HeaderValue::from_str(&self.host).expect("a host name");
        headers.entry(HOST).or_insert(host);
        let cookies = client.jar().header(&path, self.secure, client.clock().now());
        if let Some(cookies) = cookies.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.entry(COOKIE).or_insert(cookies);
        }
        if !self.body.is_empty() {
            headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        let extensions = request.extensions_mut();
        extensions.insert(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        if self.secure {
            extensions.insert(Secure);
        }
        if !client.enforce_csrf {
            extensions.insert(Unchecked);
        }
        // An `App` is always ready.
        let answered = client.app.clone().call(request).await;
        let response = answered.unwrap_or_else(|never: Infallible| match never {});
        let response = TestResponse::read(response).await;
        client.keep(response.cookies(), &path);
        response
    }

    /// If the response redirects, turns this request into the next one and returns its URL.
    fn redirected(&mut self, response: &TestResponse) -> Option<String> {
        let keeps_method = match response.status() {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            _ => return None,
        };
        let location = response.header(LOCATION.as_str())?.to_owned();
        let (mut rest, scheme) = match location.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (rest, Some(scheme)),
            _ => match location.strip_prefix("//") {
                Some(rest) => (rest, Some(if self.secure { "https" } else { "http" })),
                None => (location.as_str(), None),
            },
        };
        if let Some(scheme) = scheme {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            self.secure = scheme == "https";
            self.headers.remove(HOST);
            self.host = rest[..end].to_owned();
            rest = &rest[end..];
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let path = self.target.split('?').next().unwrap_or_default().to_owned();
        self.target = match rest.as_bytes().first() {
            Some(b'/') => rest.to_owned(),
            Some(b'?') | None if scheme.is_some() => format!("/{rest}"),
            Some(b'?') => format!("{path}{rest}"),
            None => self.target.clone(),
            Some(_) => format!("{}{rest}", &path[..=path.rfind('/').unwrap_or(0)]),
        };
        self.target = without_dots(&self.target);
        if !keeps_method {
            if self.method != Method::HEAD {
                self.method = Method::GET;
            }
            self.body = Bytes::new();
            self.headers.remove(CONTENT_TYPE);
        }
        Some(location)
    }
}

impl<'a> IntoFuture for TestRequest<'a> {
    type Output = TestResponse;
    type IntoFuture = BoxFuture<'a, TestResponse>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Removes `.` and `..` from the path, as browsers do (RFC 3986 section 5.2.4).
fn without_dots(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
        if matches!(segment, "." | "..") && segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_removed_as_browsers_do() {
        for (target, expected) in [
            ("/a/b/../../c/?d=..", "/c/?d=.."),
            ("/a/./b", "/a/b"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/../../a", "/a"),
            ("/", "/"),
            ("/a//b/", "/a//b/"),
        ] {
            assert_eq!(without_dots(target), expected, "{target}");
        }
    }
}
