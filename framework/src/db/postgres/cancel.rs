//! Cancels statements: asks the server, over a connection of its own, to end what runs on another one.
//!
//! `tokio-postgres` closes that connection right after the request. PgBouncer drops the request then, so it
//! stays open here until the other side closes it, as in libpq.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::TcpStream,
    time,
};
#[cfg(feature = "tls")]
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, NoTls};

use super::{encryption::Encryption, server::Server};
use crate::BoxError;

/// How long cancelling a statement may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the server to end the statement that runs on the connection of `token`.
pub(super) async fn cancel(server: &Server, token: CancelToken) {
    match time::timeout(TIMEOUT, request(server, token)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(error = &*error, "cannot cancel a statement"),
        Err(_) => tracing::debug!("cannot cancel a statement in time"),
    }
}

async fn request(server: &Server, token: CancelToken) -> Result<(), BoxError> {
    #[cfg(unix)]
    if server.host.starts_with('/') {
        let socket = format!("{}/.s.PGSQL.{}", server.host, server.port);
        return send(server, token, tokio::net::UnixStream::connect(socket).await?).await;
    }
    send(server, token, TcpStream::connect((server.host.as_str(), server.port)).await?).await
}

async fn send<S>(server: &Server, token: CancelToken, stream: S) -> Result<(), BoxError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = KeptOpen(Arc::new(Mutex::new(stream)));
    match &server.encryption {
        Encryption::Off => token.cancel_query_raw(KeptOpen(stream.0.clone()), NoTls).await?,
        #[cfg(feature = "tls")]
        Encryption::Tls(tls) => {
            let mut tls = tls.clone();
            let tls = MakeTlsConnect::<KeptOpen<S>>::make_tls_connect(&mut tls, &server.host)?;
            token.cancel_query_raw(KeptOpen(stream.0.clone()), tls).await?;
        }
    }
    // The server closes the connection when it has signalled the other one.
    let mut rest = [0; 64];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A stream that its writer cannot close.
struct KeptOpen<S>(Arc<Mutex<S>>);

impl<S: Unpin> KeptOpen<S> {
    fn with<T>(&self, poll: impl FnOnce(Pin<&mut S>) -> T) -> T {
        poll(Pin::new(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for KeptOpen<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_read(cx, buffer))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for KeptOpen<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    /// Sends what is buffered, and closes nothing.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
