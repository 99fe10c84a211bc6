//! Listens, limits, times out, drains: bytes on one side, `http` types on the other.
//!
//! `manage runserver` calls [`serve_with`], tests and projects call [`serve`]. What answers is any
//! `tower_service::Service`; [`App`](crate::App) is one. Nothing here knows of views or sessions.
//!
//! - `listener` binds, `accept` takes connections as long as there is room for them,
//! - `connection` drives one of them and cuts it at its limits, which `io` and `body` notice,
//! - `exchange` answers one request: refuses what is malformed, waits for its turn, survives panics,
//! - `access_log` writes a line about it.

mod accept;
mod access_log;
mod activity;
mod body;
mod connection;
mod exchange;
mod io;
mod listener;
mod refuse;
mod signals;

pub use accept::{serve, serve_with};
pub use listener::Listener;
pub use signals::{Signal, Signals, signals};

/// Why the server could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on: taken, not ours, not an address.
    #[error("cannot listen on {address:?}")]
    Bind {
        /// The address as it was given.
        address: String,
        /// What the system says, such as `AddrInUse`.
        source: std::io::Error,
    },
    /// Signals cannot be waited for.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
}
