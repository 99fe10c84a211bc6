//! The bounds that a service must meet to be served, written once.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::{BoxError, http::Body};

/// A service that [`serve`](super::serve) can serve.
///
/// Every `tower_service::Service` that takes an `http::Request` with our [`Body`] and returns an
/// `http::Response` implements it, if it is `Clone + Send`; [`App`](crate::App) and an axum router do.
/// You never implement it yourself.
///
/// # Examples
///
/// A function that accepts whatever the server accepts:
///
/// ```no_run
/// use nuages::server::{HttpService, Listener, ServerError, serve, signals};
/// use nuages::settings::ServerSettings;
///
/// async fn run(service: impl HttpService, settings: &ServerSettings) -> Result<(), ServerError> {
///     let listener = Listener::bind("127.0.0.1:8000").await?;
///     let mut signals = signals()?;
///     serve(listener, service, settings, async { drop(signals.next().await) }).await;
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be served",
    note = "a service is served that takes `http::Request<nuages::http::Body>`, returns `http::Response<B>` and is `Clone + Send + 'static`"
)]
pub trait HttpService:
    Service<
        Request<Body>,
        Response = Response<<Self as HttpService>::ResponseBody>,
        Error: Into<BoxError> + Send,
        Future: Send,
    > + Clone
    + Send
    + 'static
{
    /// The body of its responses.
    type ResponseBody: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static;
}

impl<S, B> HttpService for S
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError> + Send, Future: Send>,
    S: Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    type ResponseBody = B;
}
