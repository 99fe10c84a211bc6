//! The socket that connections arrive at.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};

use super::error::ServerError;

/// How many connections the system keeps for us until we accept them (it may allow fewer).
const BACKLOG: u32 = 4_096;
/// How long to wait when the system has no file descriptor left for another connection.
const OUT_OF_DESCRIPTORS_PAUSE: Duration = Duration::from_millis(100);

/// A bound socket.
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
}

impl Listener {
    /// Listens on `address`: `127.0.0.1:8000`, `[::1]:8000` or `localhost:8000`. Port 0 lets the system
    /// choose; [`Listener::local_addr`] tells which. A server that was just stopped leaves its port free
    /// (`SO_REUSEADDR`). Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ServerError::Bind`] where the address is taken, not this machine's or not an address.
    pub async fn bind(address: &str) -> Result<Self, ServerError> {
        bind_first(address).await.map_err(|source| ServerError::Bind { address: address.to_owned(), source })
    }

    /// Listens on a socket that somebody else bound, such as a supervisor.
    ///
    /// # Errors
    ///
    /// [`ServerError::Bind`] where it cannot be watched.
    pub fn from_std(socket: std::net::TcpListener) -> Result<Self, ServerError> {
        let adopt = || {
            socket.set_nonblocking(true)?;
            Self::new(TcpListener::from_std(socket)?)
        };
        adopt().map_err(|source| ServerError::Bind { address: "an inherited socket".to_owned(), source })
    }

    fn new(socket: TcpListener) -> io::Result<Self> {
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. A connection that died before it was accepted is passed over; where the
    /// system cannot give us another descriptor, those that wait go on waiting.
    pub(super) async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => match stream.set_nodelay(true) {
                    Ok(()) => return (stream, peer),
                    Err(error) => {
                        tracing::debug!(target: "nuages.server", %peer, %error, "gone before it began")
                    }
                },
                Err(error) if is_of_one_connection(&error) => {
                    tracing::debug!(target: "nuages.server", %error, "a connection died in the backlog");
                }
                Err(error) => {
                    tracing::error!(target: "nuages.server", %error, "cannot accept connections");
                    tokio::time::sleep(OUT_OF_DESCRIPTORS_PAUSE).await;
                }
            }
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
