//! Nuages: a small Django-like web framework with built-in sessions.

pub mod http;
pub mod middleware;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod view;

mod clock;
mod error;

pub use ::http::StatusCode;
pub use clock::Clock;
pub use error::{BoxError, Error, Result, Unavailable};
