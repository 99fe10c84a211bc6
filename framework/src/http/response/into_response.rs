//! The types that a view may return.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use super::Response;
use crate::{Error, Result, http::Body};

/// A type that a view may return.
///
/// | type | response |
/// | --- | --- |
/// | [`Response`] | itself |
/// | `String`, `&'static str`, `Cow<'static, str>` | `text/plain; charset=utf-8` |
/// | [`Html`] | `text/html; charset=utf-8` |
/// | [`Json`], [`Value`](crate::Value) | `application/json` |
/// | `Bytes`, `Vec<u8>` | `application/octet-stream` |
/// | [`FileResponse`](crate::http::FileResponse) | the file, or the part that the client asks for |
/// | [`Events`](crate::http::Events) | `text/event-stream` |
/// | [`StatusCode`] | the status without a body |
/// | `(StatusCode, T)` | the response of `T` with this status |
/// | [`Error`], `Result<T, E>` | the error page, or the response of `T` |
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// fn teapot(_: &mut Request) -> (StatusCode, &'static str) {
///     (StatusCode::IM_A_TEAPOT, "short and stout")
/// }
/// fn numbers(_: &mut Request) -> Json<[u32; 3]> {
///     Json([1, 2, 3])
/// }
/// ```
///
/// A type of your project can be a response too:
///
/// ```
/// use nuages::prelude::*;
///
/// struct Csv(Vec<[String; 2]>);
///
/// impl IntoResponse for Csv {
///     fn into_response(self) -> Result<Response> {
///         let lines: Vec<String> = self.0.iter().map(|row| row.join(",")).collect();
///         Ok(Response::text(lines.join("\n")).with_header("Content-Type", "text/csv"))
///     }
/// }
/// fn names(_: &mut Request) -> Csv {
///     Csv(vec![["1".into(), "Ada".into()]])
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    note = "a view returns `Response`, `String` or `&str` (plain text), `Html(..)`, `Json(..)`, a status, `(status, ..)` or a `Result` of one of these"
)]
pub trait IntoResponse {
    /// Converts the value into a response, or into the error to answer with.
    fn into_response(self) -> Result<Response>;
}

impl IntoResponse for Response {
    fn into_response(self) -> Result<Response> {
        Ok(self)
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Result<Response> {
        Ok(Response::new(self))
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Result<Response> {
        Ok(Response::new(self))
    }
}

impl IntoResponse for Cow<'static, str> {
    fn into_response(self) -> Result<Response> {
        match self {
            Cow::Borrowed(text) => text.into_response(),
            Cow::Owned(text) => text.into_response(),
        }
    }
}

impl IntoResponse for Bytes {
    fn into_response(self) -> Result<Response> {
        let mut response = Response::new(self);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        Ok(response)
    }
}

impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Result<Response> {
        Bytes::from(self).into_response()
    }
}

impl IntoResponse for serde_json::Value {
    fn into_response(self) -> Result<Response> {
        Response::json(&self)
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Result<Response> {
        Ok(Response::empty(self))
    }
}

impl<T: IntoResponse> IntoResponse for (StatusCode, T) {
    fn into_response(self) -> Result<Response> {
        Ok(self.1.into_response()?.with_status(self.0))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Result<Response> {
        Err(self)
    }
}

impl<T: IntoResponse, E: Into<Error>> IntoResponse for Result<T, E> {
    fn into_response(self) -> Result<Response> {
        self.map_err(Into::into)?.into_response()
    }
}

/// A response that sends text as HTML.
///
/// The text of a visitor must be escaped before it goes into HTML: templates do it, and so does
/// [`escape`](crate::templates::escape). `String` and `&str` are sent as plain text, where nothing needs escaping.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, templates::escape};
///
/// fn index(_: &mut Request) -> Html<&'static str> {
///     Html("<h1>Welcome</h1>")
/// }
/// fn hello(_: &mut Request, name: String) -> Html<String> {
///     Html(format!("<h1>Hello, {}!</h1>", escape(&name)))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Html<T>(pub T);

impl<T: Into<Body>> IntoResponse for Html<T> {
    fn into_response(self) -> Result<Response> {
        Ok(Response::html(self.0))
    }
}

/// A response that sends a value as JSON.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// #[derive(serde::Serialize)]
/// struct Article {
///     id: u64,
///     title: &'static str,
/// }
///
/// fn article(_: &mut Request, id: u64) -> Json<Article> {
///     Json(Article { id, title: "Sessions" })
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Result<Response> {
        Response::json(&self.0)
    }
}
