//! The body of a request: collected once and remembered, read as a form or as JSON.
//!
//! The CSRF middleware and the view both read it. Limits are Django's: `DATA_UPLOAD_MAX_MEMORY_SIZE`
//! bytes (413 past it), `DATA_UPLOAD_MAX_NUMBER_FIELDS` fields (400 past it).

use std::io::ErrorKind;

use bytes::{Bytes, BytesMut};
use http::{StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::{Body, Request};
use crate::{Error, Result, error::BoxError};

/// A request's body, as far as it has been read.
pub(crate) enum Payload {
    Waiting(Body),
    Collected(Bytes),
    /// Taken as a stream, or broken off while it was read.
    Gone,
}

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
            Self::Broken(error) if is_of_kind(error, ErrorKind::TimedOut) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(error) if is_of_kind(error, ErrorKind::ResourceBusy) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::TooManyFields(_) | Self::Form(_) | Self::Json(_) | Self::Broken(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Gone => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn into_error(self) -> Error {
        let status = self.status();
        Error::from(self).set_status(status)
    }
}

/// Whether the server's body failed in this way: `TimedOut` if the client is too slow, `ResourceBusy` if
/// the server has no place or memory for the request.
fn is_of_kind(error: &BoxError, kind: ErrorKind) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == kind)
}

impl Request {
    /// The whole body. It is collected once: asking again is cheap.
    ///
    /// # Errors
    ///
    /// A 413 past `DATA_UPLOAD_MAX_MEMORY_SIZE`, a 400 where the client broke off, a 408 where it stalled.
    pub async fn body(&mut self) -> Result<Bytes> {
        let limit = self.settings().server.data_upload_max_memory_size;
        let payload = self.payload_mut();
        if let Payload::Collected(bytes) = payload {
            return Ok(bytes.clone());
        }
        let Payload::Waiting(body) = std::mem::replace(payload, Payload::Gone) else {
            return Err(FormError::Gone.into_error());
        };
        let bytes = collect(body, limit).await.map_err(FormError::into_error)?;
        *self.payload_mut() = Payload::Collected(bytes.clone());
        Ok(bytes)
    }

    /// The body as a stream, for uploads that must not be held in memory; `body()` and the like find
    /// nothing afterwards.
    pub fn take_body(&mut self) -> Body {
        match std::mem::replace(self.payload_mut(), Payload::Gone) {
            Payload::Waiting(body) => body,
            Payload::Collected(bytes) => Body::from(bytes),
            Payload::Gone => Body::default(),
        }
    }

    /// The urlencoded form in the body, as a type of the project's or as a
    /// [`QueryDict`](super::QueryDict).
    ///
    /// # Errors
    ///
    /// 415 for a body that is no urlencoded form, 413 and 400 past the limits, 400 where a field is
    /// missing or does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Greeting {
    ///     name: String,
    /// }
    ///
    /// async fn greet(request: &mut Request) -> Result<Response> {
    ///     let form: Greeting = request.form().await?;
    ///     request.session.insert("name", form.name)?;
    ///     Ok(redirect("/"))
    /// }
    /// ```
    pub async fn form<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.expect_type("application/x-www-form-urlencoded", is_form)?;
        let bytes = self.body().await?;
        let limit = self.settings().server.data_upload_max_number_fields;
        check_fields(&bytes, limit).map_err(FormError::into_error)?;
        parse_form(&bytes).map_err(FormError::into_error)
    }

    /// The JSON in the body.
    ///
    /// # Errors
    ///
    /// 415 for a body that does not say that it is JSON, 413 past the limit, 400 where it does not fit.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.expect_type("application/json", |kind| kind == "application/json" || kind.ends_with("+json"))?;
        let bytes = self.body().await?;
        serde_json::from_slice(&bytes).map_err(|error| FormError::Json(error).into_error())
    }

    /// The media type of the body in lower case, without parameters; empty where none is named.
    pub fn content_type(&self) -> String {
        let value = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn expect_type(&self, expected: &'static str, fits: impl Fn(&str) -> bool) -> Result<()> {
        let kind = self.content_type();
        if fits(&kind) {
            return Ok(());
        }
        let found = if kind.is_empty() { "without a Content-Type".to_owned() } else { format!("{kind:?}") };
        Err(FormError::ContentType { found, expected }.into_error())
    }
}

pub(crate) fn is_form(kind: &str) -> bool {
    kind == "application/x-www-form-urlencoded"
}

/// Refuses more fields than `limit`, counted before anything is parsed.
pub(crate) fn check_fields(text: &[u8], limit: Option<usize>) -> Result<(), FormError> {
    let fields = text.iter().filter(|&&byte| byte == b'&').count() + usize::from(!text.is_empty());
    match limit {
        Some(limit) if fields > limit => Err(FormError::TooManyFields(limit)),
        _ => Ok(()),
    }
}

pub(crate) fn parse_form<T: DeserializeOwned>(text: &[u8]) -> Result<T, FormError> {
    serde_html_form::from_bytes(text).map_err(FormError::Form)
}

async fn collect(mut body: Body, limit: Option<usize>) -> Result<Bytes, FormError> {
    let fits = |bytes: u64| limit.is_none_or(|limit| bytes <= limit as u64);
    let refused = || FormError::TooLarge(limit.unwrap_or_default());
    if !fits(body.size_hint().lower()) {
        return Err(refused());
    }
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(FormError::Broken)?.into_data() else { continue };
        if !fits((all.len() + first.as_ref().map_or(0, Bytes::len) + data.len()) as u64) {
            return Err(refused());
        }
        match first.take() {
            // Most bodies come in one piece: it is kept as it is.
            None if all.is_empty() => first = Some(data),
            before => {
                all.extend_from_slice(&before.unwrap_or_default());
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}
