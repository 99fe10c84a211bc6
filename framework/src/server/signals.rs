//! The signals that end a server: SIGINT (Ctrl-C) and SIGTERM.

use std::fmt;

use tokio::signal::unix;

use super::error::ServerError;

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: a supervisor.
    Terminate,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// Waits for SIGINT and SIGTERM; see [`signals`].
#[derive(Debug)]
pub struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

/// From now on SIGINT and SIGTERM no longer end the process but are told by [`Signals::next`].
/// Needs a tokio runtime.
///
/// # Errors
///
/// [`ServerError::Signals`] where the system refuses.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), nuages::server::ServerError> {
/// let mut signals = nuages::server::signals()?;
/// eprintln!("{} received", signals.next().await);
/// # Ok(())
/// # }
/// ```
pub fn signals() -> Result<Signals, ServerError> {
    let listen = |kind| unix::signal(kind).map_err(ServerError::Signals);
    Ok(Signals {
        interrupt: listen(unix::SignalKind::interrupt())?,
        terminate: listen(unix::SignalKind::terminate())?,
    })
}

impl Signals {
    /// The next signal that arrives.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}
