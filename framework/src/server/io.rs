//! The socket of one connection. It reports the bytes that pass through it to the connection's
//! [`Activity`], and lingers on close where the client is still sending.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

use super::activity::Activity;

/// How long the server reads and discards what a client still sends after the last response. Closing a
/// socket with unread bytes resets it, and the client would lose the response (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(2);

/// How often the server looks whether a client has gone whose bytes nobody reads.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The event of a client that has closed its sending half. Other systems than Linux report it only with
/// the end of the whole connection.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SENDING_CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SENDING_CLOSED: PollFlags = PollFlags::HUP;

pub(super) struct Io {
    stream: TcpStream,
    activity: Arc<Activity>,
    linger: Option<Pin<Box<Sleep>>>,
    /// The next look for the end of the connection behind unread bytes.
    look: Option<Pin<Box<Sleep>>>,
}

/// What the system knows of a connection that has ended.
enum Ending {
    /// The client has closed at least its sending half (FIN).
    Closed,
    /// The connection is broken (RST).
    Broken,
}

/// Returns how the connection has ended, also if bytes before its end are unread.
fn ending(stream: &TcpStream) -> Option<Ending> {
    let mut fds = [PollFd::new(stream, SENDING_CLOSED)];
    // A failed look is repeated later.
    poll(&mut fds, Some(&Timespec::default())).ok()?;
    let found = fds[0].revents();
    if found.intersects(PollFlags::ERR | PollFlags::HUP) {
        Some(Ending::Broken)
    } else {
        found.intersects(SENDING_CLOSED).then_some(Ending::Closed)
    }
}

impl Io {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity, linger: None, look: None }
    }

    /// Looks whether the client has closed the connection while hyper does not read from it.
    fn watch_for_departure(&mut self, cx: &mut Context<'_>) {
        if !self.activity.awaits_departure() {
            self.look = None;
            return;
        }
        let mut byte = [0];
        match self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
            Poll::Ready(Ok(0)) => self.activity.depart(),
            Poll::Ready(Err(_)) => self.activity.break_off(),
            Poll::Pending => {}
            // The rest of a body that the handler ignores, or the next request.
            Poll::Ready(Ok(_)) => self.look_behind_unread_bytes(cx),
        }
    }

    /// Looks for the end of the connection behind bytes that nobody reads. They hide it from reads, and
    /// nothing wakes this task when it comes, so a timer repeats the look.
    fn look_behind_unread_bytes(&mut self, cx: &mut Context<'_>) {
        loop {
            match ending(&self.stream) {
                Some(Ending::Closed) => return self.activity.depart(),
                Some(Ending::Broken) => return self.activity.break_off(),
                None => {}
            }
            let look = self.look.get_or_insert_with(|| Box::pin(sleep(LOOK_INTERVAL)));
            if look.as_mut().poll(cx).is_pending() {
                return;
            }
            look.as_mut().reset(Instant::now() + LOOK_INTERVAL);
        }
    }

    fn wrote(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Pending => self.activity.blocked(),
            Poll::Ready(Ok(_)) => self.activity.sent(),
            Poll::Ready(Err(_)) => {}
        }
        result
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.received(&buffer.filled()[before..]);
        }
        result
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes each time it is polled, so this is where the departure of a client is noticed.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watch_for_departure(cx);
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Shuts down the sending half. If the client is still sending, reads and discards that for up to
    /// [`LINGER`], so that the client receives the response.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            if !self.activity.unread() {
                return Poll::Ready(Ok(()));
            }
        }
        let Self { stream, linger, .. } = &mut *self;
        let linger = linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut sink = [0; 4096];
        while linger.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut sink);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
