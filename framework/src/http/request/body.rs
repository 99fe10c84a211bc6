//! The body of a request: collected once and remembered, or taken as a stream.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt as _;

use crate::http::{
    Body, FormError,
    multipart::{FormParts, MultipartReader},
};

/// The body of a request, before and after it is read.
pub(super) enum Payload {
    Waiting(Body),
    Collected(Bytes),
    /// A multipart form, some of whose parts are read.
    Parts(Box<MultipartReader>),
    /// Taken as a stream, or lost by an error while it was read.
    Gone,
}

impl Payload {
    pub(super) fn new(body: Body) -> Self {
        Self::Waiting(body)
    }

    /// Reads the whole body, at most `limit` bytes. A second call returns the same bytes.
    pub(super) async fn collect(&mut self, limit: Option<usize>) -> Result<Bytes, FormError> {
        if let Self::Collected(bytes) = self {
            return Ok(bytes.clone());
        }
        if let Self::Parts(_) = self {
            return Err(FormError::ReadAsParts);
        }
        let Self::Waiting(body) = std::mem::replace(self, Self::Gone) else {
            return Err(FormError::Gone);
        };
        let bytes = collect(body, limit).await?;
        *self = Self::Collected(bytes.clone());
        Ok(bytes)
    }

    /// The reader of a multipart form, which `make` makes of the body.
    fn parts(
        &mut self,
        make: impl FnOnce(Body) -> Result<MultipartReader, FormError>,
    ) -> Result<&mut MultipartReader, FormError> {
        if matches!(self, Self::Waiting(_) | Self::Collected(_)) {
            let body = self.take();
            *self = Self::Parts(Box::new(make(body)?));
        }
        match self {
            Self::Parts(reader) => Ok(reader),
            _ => Err(FormError::Gone),
        }
    }

    /// Reads a multipart form up to the first field of this name, and returns its value.
    pub(super) async fn find_part(
        &mut self,
        name: &str,
        make: impl FnOnce(Body) -> Result<MultipartReader, FormError>,
    ) -> Result<Option<String>, FormError> {
        self.parts(make)?.find(name).await
    }

    /// Reads a whole multipart form. A second call returns the same parts.
    pub(super) async fn collect_parts(
        &mut self,
        make: impl FnOnce(Body) -> Result<MultipartReader, FormError>,
    ) -> Result<FormParts, FormError> {
        self.parts(make)?.finish().await
    }

    /// Takes the body as a stream. A form whose parts are read already gives a stream that fails.
    pub(super) fn take(&mut self) -> Body {
        if let Self::Parts(_) = self {
            return Body::stream(Failing(Some(FormError::ReadAsParts)));
        }
        match std::mem::replace(self, Self::Gone) {
            Self::Waiting(body) => body,
            Self::Collected(bytes) => Body::from(bytes),
            Self::Parts(_) | Self::Gone => Body::default(),
        }
    }
}

/// A body that fails.
struct Failing(Option<FormError>);

impl HttpBody for Failing {
    type Data = Bytes;
    type Error = FormError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FormError>>> {
        Poll::Ready(self.0.take().map(Err))
    }
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
            // Most bodies come in one piece: it is kept without a copy.
            None if all.is_empty() => first = Some(data),
            before => {
                all.extend_from_slice(&before.unwrap_or_default());
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}
