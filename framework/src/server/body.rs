//! The bodies that pass through the server: the request's, with its timeout, and the response's, which
//! reports its end to the connection and to the access log.

use std::{
    error::Error as _,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::{
    access_log::AccessLogLine,
    activity::Activity,
    gate::Turn,
    pace::{Pace, PaceLimits},
};
use crate::{BoxError, BoxFuture, error::panic_message};

/// A request's body.
///
/// It fails if the client is too slow. While it waits for the client, its request gives up its place among
/// the running ones; with the next bytes the request takes a place again, and memory for them.
///
/// Its errors are `io::Error`s: `TimedOut` if the client is too slow, `UnexpectedEof` if it closed the
/// connection, `InvalidData` if it breaks RFC 9112, `ResourceBusy` if the server has no place or no memory
/// for the request.
pub(super) struct RequestBody {
    incoming: Incoming,
    pace: Pace,
    turn: Arc<Turn>,
    activity: Arc<Activity>,
    /// A frame that waits for a place or for memory, and the wait.
    resuming: Option<(Arrival, BoxFuture<'static, bool>)>,
}

type Arrival = Option<io::Result<Frame<Bytes>>>;

impl RequestBody {
    pub(super) fn new(
        incoming: Incoming,
        limits: PaceLimits,
        turn: Arc<Turn>,
        activity: Arc<Activity>,
    ) -> Self {
        Self { incoming, pace: Pace::new(limits), turn, activity, resuming: None }
    }

    fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Pending => {
                self.turn.pause();
                let reason = ready!(self.pace.poll_too_slow(cx));
                Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, reason))))
            }
            Poll::Ready(frame) => {
                self.pace.received(data_length(frame.as_ref().and_then(|frame| frame.as_ref().ok())));
                if frame.is_none() || self.incoming.is_end_stream() {
                    self.activity.end_body();
                }
                let arrival = frame.map(|frame| frame.map_err(broken));
                if matches!(&arrival, Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof) {
                    self.activity.depart();
                }
                Poll::Ready(arrival)
            }
        }
    }
}

fn data_length(frame: Option<&Frame<Bytes>>) -> usize {
    frame.and_then(Frame::data_ref).map_or(0, Bytes::len)
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arrival> {
        if self.resuming.is_none() {
            let arrival = ready!(self.poll_arrival(cx));
            let bytes = data_length(arrival.as_ref().and_then(|frame| frame.as_ref().ok()));
            if self.turn.try_resume(bytes) {
                return Poll::Ready(arrival);
            }
            self.turn.pause();
            let turn = self.turn.clone();
            self.resuming = Some((arrival, Box::pin(async move { turn.resume(bytes).await })));
        }
        let Some((arrival, resumed)) = &mut self.resuming else { return Poll::Ready(None) };
        let resumed = ready!(resumed.as_mut().poll(cx));
        let arrival = arrival.take();
        self.resuming = None;
        if !resumed {
            let reason = "the server has no place or no memory for this request's body";
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ResourceBusy, reason))));
        }
        Poll::Ready(arrival)
    }

    fn is_end_stream(&self) -> bool {
        self.resuming.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.resuming {
            None => self.incoming.size_hint(),
            Some(_) => SizeHint::default(),
        }
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

/// Polls the application's body. A panic or an error of it is logged and ends the connection.
fn poll_caught<B>(body: &mut B, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let frame = match catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx))) {
        Ok(polled) => ready!(polled).map(|frame| frame.map_err(Into::into)),
        Err(panic) => Some(Err(format!("a panic: {}", panic_message(&*panic)).into())),
    };
    if let Some(Err(error)) = &frame {
        let error: &(dyn std::error::Error + 'static) = &**error;
        tracing::error!(target: "nuages.server", error, "the body of a response failed");
    }
    Poll::Ready(frame)
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
        let this = &mut *self;
        let frame = match &mut this.bytes {
            Content::App(body) => {
                let polled = poll_caught(body, cx);
                this.activity.set_stream_waits(polled.is_pending());
                ready!(polled)
            }
            Content::Status(bytes) if bytes.is_empty() => None,
            Content::Status(bytes) => Some(Ok(Frame::data(std::mem::take(bytes)))),
        };
        match (&mut this.log, &frame) {
            (Some(log), Some(Ok(frame))) => log.add_bytes(data_length(Some(frame))),
            // The client sees a response that breaks off, whatever status its head had.
            (Some(log), Some(Err(_))) => log.set_status(StatusCode::INTERNAL_SERVER_ERROR),
            _ => {}
        }
        Poll::Ready(frame)
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
