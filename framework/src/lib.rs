//! Nuages: a small Django-like web framework with built-in sessions.

pub mod cache;
pub mod contrib;
pub mod db;
pub mod http;
pub mod middleware;
pub mod migrations;
pub mod prelude;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod signing;
pub mod templates;
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;
pub mod urls;
pub mod view;

mod app;
mod clock;
mod crypto;
mod debug_page;
mod error;
mod future;
mod json;

pub use ::http::StatusCode;
pub use app::{App, Mountable, ResponseFuture};
pub use clock::Clock;
pub use error::{BoxError, Error, Result, Unavailable};
pub use future::BoxFuture;
pub use serde_json::{Value, json};
