//! Drives one connection, and cuts it when it makes no progress, when the server drains or stops.
//!
//! hyper reads and writes; [`Activity`] tells what it achieved. One timer serves all limits: it is set
//! for the earliest, and when it fires too early (progress was made meanwhile) it is set again.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tower_service::Service;

use super::{
    accept::{Stage, Stages},
    activity::{Activity, Phase},
    exchange::{Exchange, Gate},
    io::Io,
};
use crate::{BoxError, http::Body, settings::ServerSettings};

/// When the server drains, a connection that was just opened gets so long to bring its request: it may be
/// on its way already.
const FIRST_WORDS: Duration = Duration::from_millis(50);

/// What one connection may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    header: Duration,
    keep_alive: Duration,
    body: Duration,
    write: Duration,
    header_bytes: usize,
}

impl Limits {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            header: settings.header_timeout,
            keep_alive: settings.keep_alive_timeout,
            body: settings.body_timeout,
            write: settings.write_timeout,
            header_bytes: settings.max_header_bytes,
        }
    }
}

/// Serves one connection to its end.
pub(super) async fn run<S, B>(
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    limits: Limits,
    gate: Arc<Gate>,
    stages: Arc<Stages>,
) where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let activity = Arc::new(Activity::default());
    let io = TokioIo::new(Io::new(stream, activity.clone()));
    let exchange = Exchange { service, peer, body_timeout: limits.body, gate, activity: activity.clone() };
    let service = service_fn(move |request| {
        let response = exchange.answer(request);
        async { Ok::<_, std::convert::Infallible>(response.await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            // A client may close its half and still wait for the answer.
            .half_close(true)
            .header_read_timeout(None)
            .max_header_size(limits.header_bytes)
            .serve_connection(io, service)
    );
    let mut watch = Watch::new(limits, &activity);
    // Polled once: each fires once, and the waker of a task stays the same.
    let (mut drains, mut cuts) = (pin!(stages.drains()), pin!(stages.cuts()));
    let mut listening = false;

    poll_fn(|cx| {
        if !std::mem::replace(&mut listening, true) {
            let _ = (drains.as_mut().poll(cx), cuts.as_mut().poll(cx));
        }
        loop {
            if let Poll::Ready(end) = connection.as_mut().poll(cx) {
                if let Err(error) = end {
                    log_failure(peer, &error);
                }
                return Poll::Ready(());
            }
            let stage = stages.now();
            if stage == Stage::Cut {
                return Poll::Ready(());
            }
            if stage == Stage::Drain && watch.may_leave() {
                connection.as_mut().graceful_shutdown();
                continue;
            }
            let Poll::Ready(due) = watch.poll(cx) else { return Poll::Pending };
            if let Due::Cut(reason) = due {
                tracing::debug!(target: "nuages.server", %peer, "closed: {reason}");
                return Poll::Ready(());
            }
        }
    })
    .await;
}

fn log_failure(peer: SocketAddr, error: &hyper::Error) {
    if error.is_parse() {
        tracing::warn!(target: "nuages.server", %peer, %error, "a malformed request");
    } else {
        tracing::debug!(target: "nuages.server", %peer, %error, "the connection failed");
    }
}

/// What is to be done at a deadline.
#[derive(Clone, Copy)]
enum Due {
    Cut(&'static str),
    /// The server drains, and the client said nothing.
    Leave,
}

/// The deadlines of one connection.
struct Watch<'a> {
    limits: Limits,
    activity: &'a Activity,
    steps: u32,
    writes: u32,
    /// When the phase began.
    entered: Instant,
    /// When bytes last left, or were first kept from leaving.
    wrote: Instant,
    /// Until when a draining server waits for the first byte.
    patience: Option<Instant>,
    left: bool,
    timer: Pin<Box<Sleep>>,
    timing: bool,
}

impl<'a> Watch<'a> {
    fn new(limits: Limits, activity: &'a Activity) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + limits.header));
        let (steps, writes) = (activity.steps(), activity.writes());
        let (entered, wrote, patience) = (now, now, None);
        Self { limits, activity, steps, writes, entered, wrote, patience, left: false, timer, timing: false }
    }

    /// Whether the connection of a draining server should be told so now; true once.
    fn may_leave(&mut self) -> bool {
        if self.left {
            return false;
        }
        if !self.activity.heard() {
            let now = Instant::now();
            if now < *self.patience.get_or_insert(now + FIRST_WORDS) {
                return false;
            }
        }
        self.left = true;
        true
    }

    /// Ready when a deadline has passed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        self.look();
        while let Some((deadline, due)) = self.deadline() {
            if self.timer.is_elapsed() || deadline < self.timer.deadline() {
                if deadline <= Instant::now() {
                    return Poll::Ready(due);
                }
                self.timer.as_mut().reset(deadline);
                self.timing = false;
            }
            if self.timing || self.timer.as_mut().poll(cx).is_pending() {
                self.timing = true;
                break;
            }
        }
        Poll::Pending
    }

    /// Notes the moment of what has changed since the last look.
    fn look(&mut self) {
        let (steps, writes) = (self.activity.steps(), self.activity.writes());
        if (steps, writes) == (self.steps, self.writes) {
            return;
        }
        let now = Instant::now();
        if std::mem::replace(&mut self.steps, steps) != steps {
            self.entered = now;
        }
        if std::mem::replace(&mut self.writes, writes) != writes {
            self.wrote = now;
        }
    }

    /// The earliest moment at which something is to be done.
    fn deadline(&self) -> Option<(Instant, Due)> {
        let Limits { header, keep_alive, write, .. } = self.limits;
        let reading = match self.activity.phase() {
            Phase::Head => Some((self.entered + header, Due::Cut("no whole request head in time"))),
            Phase::Idle => Some((self.entered.max(self.wrote) + keep_alive, Due::Cut("idle"))),
            Phase::Busy => None,
        };
        let blocked = self.activity.write_blocked();
        let writing = blocked.then(|| (self.wrote + write, Due::Cut("the client does not read")));
        let leaving = self.patience.filter(|_| !self.left).map(|moment| (moment, Due::Leave));
        [reading, writing, leaving].into_iter().flatten().min_by_key(|(moment, _)| *moment)
    }
}
