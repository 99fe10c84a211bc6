//! The future that a call to an application returns.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{future::Detached, http::Body};

/// The response of an [`App`](crate::App), while it is being made.
///
/// A request that has begun always finishes: if this future is dropped before its end, the rest of it
/// runs in a task of its own.
///
/// # Examples
///
/// ```
/// use nuages::{App, http::Body, prelude::*, settings::Settings, urls::path};
/// use tower_service::Service as _;
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"
/// #     DEBUG = true
/// #     SESSION_ENGINE = \"signed_cookies\"";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// let mut app = App::new(settings).urls(vec![path("", index)]);
/// let request = http::Request::get("http://localhost/").body(Body::default())?;
/// let future: nuages::ResponseFuture = app.call(request);
/// assert_eq!(future.await?.status(), StatusCode::OK);
/// # Ok(()) }
/// ```
#[must_use = "a response is made only while its future is polled"]
pub struct ResponseFuture(Detached<http::Response<Body>>);

impl ResponseFuture {
    pub(super) fn new(answer: impl Future<Output = http::Response<Body>> + Send + 'static) -> Self {
        Self(Detached::new(answer))
    }
}

impl Future for ResponseFuture {
    type Output = Result<http::Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}
