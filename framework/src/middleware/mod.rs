//! The onion: each middleware wraps the next, the view is the heart.
//!
//! Requests enter at the first of the list and leave through it; [`Next::run`] is the way inward. What
//! comes back from there is always a response: an error or a panic further in has become a page by
//! then, so that every layer can still do its work on the way out.

mod authentication;
mod clickjacking;
mod common;
mod csrf;
mod panic;
mod respond;
mod security;
mod session;

use std::{future::Future, sync::Arc};

use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    view::View,
};

pub use authentication::AuthenticationMiddleware;
pub use clickjacking::XFrameOptionsMiddleware;
pub use common::{AppendSlashError, CommonMiddleware};
#[cfg(feature = "testing")]
pub(crate) use csrf::Unchecked;
pub use csrf::{CsrfMiddleware, CsrfRejected};
pub use panic::Panicked;
pub(crate) use panic::caught;
pub(crate) use respond::{bare, respond};
pub use security::SecurityMiddleware;
#[cfg(feature = "tower")]
pub(crate) use session::SessionCarrier;
pub(crate) use session::SessionMiddleware;

/// What wraps views. Plain `async fn(&mut Request, Next<'_>) -> Result<Response>` is one too.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
/// use std::time::Instant;
///
/// async fn timing(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     let start = Instant::now();
///     let mut response = next.run(request).await?;
///     response.set_header("Server-Timing", format!("app;dur={}", start.elapsed().as_millis()));
///     Ok(response)
/// }
/// ```
pub trait Middleware: Send + Sync + 'static {
    /// Answers the request, usually through `next.run(request)`.
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>>;
}

/// The rest of the onion, seen from one middleware.
pub struct Next<'a> {
    chain: &'a [Arc<dyn Middleware>],
    view: &'a dyn View,
}

impl<'a> Next<'a> {
    pub(crate) fn new(chain: &'a [Arc<dyn Middleware>], view: &'a dyn View) -> Self {
        Self { chain, view }
    }

    /// Runs the rest of the onion.
    ///
    /// # Errors
    ///
    /// None: an error or a panic of an inner middleware or of the view is answered with its page, and
    /// the response keeps it ([`Response::error`]). The `Result` lets a middleware end in
    /// `next.run(request).await`.
    pub async fn run(self, request: &mut Request) -> Result<Response> {
        let inner = match self.chain.split_first() {
            Some((outer, rest)) => outer.call(request, Next { chain: rest, view: self.view }),
            None => self.view.call(request),
        };
        match caught(inner).await.and_then(Response::sendable) {
            Ok(response) => Ok(response),
            Err(error) => Ok(respond(request, error)),
        }
    }
}

/// An `async fn` middleware; implemented for functions, never by hand.
pub trait MiddlewareFn<'a>: Send + Sync {
    /// The future.
    type Fut: Future<Output = Result<Response>> + Send + 'a;
    /// Calls it.
    fn call(&self, request: &'a mut Request, next: Next<'a>) -> Self::Fut;
}

impl<'a, F, Fut> MiddlewareFn<'a> for F
where
    F: Fn(&'a mut Request, Next<'a>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Response>> + Send + 'a,
{
    type Fut = Fut;
    fn call(&self, request: &'a mut Request, next: Next<'a>) -> Fut {
        self(request, next)
    }
}

struct FnMiddleware<F>(F);

impl<F> Middleware for FnMiddleware<F>
where
    F: for<'a> MiddlewareFn<'a> + 'static,
{
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(self.0.call(request, next))
    }
}

/// A function or a type that is a middleware.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    note = "a middleware is `async fn(&mut Request, Next<'_>) -> Result<Response>`, or a type that implements `Middleware`"
)]
pub trait IntoMiddleware<Via> {
    /// The middleware.
    fn into_middleware(self) -> Arc<dyn Middleware>;
}

/// Marker: a function.
pub struct ViaFn;
/// Marker: a type.
pub struct ViaSelf;

impl<F> IntoMiddleware<ViaFn> for F
where
    F: for<'a> MiddlewareFn<'a> + 'static,
{
    fn into_middleware(self) -> Arc<dyn Middleware> {
        Arc::new(FnMiddleware(self))
    }
}

impl<M: Middleware> IntoMiddleware<ViaSelf> for M {
    fn into_middleware(self) -> Arc<dyn Middleware> {
        Arc::new(self)
    }
}
