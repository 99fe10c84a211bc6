//! Entity tags of whole responses, as in `django/middleware/http.py`.

use http::{Method, StatusCode};

use super::{Middleware, Next};
use crate::{
    BoxFuture, Result, crypto,
    http::{Request, Response, Validators, parse_http_date},
};

/// Gives the responses to GET an `ETag` and answers 304 if the client has the same page: Django's
/// `ConditionalGetMiddleware`. It saves the network, not the view's work;
/// [`conditional`](crate::view::conditional()) saves both.
///
/// A response that is a stream, or that has `Cache-Control: no-store`, gets no tag.
///
/// # Examples
///
/// ```
/// use nuages::{App, middleware::ConditionalGetMiddleware, settings::Settings};
///
/// fn app(settings: Settings) -> App {
///     App::new(settings).middleware(ConditionalGetMiddleware)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ConditionalGetMiddleware;

impl Middleware for ConditionalGetMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let mut response = next.run(request).await?;
            if *request.method() != Method::GET || response.status() != StatusCode::OK {
                return Ok(response);
            }
            let stored = response.header("cache-control").is_none_or(|text| !text.contains("no-store"));
            if response.header("etag").is_none()
                && let Some(bytes) = response.body().as_bytes().filter(|_| stored)
            {
                let tag = format!("\"{}\"", crypto::content_hash(bytes));
                response.set_header("ETag", tag);
            }
            let validators = Validators {
                etag: response.header("etag").map(str::to_owned),
                last_modified: response.header("last-modified").and_then(parse_http_date),
            };
            if validators.etag.is_none() && validators.last_modified.is_none() {
                return Ok(response);
            }
            if let Some(refused) = validators.precondition(request.method(), request.headers()) {
                response.set_status(refused.status()).set_body("");
                for name in ["content-type", "content-length"] {
                    response.headers_mut().remove(name);
                }
            }
            Ok(response)
        })
    }
}
