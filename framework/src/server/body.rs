//! The bodies that pass through the server: the request's, with its timeout, and the response's, which
//! reports its end to the connection and to the access log.

use std::{
    error::Error as _,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{access_log::AccessLogLine, activity::Activity};
use crate::BoxError;

/// A request's body, which fails if the client sends nothing for too long.
///
/// Its errors are `io::Error`s: `TimedOut` if the client stalls, `UnexpectedEof` if it closed the
/// connection, `InvalidData` if it breaks RFC 9112.
pub(super) struct RequestBody {
    incoming: Incoming,
    timeout: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    activity: Arc<Activity>,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, timeout: Duration, activity: Arc<Activity>) -> Self {
        Self { incoming, timeout, timer: None, waiting: false, activity }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let starting = !std::mem::replace(&mut self.waiting, true);
        if self.timer.is_none() || starting {
            let deadline = Instant::now() + self.timeout;
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(deadline),
                None => self.timer = Some(Box::pin(sleep_until(deadline))),
            }
        }
        self.timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(cx))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Pending => {
                ready!(self.poll_timer(cx));
                let message = format!("no byte of the body arrived for {:?}", self.timeout);
                Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, message))))
            }
            Poll::Ready(frame) => {
                self.waiting = false;
                if frame.is_none() || self.incoming.is_end_stream() {
                    self.activity.end_body();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// Gives hyper's error the kind that says what went wrong.
fn broken(error: hyper::Error) -> io::Error {
    let below = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    let kind = match below {
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::UnexpectedEof,
    };
    io::Error::new(kind, error)
}

/// A response's body: the application's, or the short text of a response that the server makes.
pub(super) struct ResponseBody<B> {
    bytes: Content<B>,
    activity: Arc<Activity>,
    log: Option<Box<AccessLogLine>>,
}

pub(super) enum Content<B> {
    /// The application's body.
    App(B),
    /// The text of a response that the server itself makes.
    Status(Bytes),
}

impl<B> ResponseBody<B> {
    pub(super) fn new(bytes: Content<B>, activity: Arc<Activity>, log: Option<Box<AccessLogLine>>) -> Self {
        Self { bytes, activity, log }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.bytes {
            Content::App(body) => ready!(Pin::new(body).poll_frame(cx)),
            Content::Status(bytes) if bytes.is_empty() => None,
            Content::Status(bytes) => Some(Ok(Frame::data(std::mem::take(bytes)))),
        };
        if let (Some(log), Some(Ok(frame))) = (&mut self.log, &frame) {
            log.add_bytes(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.bytes {
            Content::App(body) => body.is_end_stream(),
            Content::Status(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Content::App(body) => body.size_hint(),
            Content::Status(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}

impl<B> Drop for ResponseBody<B> {
    fn drop(&mut self) {
        self.activity.end_response();
        if let Some(log) = self.log.take() {
            log.write();
        }
    }
}
