//! The socket on which the server accepts connections.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};

use super::error::ServerError;

/// How many connections may wait in the system's backlog until they are accepted (the system may allow
/// fewer).
const BACKLOG: u32 = 4_096;
/// How long to wait when no file descriptor is left for another connection.
const OUT_OF_DESCRIPTORS_PAUSE: Duration = Duration::from_millis(100);

/// How often a lasting failure to accept is logged at most.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// A bound socket that accepts connections.
///
/// # Examples
///
/// ```
/// # async fn example() -> Result<(), nuages::server::ServerError> {
/// let listener = nuages::server::Listener::bind("127.0.0.1:0").await?;
/// assert_ne!(listener.local_addr().port(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// When a failure to accept was last logged.
    logged: Mutex<Option<Instant>>,
}

impl Listener {
    /// Listens on an address: `127.0.0.1:8000`, `[::1]:8000` or `localhost:8000`.
    ///
    /// Port 0 lets the system choose a free port; [`Listener::local_addr`] returns it. The port of a
    /// server that has just stopped can be bound again immediately (`SO_REUSEADDR`). Must be called in a
    /// tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::Bind`] if the address is taken, belongs to another machine, or is no
    /// address.
    pub async fn bind(address: &str) -> Result<Self, ServerError> {
        bind_first(address).await.map_err(|source| ServerError::Bind { address: address.to_owned(), source })
    }

    /// Uses a socket that is already bound, for example one inherited from a supervisor.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::Bind`] if the runtime cannot use the socket.
    pub fn from_std(socket: std::net::TcpListener) -> Result<Self, ServerError> {
        let adopt = || {
            socket.set_nonblocking(true)?;
            Self::new(TcpListener::from_std(socket)?)
        };
        adopt().map_err(|source| ServerError::Bind { address: "an inherited socket".to_owned(), source })
    }

    fn new(socket: TcpListener) -> io::Result<Self> {
        let address = socket.local_addr()?;
        Ok(Self { socket, address, logged: Mutex::default() })
    }

    /// The address on which it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next connection. Skips connections that were closed before they were accepted. If no
    /// file descriptor is left, calls `shortage`, pauses and tries again; the clients stay in the backlog.
    pub(super) async fn accept(&self, shortage: impl Fn()) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => match stream.set_nodelay(true) {
                    Ok(()) => return (stream, peer),
                    Err(error) => {
                        tracing::debug!(target: "nuages.server", %peer, %error, "a connection was closed before it was accepted")
                    }
                },
                Err(error) if is_of_one_connection(&error) => {
                    tracing::debug!(target: "nuages.server", %error, "a connection was closed in the backlog");
                }
                Err(error) => {
                    self.log_shortage(&error);
                    shortage();
                    tokio::time::sleep(OUT_OF_DESCRIPTORS_PAUSE).await;
                }
            }
        }
    }
}

impl Listener {
    /// Logs a failure to accept, at most once in [`LOG_PAUSE`].
    fn log_shortage(&self, error: &io::Error) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|moment| moment.elapsed() >= LOG_PAUSE) {
            *logged = Some(Instant::now());
            tracing::error!(target: "nuages.server", %error, "cannot accept connections");
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn bind_first(address: &str) -> io::Result<Listener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
    for candidate in lookup_host(address).await? {
        match bind_one(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind_one(address: SocketAddr) -> io::Result<Listener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Listener::new(socket.listen(BACKLOG)?)
}
