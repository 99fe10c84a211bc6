//! Sessions for Tower services that are no Nuages application: axum, tonic, plain hyper.
//!
//! [`SessionLayer`] loads and saves, by the same rules as the session middleware, whose code it runs;
//! [`SessionHandle`] is what the service finds in the request's extensions. Nothing here knows of views
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
