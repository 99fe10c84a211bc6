//! Tower services mounted in an application, below a prefix: inside the middleware or outside it.
//!
//! `App`'s `mount` methods create them. Inside the middleware a mounted service is the view of a route;
//! outside, `service` calls it before any middleware runs.

use std::{
    future::poll_fn,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::Uri;
use tower_service::Service;

use crate::{
    BoxError, BoxFuture, Error, Result,
    contrib::auth::User,
    http::{Body, Request, Response, encoding},
    sessions::Loan,
    view::View,
};

/// A tower service that can be mounted in an [`App`](crate::App).
///
/// Every `tower_service::Service` that takes an `http::Request` with our [`Body`] and returns an
/// `http::Response` implements it, if it is `Clone + Send`; an axum router does. You never implement it
/// yourself.
///
/// # Examples
///
/// ```
/// use nuages::{App, http::Body, settings::Settings, testing::Client};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"
/// #     DEBUG = true
/// #     SESSION_ENGINE = \"signed_cookies\"";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// let api = tower::service_fn(async |request: http::Request<Body>| {
///     let path = request.uri().path().to_owned();
///     Ok::<_, std::io::Error>(http::Response::new(Body::from(path)))
/// });
/// let client = Client::new(App::new(settings).mount("api/", api));
/// assert_eq!(client.get("/api/cart/add").await.text(), "/cart/add");
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mounted",
    note = "a mounted service takes `http::Request<nuages::http::Body>`, returns `http::Response<B>` and is `Clone + Send + 'static`"
)]
pub trait Mountable<B>: Send + 'static {
    /// Calls a clone of the service.
    fn answer(&self, request: http::Request<Body>)
    -> BoxFuture<'static, Result<http::Response<B>, BoxError>>;
}

impl<S, B> Mountable<B> for S
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: 'static,
{
    fn answer(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'static, Result<http::Response<B>, BoxError>> {
        let mut service = self.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
            service.call(request).await.map_err(Into::into)
        })
    }
}

/// A mounted service returned an error.
#[derive(Debug, thiserror::Error)]
#[error("the service mounted at {prefix:?} failed")]
pub(super) struct MountFailed {
    prefix: String,
    #[source]
    source: BoxError,
}

type Answer = dyn Fn(http::Request<Body>) -> BoxFuture<'static, Result<Response, BoxError>> + Send;

/// A mounted service of any type, boxed.
struct Boxed {
    prefix: String,
    // A service need not be `Sync`, so the lock is held while it is cloned for a call.
    answer: Mutex<Box<Answer>>,
}

impl Boxed {
    fn new<S, B>(prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let answer: Box<Answer> = Box::new(move |request| {
            let answered = service.answer(request);
            Box::pin(async move {
                let (parts, body) = answered.await?.into_parts();
                Ok(Response::from_parts(parts, Body::stream(body)))
            })
        });
        Self { prefix: prefix.to_owned(), answer: Mutex::new(answer) }
    }

    async fn call(&self, request: http::Request<Body>) -> Result<Response> {
        let answered = (self.answer.lock().unwrap_or_else(PoisonError::into_inner))(request);
        let prefix = self.prefix.clone();
        Ok(answered.await.map_err(|source| MountFailed { prefix, source })?)
    }
}

/// A service mounted inside the middleware: the view of its route.
pub(super) struct Mounted {
    service: Boxed,
    csrf_exempt: bool,
}

impl Mounted {
    pub(super) fn new<S, B>(prefix: &str, service: S, csrf_exempt: bool) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { service: Boxed::new(prefix, service), csrf_exempt }
    }
}

impl View for Mounted {
    fn arity(&self) -> usize {
        1
    }

    fn name(&self) -> &'static str {
        "a mounted service"
    }

    fn csrf_exempt(&self) -> bool {
        self.csrf_exempt
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let body = request.take_body();
            let mut head = request.head().clone();
            // If the request escapes the prefix differently, rebuild the rest from its decoded value.
            let rest = request.params().last().map_or("", |(_, rest)| rest.as_str());
            head.uri = match below(&head.uri, &self.service.prefix) {
                Some(uri) => uri,
                None => with_path(&head.uri, &format!("/{}", encoding::escape_path(rest)))?,
            };
            if head.extensions.get::<User>().is_some() {
                // The response may depend on the user, so it must vary by cookie.
                request.session.touch();
            }
            let loan = Loan::new(&mut request.session);
            head.extensions.insert(loan.handle());
            self.service.call(http::Request::from_parts(head, body)).await
        })
    }
}

/// A service mounted outside the middleware.
pub(super) struct Outside(Boxed);

impl Outside {
    pub(super) fn new<S, B>(prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Boxed::new(prefix.trim_start_matches('/'), service))
    }

    /// Returns the URI that the service will see, if the request is for this service.
    pub(super) fn accepts(&self, uri: &Uri) -> Option<Uri> {
        below(uri, &self.0.prefix)
    }

    pub(super) async fn call(&self, request: http::Request<Body>) -> Result<Response> {
        self.0.call(request).await
    }
}

/// Removes the prefix from the URI's path; `None` if the path does not begin with it, byte for byte.
///
/// A prefix without a final slash (`healthz`) also matches as a whole path.
fn below(uri: &Uri, prefix: &str) -> Option<Uri> {
    let rest = uri.path().strip_prefix('/')?.strip_prefix(prefix)?;
    if !prefix.is_empty() && !prefix.ends_with('/') && !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    with_path(uri, &format!("/{}", rest.trim_start_matches('/'))).ok()
}

fn with_path(uri: &Uri, path: &str) -> Result<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse()?);
    Uri::from_parts(parts).map_err(Error::from)
}
