//! The error of a request body that cannot be used.

use std::{io::ErrorKind, path::PathBuf};

use http::StatusCode;

use crate::{BoxError, Error};

/// The reason why a request's body cannot be used.
///
/// # Examples
///
/// A view can answer in its own words:
///
/// ```
/// use nuages::{http::FormError, prelude::*};
///
/// async fn create(request: &mut Request) -> Result<Response> {
///     match request.json::<Value>().await {
///         Ok(article) => Response::json(&article),
///         Err(error) => match error.downcast_ref() {
///             Some(FormError::Json(reason)) => Ok(Response::text(format!("line {}", reason.line()))
///                 .with_status(StatusCode::BAD_REQUEST)),
///             _ => Err(error),
///         },
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The body is larger than the limit: a 413.
    #[error("the request body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE = {0} bytes")]
    TooLarge(usize),
    /// There are more fields than the limit: a 400, like Django's `TooManyFieldsSent`.
    #[error("the request sends more than DATA_UPLOAD_MAX_NUMBER_FIELDS = {0} fields")]
    TooManyFields(usize),
    /// There are more files than the limit: a 400, like Django's `TooManyFilesSent`.
    #[error("the request sends more than DATA_UPLOAD_MAX_NUMBER_FILES = {0} files")]
    TooManyFiles(usize),
    /// The multipart form is malformed: a 400.
    #[error("the multipart form is malformed: {0}")]
    Multipart(String),
    /// An uploaded file cannot be written to `FILE_UPLOAD_TEMP_DIR`: a 503.
    #[error("cannot write an uploaded file to FILE_UPLOAD_TEMP_DIR = {}", .0.display())]
    Storage(PathBuf, #[source] std::io::Error),
    /// The body has another media type: a 415.
    #[error("the request body is {found}, expected {expected}")]
    ContentType {
        /// The media type that was sent, quoted, or `without a Content-Type`.
        found: String,
        /// The media type that the view reads.
        expected: &'static str,
    },
    /// A field is missing or does not fit its type: a 400.
    #[error("the form does not fit{}", .field.as_ref().map(|field| format!(": the field {field:?}")).unwrap_or_default())]
    Form {
        /// The name of the field; `None` if the error concerns the whole form, such as a missing field, which
        /// the source names.
        field: Option<String>,
        /// The reason.
        source: serde_html_form::de::Error,
    },
    /// The body is not JSON, or does not fit its type: a 400.
    #[error("the JSON does not fit")]
    Json(#[source] serde_json::Error),
    /// The body did not arrive completely: a 400, or a 408 if the client stopped sending
    /// (`SERVER_BODY_TIMEOUT`).
    #[error("the request body is incomplete")]
    Broken(#[source] BoxError),
    /// The body is a multipart form whose parts are read already, by the view or by the CSRF middleware: a 500.
    /// A request with the token in a header leaves the body unread.
    #[error("the body was already read as a form; send the CSRF token in a header to leave it unread")]
    ReadAsParts,
    /// The view took the body as a stream before, or an error while it was read has lost it: a 500.
    #[error("the request body was already taken as a stream, or reading it failed before")]
    Gone,
}

impl FormError {
    fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken(error) if is_of_kind(error, ErrorKind::TimedOut) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(error) if is_of_kind(error, ErrorKind::ResourceBusy) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Storage(..) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyFields(_)
            | Self::TooManyFiles(_)
            | Self::Multipart(_)
            | Self::Form { .. }
            | Self::Json(_)
            | Self::Broken(_) => StatusCode::BAD_REQUEST,
            Self::Gone | Self::ReadAsParts => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn into_error(self) -> Error {
        let status = self.status();
        Error::from(self).set_status(status)
    }
}

/// Whether the server's body failed in this way: `TimedOut` if the client is too slow, `ResourceBusy` if
/// the server has no place or memory for the request.
fn is_of_kind(error: &BoxError, kind: ErrorKind) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == kind)
}
