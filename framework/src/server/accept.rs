//! Takes connections while there is room for them, and drains them when it is asked to stop.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::{
    net::TcpStream,
    sync::{Notify, Semaphore},
    time::{sleep, timeout},
};
use tower_service::Service;

use super::{Listener, connection, exchange::Gate};
use crate::{BoxError, http::Body, settings::ServerSettings};

/// How long the clients that the system let in are still taken over when the server is to stop.
const LAST_CALL: Duration = Duration::from_millis(10);
/// How long connections without a request get to close. The ones that are left then each have a request.
const IDLE_CLOSE: Duration = Duration::from_millis(200);
/// How long cut connections get to notice it.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// Serves `service` on `listener` until `shutdown` resolves, then stops: the port is closed, requests in
/// flight finish, idle connections are closed. Returns when all is done, after `GRACEFUL_TIMEOUT` at the
/// latest: whatever is not finished then is cut.
///
/// Requests carry the client's `std::net::SocketAddr` among their extensions.
///
/// # Examples
///
/// ```no_run
/// # async fn example(app: nuages::App, settings: nuages::settings::Settings) -> Result<(), nuages::server::ServerError> {
/// use nuages::server::{Listener, serve, signals};
///
/// let listener = Listener::bind("127.0.0.1:8000").await?;
/// let mut signals = signals()?;
/// serve(listener, app, &settings.server, async { drop(signals.next().await) }).await;
/// # Ok(())
/// # }
/// ```
pub async fn serve<S, B>(
    listener: Listener,
    service: S,
    settings: &ServerSettings,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    serve_with(listener, service, settings, shutdown, std::future::pending()).await;
}

/// As [`serve`], and when `stop` resolves, at any time, everything is cut at once.
pub async fn serve_with<S, B>(
    listener: Listener,
    service: S,
    settings: &ServerSettings,
    shutdown: impl Future<Output = ()>,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let server = Server::new(settings);
    let (taking, listening) = (&server, &listener);
    // The service is moved in: it need not be `Sync`.
    let mut accepting = Box::pin(async move {
        loop {
            let room = taking.rooms.clone().acquire_owned().await;
            let (stream, peer) = listening.accept().await;
            let connection = taking.connect(stream, peer, service.clone());
            tokio::spawn(async move {
                connection.await;
                drop(room);
            });
        }
    });
    let mut stop = pin!(stop);
    let graceful = tokio::select! {
        biased;
        () = &mut stop => false,
        () = shutdown => true,
        () = &mut accepting => true,
    };
    if graceful {
        // Those that have connected already would be reset, their requests with them.
        let _ = timeout(LAST_CALL, &mut accepting).await;
    }
    drop(accepting);
    drop(listener);
    if graceful {
        server.drain(settings.graceful_timeout, stop).await;
    }
    server.stages.enter(Stage::Cut);
    if timeout(LAST_MOMENT, server.emptied()).await.is_err() {
        tracing::warn!(target: "nuages.server", "some connections are still busy");
    }
}

/// What the server does with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Serves them.
    Open,
    /// Lets them finish what they began.
    Drain,
    /// Ends them at once.
    Cut,
}

/// Tells all connections of the server's stage.
#[derive(Default)]
pub(super) struct Stages {
    stage: AtomicU8,
    drains: Notify,
    cuts: Notify,
}

impl Stages {
    pub(super) fn now(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Open,
            1 => Stage::Drain,
            _ => Stage::Cut,
        }
    }

    /// Resolves when the server begins to drain, if it did not before this call.
    pub(super) fn drains(&self) -> impl Future<Output = ()> {
        self.drains.notified()
    }

    /// Resolves when everything is cut, if it was not before this call.
    pub(super) fn cuts(&self) -> impl Future<Output = ()> {
        self.cuts.notified()
    }

    fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
        match stage {
            Stage::Open => {}
            Stage::Drain => self.drains.notify_waiters(),
            Stage::Cut => self.cuts.notify_waiters(),
        }
    }
}

struct Server {
    limits: connection::Limits,
    rooms: Arc<Semaphore>,
    capacity: u32,
    gate: Arc<Gate>,
    stages: Arc<Stages>,
}

impl Server {
    fn new(settings: &ServerSettings) -> Self {
        let capacity = u32::try_from(settings.max_connections).unwrap_or(u32::MAX).clamp(1, 1 << 28);
        Self {
            limits: connection::Limits::new(settings),
            rooms: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            gate: Arc::new(Gate::new(settings.max_requests, settings.max_queued_requests)),
            stages: Arc::default(),
        }
    }

    fn connect<S, B>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        service: S,
    ) -> impl Future<Output = ()> + Send + use<S, B>
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        connection::run(stream, peer, service, self.limits, self.gate.clone(), self.stages.clone())
    }

    /// Resolves when no connection is left.
    async fn emptied(&self) {
        drop(self.rooms.acquire_many(self.capacity).await);
    }

    /// How many connections there are. Wrong while `emptied` waits.
    fn connections(&self) -> usize {
        self.capacity as usize - self.rooms.available_permits()
    }

    async fn drain(&self, within: Duration, stop: impl Future<Output = ()>) {
        self.stages.enter(Stage::Drain);
        let mut stop = pin!(stop);
        let idle_close = IDLE_CLOSE.min(within);
        tokio::select! {
            biased;
            () = self.emptied() => return,
            () = &mut stop => return,
            () = sleep(idle_close) => {
                let requests = self.connections();
                let noun = if requests == 1 { "request" } else { "requests" };
                tracing::info!(
                    target: "nuages.server",
                    "waiting for {requests} {noun} to finish, {within:?} at most"
                );
            }
        }
        tokio::select! {
            biased;
            () = self.emptied() => {}
            () = stop => {}
            () = sleep(within - idle_close) => {
                let left = self.connections();
                tracing::warn!(target: "nuages.server", left, "connections did not finish in time, cutting them");
            }
        }
    }
}
