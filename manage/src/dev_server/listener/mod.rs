//! The public port: accepts connections, holds requests while there is no program to answer them, and passes
//! them on.

mod access;
mod answer;
mod body;
mod forward;
mod inject;
mod policy;
mod tools;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

pub(super) use answer::Front;

/// How long to wait when no file descriptor is left for another connection.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// The bound port.
#[derive(Debug)]
pub(crate) struct PublicPort {
    socket: TcpListener,
    pub(crate) address: SocketAddr,
}

impl PublicPort {
    /// Binds the port.
    ///
    /// # Errors
    ///
    /// Where the address is taken or not of this machine.
    pub(crate) async fn bind(address: &str) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { address: socket.local_addr()?, socket })
    }

    /// Accepts connections until it is dropped.
    pub(super) async fn serve(self, front: Arc<Front>) {
        loop {
            let (stream, peer) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_of_one_connection(&error) {
                        tokio::time::sleep(SHORTAGE_PAUSE).await;
                    }
                    continue;
                }
            };
            // Without it a small response waits for the acknowledgement of the one before.
            let _ = stream.set_nodelay(true);
            let front = Arc::clone(&front);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let front = Arc::clone(&front);
                    async move { Ok::<_, std::convert::Infallible>(front.answer(peer, request).await) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .preserve_header_case(true)
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                // An error is the client's: it has gone, or has sent no HTTP.
                let _ = connection.await;
            });
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests;
