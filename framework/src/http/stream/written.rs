//! A body that a future writes. The future runs inside the body, so that it ends with the client.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc;

use crate::{BoxError, BoxFuture, Error, Result};

/// Sends the pieces of a response that [`Response::stream`](crate::http::Response::stream) makes.
///
/// # Examples
///
/// ```
/// use nuages::{http::StreamSender, prelude::*};
///
/// async fn count(mut out: StreamSender) -> Result<()> {
///     for number in 1..=3 {
///         out.send(format!("{number}\n")).await?;
///     }
///     Ok(())
/// }
/// fn numbers(_: &mut Request) -> Response {
///     Response::stream(count)
/// }
/// ```
#[derive(Clone)]
pub struct StreamSender(mpsc::Sender<Bytes>);

impl StreamSender {
    /// Sends a piece. Waits while the client has not read the pieces before it.
    ///
    /// # Errors
    ///
    /// If the client has gone.
    pub async fn send(&mut self, piece: impl Into<Bytes>) -> Result<()> {
        let gone = |_| Error::new("the client has gone before the end of the response");
        self.0.send(piece.into()).await.map_err(gone)
    }
}

impl fmt::Debug for StreamSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamSender")
    }
}

/// The body.
pub(super) struct Written {
    pieces: mpsc::Receiver<Bytes>,
    work: Option<BoxFuture<'static, Result<()>>>,
    failed: Option<Error>,
    /// Whether the server has had the time to send what came before the error.
    flushed: bool,
}

impl Written {
    pub(super) fn new<Fut>(work: impl FnOnce(StreamSender) -> Fut) -> Self
    where
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        // One piece waits while the next one is made.
        let (sender, pieces) = mpsc::channel(1);
        Self { pieces, work: Some(Box::pin(work(StreamSender(sender)))), failed: None, flushed: false }
    }

    pub(super) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            match self.pieces.poll_recv(cx) {
                Poll::Ready(Some(piece)) if piece.is_empty() => continue,
                Poll::Ready(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                // The server drops what it has not sent when it meets an error.
                Poll::Ready(None) if self.failed.is_some() && !self.flushed => {
                    self.flushed = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(None) if self.work.is_none() => {
                    let failed = self.failed.take().map(|error| Err(StreamError(error).into()));
                    return Poll::Ready(failed);
                }
                _ => {}
            }
            let Some(work) = &mut self.work else { return Poll::Pending };
            match work.as_mut().poll(cx) {
                Poll::Ready(result) => {
                    self.work = None;
                    self.failed = result.err();
                }
                // It may have sent a piece.
                Poll::Pending => match self.pieces.poll_recv(cx) {
                    Poll::Ready(Some(piece)) if !piece.is_empty() => return Poll::Ready(Some(Ok(piece))),
                    Poll::Ready(Some(_)) => {}
                    // Without a sender the work only has to end.
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

impl Body for Written {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// The error of the work, as the error of a body.
#[derive(Debug)]
struct StreamError(Error);

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the response could not be written to its end: {} (at {})", self.0, self.0.place())
    }
}

impl std::error::Error for StreamError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
