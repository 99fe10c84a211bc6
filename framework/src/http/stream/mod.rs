//! Responses that are written while they are sent: [`Response::stream`] and server-sent events.

mod event;
mod events;
mod written;

use std::future::Future;

pub use event::{Event, EventError};
pub use events::{EventSender, Events};
pub use written::StreamSender;
use written::Written;

use super::{Body, Response};
use crate::Result;

impl Response {
    /// A 200 whose body `work` writes while it is sent, as `text/plain; charset=utf-8`: Django's
    /// `StreamingHttpResponse`. Set another `Content-Type` with [`Response::with_header`].
    ///
    /// `work` runs as fast as the client reads, and ends when the client has gone. An error of it breaks the
    /// connection, so that the client does not take the part for the whole. The session has been saved by
    /// then. A body that is a stream already is a [`Body::stream`].
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{http::StreamSender, prelude::*};
    ///
    /// fn export(_: &mut Request) -> Response {
    ///     Response::stream(async move |mut out: StreamSender| {
    ///         out.send("id,square\n").await?;
    ///         for id in 0..1_000_000_u64 {
    ///             out.send(format!("{id},{}\n", id * id)).await?;
    ///         }
    ///         Ok(())
    ///     })
    ///     .with_header("Content-Type", "text/csv; charset=utf-8")
    /// }
    /// ```
    pub fn stream<Fut>(work: impl FnOnce(StreamSender) -> Fut) -> Self
    where
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(Body::stream(Written::new(work)))
    }
}
