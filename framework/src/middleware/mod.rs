//! The onion: each middleware wraps the next, the view is the heart.
//!
//! Requests enter at the first of the list and leave through it; [`Next::run`] is the way inward.

mod session;

use std::{future::Future, sync::Arc};

use crate::{
    Result,
    http::{Request, Response},
    view::{BoxFuture, View},
};

pub(crate) use session::SessionMiddleware;

/// What wraps views. Plain `async fn(&mut Request, Next<'_>) -> Result<Response>` is one too.
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
    pub async fn run(self, request: &mut Request) -> Result<Response> {
        match self.chain.split_first() {
            Some((outer, rest)) => outer.call(request, Next { chain: rest, view: self.view }).await,
            None => self.view.call(request).await,
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
