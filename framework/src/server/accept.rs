//! Accepts connections, up to a limit, and drains them when the server shuts down.
//!
//! `manage` and projects call [`serve`] or [`serve_with`]; `connection` does the rest for each connection.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

use super::{
    connection,
    deadlines::Limits,
    descriptors::fit_connections,
    exchange::Shared,
    http_service::HttpService,
    listener::Listener,
    stage::{Stage, Stages},
};
use crate::settings::ServerSettings;

/// How long the server still accepts connections from the backlog after shutdown begins. Closing the port
/// earlier would reset clients that have already connected.
const BACKLOG_GRACE: Duration = Duration::from_millis(10);
/// How long idle connections get to close. Each connection that is left then has a request.
const IDLE_CLOSE: Duration = Duration::from_millis(200);
/// How long the server waits for connections to close after it has cut them.
const CUT_GRACE: Duration = Duration::from_millis(500);

/// The idle times from which connections close if others need their places, the first tried first.
const SHED_IDLE: [Duration; 3] = [Duration::from_secs(30), Duration::from_secs(5), Duration::from_secs(1)];
/// How long to wait for a place before more idle connections close.
const SHED_PAUSE: Duration = Duration::from_millis(100);

/// Serves `service` on `listener` until `shutdown` resolves, then shuts down.
///
/// Shutting down closes the port and all idle connections, and lets running requests finish. After
/// `GRACEFUL_TIMEOUT` the server cuts what is still running. Returns when all connections are closed.
///
/// Each request carries the client's `std::net::SocketAddr` among its extensions.
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
pub async fn serve<S: HttpService>(
    listener: Listener,
    service: S,
    settings: &ServerSettings,
    shutdown: impl Future<Output = ()>,
) {
    serve_with(listener, service, settings, shutdown, std::future::pending()).await;
}

/// Serves like [`serve`], and cuts all connections immediately when `stop` resolves, at any time.
///
/// # Examples
///
/// The first signal drains, the second one cuts:
///
/// ```no_run
/// # async fn example(app: nuages::App, settings: nuages::settings::Settings) -> Result<(), nuages::server::ServerError> {
/// use nuages::server::{Listener, serve_with, signals};
///
/// let listener = Listener::bind("127.0.0.1:8000").await?;
/// let (mut first, mut second) = (signals()?, signals()?);
/// let stop = async {
///     second.next().await;
///     second.next().await;
/// };
/// serve_with(listener, app, &settings.server, async { drop(first.next().await) }, stop).await;
/// # Ok(())
/// # }
/// ```
pub async fn serve_with<S: HttpService>(
    listener: Listener,
    service: S,
    settings: &ServerSettings,
    shutdown: impl Future<Output = ()>,
    stop: impl Future<Output = ()>,
) {
    let server = Server::new(settings);
    let (server_ref, listener_ref) = (&server, &listener);
    // The future owns the service, which need not be `Sync`.
    let mut accepting = Box::pin(async move {
        loop {
            // Accepted before there is a place for it: idle connections close only for another client.
            let (stream, peer) = listener_ref.accept(|| server_ref.stages.shed(SHED_IDLE[1])).await;
            let permit = server_ref.place().await;
            let connection = server_ref.connect(stream, peer, service.clone());
            tokio::spawn(async move {
                connection.await;
                drop(permit);
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
        let _ = timeout(BACKLOG_GRACE, &mut accepting).await;
    }
    drop(accepting);
    drop(listener);
    if graceful {
        server.drain(settings.graceful_timeout, stop).await;
    }
    server.stages.enter(Stage::Cutting);
    if timeout(CUT_GRACE, server.all_closed()).await.is_err() {
        tracing::warn!(target: "nuages.server", "some connections are still busy");
    }
}

struct Server {
    limits: Limits,
    /// One permit for each connection that may be open.
    connections: Arc<Semaphore>,
    capacity: u32,
    shared: Shared,
    stages: Arc<Stages>,
}

impl Server {
    fn new(settings: &ServerSettings) -> Self {
        let fitting = fit_connections(settings.max_connections);
        let capacity = u32::try_from(fitting).unwrap_or(u32::MAX).clamp(1, 1 << 28);
        Self {
            limits: Limits::new(settings),
            connections: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            shared: Shared::new(settings),
            stages: Arc::default(),
        }
    }

    /// Waits for a place for one more connection. If there is none, closes idle connections, those first
    /// that have been idle for longest.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let mut thresholds = SHED_IDLE.into_iter();
        let mut threshold = SHED_IDLE[0];
        loop {
            if let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() {
                return Some(permit);
            }
            threshold = thresholds.next().unwrap_or(threshold);
            self.stages.shed(threshold);
            if let Ok(permit) = timeout(SHED_PAUSE, Arc::clone(&self.connections).acquire_owned()).await {
                return permit.ok();
            }
        }
    }

    fn connect<S: HttpService>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        service: S,
    ) -> impl Future<Output = ()> + Send + use<S> {
        connection::run(stream, peer, service, self.limits, self.shared.clone(), self.stages.clone())
    }

    /// Resolves when all connections are closed.
    async fn all_closed(&self) {
        drop(self.connections.acquire_many(self.capacity).await);
    }

    /// The number of open connections. Wrong while `all_closed` waits.
    fn open_connections(&self) -> usize {
        self.capacity as usize - self.connections.available_permits()
    }

    async fn drain(&self, within: Duration, stop: impl Future<Output = ()>) {
        self.stages.enter(Stage::Draining);
        let mut stop = pin!(stop);
        let idle_close = IDLE_CLOSE.min(within);
        tokio::select! {
            biased;
            () = self.all_closed() => return,
            () = &mut stop => return,
            () = sleep(idle_close) => {
                let requests = self.open_connections();
                let noun = if requests == 1 { "request" } else { "requests" };
                tracing::info!(
                    target: "nuages.server",
                    "waiting for {requests} {noun} to finish, {within:?} at most"
                );
            }
        }
        tokio::select! {
            biased;
            () = self.all_closed() => {}
            () = stop => {}
            () = sleep(within - idle_close) => {
                let left = self.open_connections();
                tracing::warn!(target: "nuages.server", left, "connections did not finish in time, cutting them");
            }
        }
    }
}
