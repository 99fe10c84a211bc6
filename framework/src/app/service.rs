//! The way of a request: decode, resolve, through the onion to the view, and back.
//!
//! The answer is made in a future that owns all it needs. When hyper drops it because the client hung
//! up, what is left is moved to a task and finishes: no request is cut in half between two writes.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body::Body as _;
use tower_service::Service;

use super::{App, plan::Ready};
use crate::{
    BoxError, BoxFuture, Error, Result,
    error_page::{self, NoRoute},
    future::Uncut,
    http::{Body, MatchedRoute, Request, Response, check_fields, encoding, host},
    middleware::{Next, caught},
    view::View,
};

impl<B> Service<http::Request<B>> for App
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
        let request =
            request.map(|body| if body.is_end_stream() { Body::default() } else { Body::stream(body) });
        ResponseFuture(match self.ready() {
            Ok(ready) => Uncut::new(answer(Arc::clone(ready), request)),
            Err(errors) => {
                tracing::error!(target: "nuages.app", "the application cannot answer: {errors}");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Uncut::new(std::future::ready(error_page::bare(status).into()))
            }
        })
    }
}

/// The answer of an [`App`]. Dropped before its end, it goes on in a task of its own.
#[must_use = "a response is made only while its future is polled"]
pub struct ResponseFuture(Uncut<http::Response<Body>>);

impl Future for ResponseFuture {
    type Output = Result<http::Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}

async fn answer(ready: Arc<Ready>, request: http::Request<Body>) -> http::Response<Body> {
    let head_only = *request.method() == Method::HEAD;
    let response =
        match ready.outside.iter().find_map(|outside| Some((outside, outside.accepts(request.uri())?))) {
            Some((outside, uri)) => {
                let (mut head, body) = request.into_parts();
                head.uri = uri;
                match caught(Box::pin(outside.call(http::Request::from_parts(head, body)))).await {
                    Ok(response) => response,
                    Err(error) => {
                        log("outside", "", &error);
                        error_page::bare(error.status())
                    }
                }
            }
            None => through_the_onion(&ready, request).await,
        };
    finish(response, head_only)
}

async fn through_the_onion(ready: &Ready, request: http::Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let target = admit(ready, &head);
    let path = match &target {
        Ok(path) => path.clone(),
        Err(_) => head.uri.path().to_owned(),
    };
    let mut request = Request::new(head, path, body, Arc::clone(&ready.site));
    let response = match target {
        Err(error) => error_page::respond(&mut request, error),
        Ok(path) => {
            let found = ready.resolver.resolve(path.strip_prefix('/').unwrap_or(&path));
            let heart: Arc<dyn View> = match found {
                None => Arc::new(NotFound),
                Some(found) => {
                    let csrf_exempt = found.view.csrf_exempt();
                    let route = MatchedRoute { name: found.name, pattern: found.route_pattern, csrf_exempt };
                    request.set_route(found.params, route);
                    found.view
                }
            };
            match Next::new(&ready.chain, &*heart).run(&mut request).await {
                Ok(response) => response,
                Err(error) => error_page::respond(&mut request, error),
            }
        }
    };
    if let Some(error) = response.error() {
        log(request.method().as_str(), request.path(), error);
    }
    response
}

/// The decoded path, or why the request is refused before anything is asked.
fn admit(ready: &Ready, head: &http::request::Parts) -> Result<String> {
    let refused = |error: Error| error.set_status(StatusCode::BAD_REQUEST);
    host::named_host(&head.headers, &head.uri).map_err(|error| refused(error.into()))?;
    let limit = ready.site.settings.server.data_upload_max_number_fields;
    let query = head.uri.query().unwrap_or_default();
    check_fields(query.as_bytes(), limit).map_err(|error| refused(error.into()))?;
    encoding::decode_path(head.uri.path()).map_err(|error| refused(error.into()))
}

/// The view of a path that no pattern matches.
struct NotFound;

impl View for NotFound {
    fn arity(&self) -> usize {
        0
    }

    fn call<'a>(&'a self, _: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(std::future::ready(Err(Error::from(NoRoute).set_status(StatusCode::NOT_FOUND))))
    }
}

/// Says how long the body is, where that is known, and drops it after HEAD (RFC 9110 section 9.3.2).
fn finish(mut response: Response, head_only: bool) -> http::Response<Body> {
    let status = response.status();
    let bodiless = status.is_informational() || status == StatusCode::NO_CONTENT;
    let length = response.body().size_hint().exact();
    if let Some(length) = length.filter(|_| !bodiless && status != StatusCode::NOT_MODIFIED) {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    if head_only {
        response.set_body(Bytes::new());
    }
    response.into()
}

fn log(method: &str, path: &str, error: &Error) {
    let status = error.status().as_u16();
    if error.status().is_server_error() {
        tracing::error!(target: "nuages.request", method, path = ?path, status, error = ?error);
    } else {
        tracing::warn!(target: "nuages.request", method, path = ?path, status, error = ?error);
    }
}
