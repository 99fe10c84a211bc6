//! Sessions for Tower services outside Nuages: axum, tonic, plain hyper.
//!
//! [`SessionLayer`] loads and saves the session by the rules of the session middleware, whose code it
//! runs. The service finds a [`SessionHandle`] in its request's extensions. Nothing here knows about views
//! or URLs.

#[cfg(feature = "axum")]
mod axum;
mod exchange;
mod layer;
mod refusal;
mod service;

#[cfg(feature = "axum")]
pub use self::axum::MissingSession;
pub use crate::sessions::SessionHandle;
pub use layer::SessionLayer;
pub use service::{SessionFuture, SessionService};
