//! Drives one connection: hyper reads requests and writes responses until the connection ends, a deadline
//! passes, or the server shuts down.
//!
//! `accept` spawns one task for each connection and runs this in it.

use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use super::{
    activity::Activity,
    deadlines::{Deadlines, Due, Limits},
    exchange::{Exchange, Shared},
    http_service::HttpService,
    io::Io,
    stage::{Stage, Stages},
};

/// The response to a client that begins with HTTP/2.
const HTTP2_REFUSAL: &[u8] =
    b"HTTP/1.1 505 HTTP Version Not Supported\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const HTTP2_REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves one connection to its end.
pub(super) async fn run<S: HttpService>(
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    limits: Limits,
    shared: Shared,
    stages: Arc<Stages>,
) {
    let activity = Arc::new(Activity::default());
    let io = TokioIo::new(Io::new(stream, activity.clone()));
    let _end = EndOfConnection(activity.clone());
    // Boxed, so that the connection is `Unpin` although the service need not be.
    let exchange =
        Box::new(Exchange { service, peer, shared, activity: activity.clone(), stages: stages.clone() });
    let service = service_fn(move |request| {
        let response = exchange.answer(request);
        async { Ok::<_, Infallible>(response.await) }
    });
    let mut connection = http1::Builder::new()
        // A client may close its sending half and still wait for the response.
        .half_close(true)
        .header_read_timeout(None)
        .max_header_size(limits.header_bytes)
        .serve_connection(io, service);
    let mut deadlines = Deadlines::new(limits, &activity);
    // Polled once each: they fire once, and the waker of a task stays the same.
    let (mut draining, mut cutting) = (pin!(stages.draining()), pin!(stages.cutting()));
    let (mut listening, mut closing) = (false, false);
    // Set anew each time it has fired.
    let (mut shedding, mut sheds) = (pin!(stages.shedding()), stages.sheds());

    let end = poll_fn(|cx| {
        if !std::mem::replace(&mut listening, true) {
            let _ = (draining.as_mut().poll(cx), cutting.as_mut().poll(cx), shedding.as_mut().poll(cx));
        }
        loop {
            if let Poll::Ready(end) = Pin::new(&mut connection).poll(cx) {
                return Poll::Ready(end);
            }
            // A request that has not begun is dropped with its client; one that runs goes on by itself.
            if activity.was_reset() || (activity.departed() && activity.queued()) {
                tracing::debug!(target: "nuages.server", %peer, "the client closed the connection");
                return Poll::Ready(Ok(()));
            }
            if activity.has_irregular_framing() && !std::mem::replace(&mut closing, true) {
                Pin::new(&mut connection).graceful_shutdown();
                continue;
            }
            if stages.sheds() != sheds {
                sheds = stages.sheds();
                shedding.set(stages.shedding());
                let _ = shedding.as_mut().poll(cx);
                if deadlines.idle_for().is_some_and(|idle| idle >= stages.shed_idle()) {
                    tracing::debug!(target: "nuages.server", %peer, "closed: idle, and others need its place");
                    return Poll::Ready(Ok(()));
                }
            }
            let stage = stages.now();
            if stage == Stage::Cutting {
                return Poll::Ready(Ok(()));
            }
            if stage == Stage::Draining && deadlines.may_leave() {
                Pin::new(&mut connection).graceful_shutdown();
                continue;
            }
            let Poll::Ready(due) = deadlines.poll(cx) else { return Poll::Pending };
            if let Due::Cut(reason) = due {
                tracing::debug!(target: "nuages.server", %peer, "closed: {reason}");
                return Poll::Ready(Ok(()));
            }
        }
    })
    .await;
    if let Err(error) = end {
        log_failure(peer, &error);
        if error.is_parse_version_h2() {
            let mut io = connection.into_parts().io.into_inner();
            // A client that does not take the response gets none.
            let _ = timeout(HTTP2_REFUSAL_TIMEOUT, refuse_http2(&mut io)).await;
        }
    }
}

/// Answers the preface of HTTP/2, to which hyper itself says nothing.
async fn refuse_http2(io: &mut Io) -> std::io::Result<()> {
    io.write_all(HTTP2_REFUSAL).await?;
    io.shutdown().await
}

/// Tells the handlers of a connection that it has ended, however it ended.
struct EndOfConnection(Arc<Activity>);

impl Drop for EndOfConnection {
    fn drop(&mut self) {
        self.0.depart();
    }
}

fn log_failure(peer: SocketAddr, error: &hyper::Error) {
    if error.is_parse() {
        tracing::warn!(target: "nuages.server", %peer, %error, "received a malformed request");
    } else {
        tracing::debug!(target: "nuages.server", %peer, %error, "the connection failed");
    }
}
