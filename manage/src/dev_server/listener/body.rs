//! The body of the responses of the development server.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use nuages::BoxError;

/// Bytes, or a stream.
pub(super) type ServerBody = UnsyncBoxBody<Bytes, BoxError>;

/// Makes a body of any other.
pub(super) fn boxed<B>(body: B) -> ServerBody
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// Makes a response of text that no cache keeps.
pub(super) fn response(
    status: StatusCode,
    kind: &'static str,
    text: impl Into<Bytes>,
) -> Response<ServerBody> {
    let mut response = Response::new(boxed(Full::new(text.into())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Makes a response of plain text.
pub(super) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<ServerBody> {
    response(status, "text/plain; charset=utf-8", text)
}
