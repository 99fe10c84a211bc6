//! Takes connections while there is place for them, and drains them when it is asked to stop.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use tokio::{net::TcpStream, sync::Semaphore, time::timeout};

use super::{
    connection,
    deadlines::Limits,
    gate::Gate,
    http_service::HttpService,
    listener::Listener,
    stage::{Stage, Stages},
};
use crate::settings::ServerSettings;

/// How long the clients that the system let in are still taken over when the server is to stop.
const BACKLOG_GRACE: Duration = Duration::from_millis(10);
/// How long cut connections get to notice it.
const CUT_GRACE: Duration = Duration::from_millis(500);

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
pub async fn serve<S: HttpService>(
    listener: Listener,
    service: S,
    settings: &ServerSettings,
    shutdown: impl Future<Output = ()>,
) {
    serve_with(listener, service, settings, shutdown, std::future::pending()).await;
}

/// As [`serve`], and when `stop` resolves, at any time, everything is cut at once.
pub async fn serve_with<S: HttpService>(
    listener: Listener,
    service: S,
    settings: &ServerSettings,
    shutdown: impl Future<Output = ()>,
    stop: impl Future<Output = ()>,
) {
    let server = Server::new(settings);
    let (taking, listening) = (&server, &listener);
    // The service is moved in: it need not be `Sync`.
    let mut accepting = Box::pin(async move {
        loop {
            let place = taking.places.clone().acquire_owned().await;
            let (stream, peer) = listening.accept().await;
            let connection = taking.connect(stream, peer, service.clone());
            tokio::spawn(async move {
                connection.await;
                drop(place);
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
    places: Arc<Semaphore>,
    capacity: u32,
    gate: Arc<Gate>,
    stages: Arc<Stages>,
}

impl Server {
    fn new(settings: &ServerSettings) -> Self {
        let capacity = u32::try_from(settings.max_connections).unwrap_or(u32::MAX).clamp(1, 1 << 28);
        Self {
            limits: Limits::new(settings),
            places: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            gate: Arc::new(Gate::new(settings.max_requests, settings.max_queued_requests)),
            stages: Arc::default(),
        }
    }

    fn connect<S: HttpService>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        service: S,
    ) -> impl Future<Output = ()> + Send + use<S> {
        connection::run(stream, peer, service, self.limits, self.gate.clone(), self.stages.clone())
    }

    /// Resolves when no connection is left.
    async fn all_closed(&self) {
        drop(self.places.acquire_many(self.capacity).await);
    }

    async fn drain(&self, within: Duration, stop: impl Future<Output = ()>) {
        self.stages.enter(Stage::Draining);
        tokio::select! {
            biased;
            () = self.all_closed() => {}
            () = stop => {}
            () = tokio::time::sleep(within) => {
                let left = self.capacity as usize - self.places.available_permits();
                tracing::warn!(target: "nuages.server", left, "connections did not finish in time, cutting them");
            }
        }
    }
}
