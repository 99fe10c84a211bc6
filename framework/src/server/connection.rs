//! Drives one connection: hyper reads requests and writes responses until the connection ends, a deadline
//! passes, or the server shuts down.
//!
//! `accept` spawns one task for each connection and runs this in it.

use std::{convert::Infallible, future::poll_fn, net::SocketAddr, pin::pin, sync::Arc, task::Poll};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    activity::Activity,
    deadlines::{Deadlines, Due, Limits},
    exchange::{Exchange, Shared},
    http_service::HttpService,
    io::Io,
    stage::{Stage, Stages},
};

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
    let exchange = Exchange { service, peer, shared, activity: activity.clone() };
    let service = service_fn(move |request| {
        let response = exchange.answer(request);
        async { Ok::<_, Infallible>(response.await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            // A client may close its sending half and still wait for the response.
            .half_close(true)
            .header_read_timeout(None)
            .max_header_size(limits.header_bytes)
            .serve_connection(io, service)
    );
    let mut deadlines = Deadlines::new(limits, &activity);
    // Polled once each: they fire once, and the waker of a task stays the same.
    let (mut draining, mut cutting) = (pin!(stages.draining()), pin!(stages.cutting()));
    let mut listening = false;

    poll_fn(|cx| {
        if !std::mem::replace(&mut listening, true) {
            let _ = (draining.as_mut().poll(cx), cutting.as_mut().poll(cx));
        }
        loop {
            if let Poll::Ready(end) = connection.as_mut().poll(cx) {
                if let Err(error) = end {
                    log_failure(peer, &error);
                }
                return Poll::Ready(());
            }
            // A request that has not begun is dropped with its client; one that runs goes on by itself.
            if activity.was_reset() || (activity.departed() && activity.queued()) {
                tracing::debug!(target: "nuages.server", %peer, "the client closed the connection");
                return Poll::Ready(());
            }
            let stage = stages.now();
            if stage == Stage::Cutting {
                return Poll::Ready(());
            }
            if stage == Stage::Draining && deadlines.may_leave() {
                connection.as_mut().graceful_shutdown();
                continue;
            }
            let Poll::Ready(due) = deadlines.poll(cx) else { return Poll::Pending };
            if let Due::Cut(reason) = due {
                tracing::debug!(target: "nuages.server", %peer, "closed: {reason}");
                return Poll::Ready(());
            }
        }
    })
    .await;
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
