//! Accepts connections, limits them, times them out and drains them: bytes on one side, `http` types on
//! the other.
//!
//! `manage runserver` calls [`serve_with`]; tests and projects call [`serve`]. Any
//! `tower_service::Service` can answer the requests; [`App`](crate::App) is one. Nothing here knows about
//! views or sessions.
//!
//! - `listener` binds the socket, and `accept` takes connections until the configured number is open, or
//!   as many as the limit on open files allows (`descriptors`).
//! - `connection` drives one connection and closes it at its `deadlines`; `io` and `body` report its
//!   progress to `activity`, and `stage` says whether the server is shutting down.
//! - `framing` watches where heads and bodies end, for what hyper does not report.
//! - `exchange` answers one request: it rejects malformed requests, waits at the `gate` for a free place,
//!   and turns a panic into a 500. `body_budget` limits the memory of all request bodies, `pace` the time
//!   that each of them takes, and a [`StopToken`] tells the handler when its client has gone.
//! - `access_log` writes one line about each request.

mod accept;
mod access_log;
mod activity;
mod body;
mod body_budget;
mod connection;
mod deadlines;
mod descriptors;
mod error;
mod exchange;
mod framing;
mod gate;
mod http_service;
mod io;
mod listener;
mod pace;
mod refuse;
mod signals;
mod stage;
mod stop_token;

pub use accept::{serve, serve_with};
pub use error::ServerError;
pub use http_service::HttpService;
pub use listener::Listener;
pub use signals::{Signal, Signals, signals};
pub use stop_token::StopToken;
