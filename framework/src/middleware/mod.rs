//! The middleware chain: each middleware wraps the next one, and the last one wraps the view.
//!
//! A request passes the chain from the first middleware to the view, and the response passes it back.
//! [`Next::run`] runs the rest of the chain and always returns a response: an error or a panic in a later
//! middleware or in the view has become an error page, so that every middleware can do its work on the
//! response.

mod built_in;
mod clickjacking;
mod common;
mod conditional;
mod csp;
mod csrf;
mod panic;
mod security;
mod session;
mod wrapped;

use std::{future::Future, sync::Arc};

use crate::{
    BoxFuture, Error, Result, StatusCode,
    error_page::respond,
    http::{FileResponse, Request, Response, with_file},
    view::{ViaSelf, View},
};

pub use built_in::BuiltIn;
pub use clickjacking::XFrameOptionsMiddleware;
pub use common::{AppendSlashError, CommonMiddleware};
pub use conditional::ConditionalGetMiddleware;
pub use csp::ContentSecurityPolicyMiddleware;
#[cfg(feature = "testing")]
pub(crate) use csrf::Unchecked;
pub use csrf::{CsrfMiddleware, CsrfRejected};
pub use panic::Panicked;
pub(crate) use panic::caught;
pub use security::SecurityMiddleware;
#[cfg(feature = "tower")]
pub(crate) use session::SessionCarrier;
pub(crate) use session::SessionMiddleware;
pub(crate) use wrapped::Wrapped;

/// Wraps the views of an application. [`App::middleware`](crate::App::middleware) adds one.
///
/// An `async fn(&mut Request, Next<'_>) -> Result<Response>` is a middleware too, and the shortest one.
///
/// # Examples
///
/// A function:
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
///
/// A type with data of its own:
///
/// ```
/// use nuages::{BoxFuture, middleware::Middleware, prelude::*};
///
/// struct RequireHeader(&'static str);
///
/// impl Middleware for RequireHeader {
///     fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
///         Box::pin(async move {
///             if request.header(self.0).is_none() {
///                 return Err(Error::forbidden(format!("the header {} is missing", self.0)));
///             }
///             next.run(request).await
///         })
///     }
/// }
/// ```
pub trait Middleware: Send + Sync + 'static {
    /// Answers the request, usually with the response of `next.run(request)`.
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>>;
}

/// The rest of the middleware chain after one middleware, with the view at its end.
///
/// # Examples
///
/// A middleware that does not call [`run`](Next::run) answers in place of the view:
///
/// ```
/// use nuages::prelude::*;
///
/// async fn teapot(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     if request.path() == "/coffee/" {
///         return Ok(Response::text("no coffee here").with_status(StatusCode::IM_A_TEAPOT));
///     }
///     next.run(request).await
/// }
/// ```
pub struct Next<'a> {
    chain: &'a [Arc<dyn Middleware>],
    view: &'a dyn View,
}

impl<'a> Next<'a> {
    pub(crate) fn new(chain: &'a [Arc<dyn Middleware>], view: &'a dyn View) -> Self {
        Self { chain, view }
    }

    /// Runs the rest of the chain and returns its response.
    ///
    /// # Errors
    ///
    /// None. An error or a panic of a later middleware or of the view becomes its error page, and the
    /// response keeps the error ([`Response::error`]). The return type is a `Result` so that a middleware
    /// can end with `next.run(request).await`.
    pub async fn run(self, request: &mut Request) -> Result<Response> {
        let inner = match self.chain.split_first() {
            Some((outer, rest)) => outer.call(request, Next { chain: rest, view: self.view }),
            None => self.view.call(request),
        };
        let mut answered = caught(inner).await.and_then(Response::sendable);
        if let Ok(response) = &mut answered
            && let Some(file) = response.extensions_mut().remove::<FileResponse>()
        {
            let response = std::mem::replace(response, Response::empty(StatusCode::OK));
            answered = caught(Box::pin(with_file(file, response, request))).await;
        }
        match answered {
            Ok(response) => Ok(response),
            Err(error) => {
                let error = explained(request, error);
                Ok(respond(request, error))
            }
        }
    }
}

/// Says which value of the session a panic of serde_json is about.
fn explained(request: &Request, error: Error) -> Error {
    let panicked = error.downcast_ref::<Panicked>();
    match panicked.and_then(|panicked| request.session.explain_index_panic(panicked.message())) {
        Some(explanation) => error.context(explanation),
        None => error,
    }
}

/// An `async fn` that is a middleware. It is implemented for functions; never implement it by hand.
///
/// # Examples
///
/// ```
/// use nuages::{middleware::MiddlewareFn, prelude::*};
///
/// fn is_a_middleware<F: for<'a> MiddlewareFn<'a>>(_: F) {}
///
/// async fn pass(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     next.run(request).await
/// }
/// is_a_middleware(pass);
/// ```
pub trait MiddlewareFn<'a>: Send + Sync {
    /// The future that the function returns.
    type Fut: Future<Output = Result<Response>> + Send + 'a;
    /// Calls the function.
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

/// Everything that converts into a middleware: a function, or a type that implements [`Middleware`].
///
/// The parameter `Via` is inferred.
///
/// # Examples
///
/// ```
/// use nuages::{App, middleware::CommonMiddleware, prelude::*, settings::Settings};
///
/// async fn pass(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     next.run(request).await
/// }
/// fn app(settings: Settings) -> App {
///     App::new(settings).middleware(pass).middleware(CommonMiddleware)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    note = "a middleware is `async fn(&mut Request, Next<'_>) -> Result<Response>`, or a type that implements `Middleware`"
)]
pub trait IntoMiddleware<Via> {
    /// Converts the value into a middleware.
    fn into_middleware(self) -> Arc<dyn Middleware>;
}

/// Marks, for the compiler, the conversion of a function into a middleware. Never written by hand.
///
/// # Examples
///
/// ```
/// use nuages::{middleware::{IntoMiddleware, ViaFn}, prelude::*};
///
/// async fn pass(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     next.run(request).await
/// }
/// let middleware = IntoMiddleware::<ViaFn>::into_middleware(pass);
/// ```
pub struct ViaFn;

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
