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
        // The service that said it was ready is the one to call; its clone may not be.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let exchange = self.exchange.clone();
        SessionFuture(Detached::new(async move { exchange.answer(ready, request).await }))
    }
}

/// The response of a [`SessionService`], while it is being made.
///
/// A request that has begun always finishes: if this future is dropped before its end, the rest of it
/// runs in a task of its own.
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
