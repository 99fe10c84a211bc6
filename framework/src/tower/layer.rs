//! The layer: what an application wraps its service in.
//!
//! Made once, at start-up; `service` does the work.

use std::sync::Arc;

use tower_layer::Layer;

use super::{exchange::SessionExchange, service::SessionService};
use crate::{
    middleware::SessionCarrier,
    sessions::SessionEngine,
    settings::{Settings, SettingsErrors},
};

/// Gives any Tower service Django's sessions: the table, the cookie and the rules of a Nuages project.
///
/// Requests get a [`SessionHandle`](super::SessionHandle) among their extensions. The session is loaded
/// before the service is called, if the request carries the cookie, and saved after it has returned its
/// response, if it was changed:
///
/// - An untouched session leaves no trace: no cookie, no `Vary`, no write.
/// - A response that is a 5xx saves nothing, and neither does an error or a panic of the service;
///   `flush` holds all the same.
/// - A store that fails makes the response a 503 with `Retry-After` and without a body, and no cookie is
///   touched. It needs a body that can be empty: `R: Default`, as axum's and http-body-util's are.
/// - A client that hangs up, or a timeout further out, cuts nothing in half: what is left of the request
///   goes on in a task.
/// - Where a session is already carried, by a layer further out or by the application that mounts the
///   service, this layer stands aside.
///
/// # Examples
///
/// ```no_run
/// use nuages::{settings::Settings, tower::SessionLayer};
/// use tower_layer::Layer as _;
///
/// # fn wrap<S>(service: S) -> Result<(), nuages::settings::SettingsErrors> {
/// let settings = Settings::load("settings.toml".as_ref())?;
/// let sessions = SessionLayer::from_settings(&settings)?;
/// let service = sessions.layer(service); // axum: `Router::layer(sessions)`
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionLayer {
    exchange: SessionExchange,
}

impl SessionLayer {
    /// A layer on an engine that the program has already; of the settings it reads `SESSION_*`.
    pub fn new(engine: SessionEngine, settings: &Settings) -> Self {
        let carrier = SessionCarrier::new(engine.clone(), Arc::new(settings.clone()));
        Self { exchange: SessionExchange { engine, carrier } }
    }

    /// A layer on the engine that `SESSION_ENGINE` names.
    ///
    /// # Errors
    ///
    /// Every setting that keeps the engine from being made.
    pub fn from_settings(settings: &Settings) -> Result<Self, SettingsErrors> {
        Ok(Self::new(SessionEngine::from_settings(settings)?, settings))
    }

    /// The engine, for what is done to sessions outside requests.
    pub fn engine(&self) -> &SessionEngine {
        &self.exchange.engine
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { exchange: self.exchange.clone(), inner }
    }
}
