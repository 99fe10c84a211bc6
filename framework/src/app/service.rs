//! Runs a request through an application: decodes its path, finds its view, runs the middleware and the
//! view, and completes the response.
//!
//! The future that does this owns everything it needs. If hyper drops it because the client closed the
//! connection, the rest of it runs in a task, so that no request is left half done.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Version, header};
use http_body::Body as _;
use tower_service::Service;

use super::{
    App,
    layers::{AppService, Wrap},
    plan::Ready,
    response_future::ResponseFuture,
};
use crate::{
    BoxError, BoxFuture, Error, Result,
    error::is_of_the_framework,
    error_page::{self, NoRoute},
    http::{Body, MatchedRoute, Request, Response, check_fields, encoding, host},
    middleware::{Next, caught},
    settings::Settings,
    view::{View, Watched},
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
        match self.built() {
            Ok(built) if self.plan.layers.is_empty() => {
                ResponseFuture::new(answer(Arc::clone(&built.ready), request))
            }
            Ok(built) => {
                let layered =
                    built.layered.get_or_init(|| in_layers(Arc::clone(&built.ready), &self.plan.layers));
                ResponseFuture::new(through_the_layers(layered.clone().call(request)))
            }
            Err(errors) => {
                tracing::error!(target: "nuages.app", "the application cannot answer: {errors}");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                ResponseFuture::new(std::future::ready(error_page::bare(status).into()))
            }
        }
    }
}

/// Wraps the application in its layers, the first one innermost.
fn in_layers(ready: Arc<Ready>, layers: &[Wrap]) -> AppService {
    let app = AppService::new(move |request| {
        // A layer that gives up, such as a timeout, does not leave the request half done.
        let response = ResponseFuture::new(answer(Arc::clone(&ready), request));
        Box::pin(async move { response.await.map_err(|never| match never {}) })
    });
    layers.iter().fold(app, |inner, wrap| wrap(inner))
}

/// Turns an error of a layer into a 500.
async fn through_the_layers(
    answered: BoxFuture<'static, Result<http::Response<Body>, BoxError>>,
) -> http::Response<Body> {
    answered.await.unwrap_or_else(|error| {
        tracing::error!(target: "nuages.app", error = &*error, "a layer failed");
        error_page::bare(StatusCode::INTERNAL_SERVER_ERROR).into()
    })
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
            None => through_the_middleware(&ready, request).await,
        };
    finish(response, head_only)
}

async fn through_the_middleware(ready: &Ready, request: http::Request<Body>) -> Response {
    let (mut head, body) = request.into_parts();
    add_default_host(&mut head, &ready.site.settings);
    let target = admit(ready, &head);
    let path = match &target {
        Ok(path) => path.clone(),
        Err(_) => head.uri.path().to_owned(),
    };
    let mut request = Request::new(head, path, body, Arc::clone(&ready.site));
    if let Some(handler) = &ready.error_handler {
        request.extensions_mut().insert(handler.clone());
    }
    let response = match target {
        Err(error) => error_page::respond(&mut request, error),
        Ok(path) => {
            let found = ready.resolver.resolve(path.strip_prefix('/').unwrap_or(&path));
            let view: Arc<dyn View> = match found {
                None => Arc::new(NotFound),
                Some(found) => {
                    let csrf_exempt = found.view.csrf_exempt();
                    let route = MatchedRoute { name: found.name, pattern: found.route_pattern, csrf_exempt };
                    request.set_route(found.params, route);
                    found.view
                }
            };
            let view = if ready.site.settings.debug { Arc::new(Watched(view)) } else { view };
            match Next::new(&ready.chain, &*view).run(&mut request).await {
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

/// Gives a request of HTTP/1.0 that names no host the first of `ALLOWED_HOSTS`. HTTP/1.0 requires none (RFC
/// 9112 section 3.2), and the probes of load balancers often send none.
fn add_default_host(head: &mut http::request::Parts, settings: &Settings) {
    let names_host = head.uri.authority().is_some() || head.headers.contains_key(header::HOST);
    if head.version >= Version::HTTP_11 || names_host {
        return;
    }
    let first =
        settings.allowed_hosts.iter().map(|host| host.trim_start_matches('.')).find(|host| *host != "*");
    if let Ok(host) = HeaderValue::from_str(first.unwrap_or("localhost")) {
        head.headers.insert(header::HOST, host);
    }
}

/// Checks the host, the query and the path of a request before any middleware runs, and returns the decoded
/// path.
fn admit(ready: &Ready, head: &http::request::Parts) -> Result<String> {
    let refused = |error: Error| error.set_status(StatusCode::BAD_REQUEST);
    host::named_host(&head.headers, &head.uri).map_err(|error| refused(error.into()))?;
    let limit = ready.site.settings.server.data_upload_max_number_fields;
    let query = head.uri.query().unwrap_or_default();
    check_fields(query.as_bytes(), limit).map_err(|error| refused(error.into()))?;
    encoding::decode_path(head.uri.path()).map_err(|error| refused(error.into()))
}

/// The view for paths that no pattern matches: a 404.
struct NotFound;

impl View for NotFound {
    fn arity(&self) -> usize {
        0
    }

    fn call<'a>(&'a self, _: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(std::future::ready(Err(Error::from(NoRoute).set_status(StatusCode::NOT_FOUND))))
    }
}

/// Sets `Content-Length` where the length is known, and drops the body of a response to HEAD (RFC 9110
/// section 9.3.2).
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
        // A place inside the framework says nothing to the project.
        let place = error.trace().place();
        let at = (!is_of_the_framework(&place.file)).then(|| error.place());
        tracing::error!(target: "nuages.request", method, path = ?path, status, at, error = ?error);
    } else {
        tracing::warn!(target: "nuages.request", method, path = ?path, status, error = ?error);
    }
}
