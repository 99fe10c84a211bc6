//! Tower layers around an application, and the erased services between them.
//!
//! `App::wrap` collects the layers; `service` wraps the application in them once, and calls the outermost one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tower_service::Service;

use super::mount::Mountable;
use crate::{BoxError, BoxFuture, http::Body};

/// The application as a layer sees it: a tower service that can be cloned.
///
/// # Examples
///
/// A custom layer is a function from this service to another:
///
/// ```
/// use nuages::{App, AppService, http::Body, settings::Settings};
/// use tower_service::Service as _;
///
/// fn app(settings: Settings) -> App {
///     App::new(settings).wrap(|app: AppService| {
///         tower::service_fn(move |mut request: http::Request<Body>| {
///             request.headers_mut().remove("x-forwarded-for");
///             app.clone().call(request)
///         })
///     })
/// }
/// ```
#[derive(Clone)]
pub struct AppService(Arc<Answer>);

type Answer = dyn Fn(http::Request<Body>) -> Answered + Send + Sync;
type Answered = BoxFuture<'static, Result<http::Response<Body>, BoxError>>;

/// A function that wraps a service in another.
pub(super) type Wrap = Arc<dyn Fn(AppService) -> AppService + Send + Sync>;

/// Makes a [`Wrap`] of a function to any tower service.
pub(super) fn wrapping<S, B>(wrap: impl Fn(AppService) -> S + Send + Sync + 'static) -> Wrap
where
    S: Mountable<B>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Arc::new(move |inner| {
        // A service need not be `Sync`, so the lock is held while it is cloned for a call.
        let outer = Mutex::new(wrap(inner));
        AppService::new(move |request| {
            let answered = outer.lock().unwrap_or_else(PoisonError::into_inner).answer(request);
            Box::pin(async move { Ok(answered.await?.map(Body::stream)) })
        })
    })
}

impl AppService {
    pub(super) fn new(answer: impl Fn(http::Request<Body>) -> Answered + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl Service<http::Request<Body>> for AppService {
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        (self.0)(request)
    }
}
