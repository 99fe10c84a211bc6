//! The service that a layer makes of another one: each request runs inside its session.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use tower_service::Service;

use super::exchange::SessionExchange;
use crate::future::Detached;

/// A service wrapped in a [`SessionLayer`](super::SessionLayer).
///
/// # Examples
///
/// ```
/// use nuages::{http::Body, settings::Settings, tower::{SessionHandle, SessionLayer}};
/// use tower::{Layer as _, Service as _};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"
/// #     DEBUG = true
/// #     SESSION_ENGINE = \"signed_cookies\"";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// let handler = tower::service_fn(async |request: http::Request<Body>| {
///     let session = request.extensions().get::<SessionHandle>().expect("the layer adds it");
///     session.insert("seen", true).expect("a value that fits");
///     Ok::<_, std::io::Error>(http::Response::new(Body::default()))
/// });
/// let mut service = SessionLayer::from_settings(&settings)?.layer(handler);
/// let response = service.call(http::Request::new(Body::default())).await?;
/// assert!(response.headers().contains_key("set-cookie"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SessionService<S> {
    pub(super) exchange: SessionExchange,
    pub(super) inner: S,
}

impl<S, B, R> Service<http::Request<B>> for SessionService<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = http::Response<R>;
    type Error = S::Error;
    type Future = SessionFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // `poll_ready` made this service ready, not its clone: call this one and keep the clone.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let exchange = self.exchange.clone();
        SessionFuture(Detached::new(async move { exchange.answer(ready, request).await }))
    }
}

/// The future of a [`SessionService`]'s response.
///
/// A request that has begun always finishes: if this future is dropped before its end, the rest of it
/// runs in a task of its own.
///
/// # Examples
///
/// ```
/// use nuages::{http::Body, settings::Settings, tower::{SessionFuture, SessionLayer}};
/// use tower::{Layer as _, Service as _};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"
/// #     DEBUG = true
/// #     SESSION_ENGINE = \"signed_cookies\"";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// let handler = tower::service_fn(async |_: http::Request<Body>| {
///     Ok::<_, std::io::Error>(http::Response::new(Body::default()))
/// });
/// let mut service = SessionLayer::from_settings(&settings)?.layer(handler);
/// let future: SessionFuture<Body, std::io::Error> = service.call(http::Request::new(Body::default()));
/// assert_eq!(future.await?.status(), 200);
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless they are polled"]
pub struct SessionFuture<R: Send + 'static, E: Send + 'static>(Detached<Result<http::Response<R>, E>>);

impl<R: Send + 'static, E: Send + 'static> Future for SessionFuture<R, E> {
    type Output = Result<http::Response<R>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<R: Send + 'static, E: Send + 'static> fmt::Debug for SessionFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionFuture")
    }
}
