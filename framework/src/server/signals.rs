//! The signals that end a server: SIGINT (Ctrl-C) and SIGTERM.

use std::fmt;

use tokio::signal::unix;

use super::error::ServerError;

/// A signal that asks the process to end.
///
/// # Examples
///
/// ```
/// use nuages::server::Signal;
///
/// assert_eq!(Signal::Terminate.to_string(), "SIGTERM");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: sent by a supervisor, such as systemd.
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

/// Waits for SIGINT and SIGTERM; made by [`signals`].
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), nuages::server::ServerError> {
/// let mut signals: nuages::server::Signals = nuages::server::signals()?;
/// let signal = signals.next().await;
/// println!("stopping: {signal}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

/// Catches SIGINT and SIGTERM: they no longer end the process, and [`Signals::next`] returns them.
///
/// Must be called in a tokio runtime.
///
/// # Errors
///
/// Returns [`ServerError::Signals`] if the system does not allow it.
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
    /// Waits for the next signal.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}
