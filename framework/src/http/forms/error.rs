//! The error of a request body that cannot be used.

use http::StatusCode;

use crate::{BoxError, Error};

/// Why a request's body cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// 413
    #[error("the request body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE = {0} bytes")]
    TooLarge(usize),
    /// 400, as Django's `TooManyFieldsSent`
    #[error("the request sends more than DATA_UPLOAD_MAX_NUMBER_FIELDS = {0} fields")]
    TooManyFields(usize),
    /// 415
    #[error("the request body is {found}, expected {expected}")]
    ContentType {
        /// What was sent, quoted, or `without a Content-Type`.
        found: String,
        /// What can be read.
        expected: &'static str,
    },
    /// 400
    #[error("the form does not fit")]
    Form(#[source] serde_html_form::de::Error),
    /// 400
    #[error("the JSON does not fit")]
    Json(#[source] serde_json::Error),
    /// 400; 408 where the client stopped sending (`SERVER_BODY_TIMEOUT`)
    #[error("the request body broke off")]
    Broken(#[source] BoxError),
    /// 500: the view took it as a stream before
    #[error("the request body was already taken as a stream, or broke off before")]
    Gone,
}

impl FormError {
    fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken(error) if stalled(error) => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyFields(_) | Self::Form(_) | Self::Json(_) | Self::Broken(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Gone => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(in crate::http) fn into_error(self) -> Error {
        let status = self.status();
        Error::from(self).set_status(status)
    }
}

/// Whether the server gave up waiting for the client.
fn stalled(error: &BoxError) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
}
