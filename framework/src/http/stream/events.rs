//! [`Events`]: a response of server-sent events, kept alive, which ends with the server.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tokio::time::{Instant, Sleep, sleep};

use super::{
    Event,
    written::{StreamSender, Written},
};
use crate::{
    BoxError, BoxFuture, Result,
    http::{Body, IntoResponse, Request, Response},
};

/// Proxies close connections that are silent for a minute, some for 30 seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A response of server-sent events, which scripts read with `new EventSource(url)`.
///
/// `work` sends the events. It ends when the client has gone or the server begins to shut down; the browser
/// then connects again. While it is silent, a comment every 15 seconds keeps the connection open. The session
/// has been saved by the time that it runs.
///
/// # Examples
///
/// ```
/// use nuages::{http::{Event, EventSender}, prelude::*};
/// use std::time::Duration;
///
/// fn clock(request: &mut Request) -> Events {
///     Events::new(request, async move |mut events: EventSender| {
///         for tick in 0_u64.. {
///             events.send(Event::json(&tick)?.name("tick")?).await?;
///             tokio::time::sleep(Duration::from_secs(1)).await;
///         }
///         Ok(())
///     })
/// }
/// ```
#[must_use = "events are sent only if the view returns them"]
pub struct Events {
    written: Written,
    ending: BoxFuture<'static, ()>,
    keep_alive: Duration,
}

impl Events {
    /// Makes the response to a request.
    pub fn new<Fut>(request: &Request, work: impl FnOnce(EventSender) -> Fut) -> Self
    where
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let stop = request.stop();
        Self {
            written: Written::new(|sender| work(EventSender(sender))),
            ending: Box::pin(async move { stop.stopped().await }),
            keep_alive: KEEP_ALIVE,
        }
    }

    /// Sets how long the connection may be silent before a comment is sent. Default 15 seconds.
    pub fn keep_alive(mut self, every: Duration) -> Self {
        self.keep_alive = every;
        self
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("keep_alive", &self.keep_alive).finish_non_exhaustive()
    }
}

impl IntoResponse for Events {
    fn into_response(self) -> Result<Response> {
        let body = EventBody { silence: None, events: self };
        let mut response = Response::new(Body::stream(body));
        response.set_header("Content-Type", "text/event-stream");
        response.set_header("Cache-Control", "no-cache");
        // nginx would collect events until its buffer is full.
        response.set_header("X-Accel-Buffering", "no");
        Ok(response)
    }
}

/// Sends the events of an [`Events`]. Clones send to the same client.
///
/// # Examples
///
/// ```
/// use nuages::{http::EventSender, prelude::*};
///
/// async fn greet(mut events: EventSender) -> Result<()> {
///     events.send("hello").await
/// }
/// fn greetings(request: &mut Request) -> Events {
///     Events::new(request, greet)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct EventSender(StreamSender);

impl EventSender {
    /// Sends an event. Waits while the client has not read the events before it.
    ///
    /// # Errors
    ///
    /// If the client has gone.
    pub async fn send(&mut self, event: impl Into<Event>) -> Result<()> {
        self.0.send(event.into().to_string()).await
    }
}

struct EventBody {
    events: Events,
    /// Ends when the connection has been silent for too long.
    silence: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for EventBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self { events, silence } = &mut *self;
        let every = events.keep_alive;
        let silence = silence.get_or_insert_with(|| Box::pin(sleep(every)));
        let sent = match events.written.poll_piece(cx) {
            Poll::Pending if events.ending.as_mut().poll(cx).is_ready() => None,
            Poll::Pending if silence.as_mut().poll(cx).is_ready() => {
                Some(Ok(Bytes::from_static(b": keep-alive\n\n")))
            }
            Poll::Pending => return Poll::Pending,
            Poll::Ready(sent) => sent,
        };
        silence.as_mut().reset(Instant::now() + every);
        Poll::Ready(sent.map(|sent| sent.map(Frame::data)))
    }
}
