//! The layer that an application wraps its service in.
//!
//! Made once, at start-up; `service` and `exchange` do the work of each request.

use std::sync::Arc;

use tower_layer::Layer;

use super::{exchange::SessionExchange, service::SessionService};
use crate::{
    middleware::SessionCarrier,
    sessions::SessionEngine,
    settings::{Settings, SettingsErrors},
};

/// Gives any Tower service Django's sessions: with the same table, cookie and rules as a Nuages project.
///
/// Each request gets a [`SessionHandle`](super::SessionHandle) among its extensions. The layer loads the
/// session before it calls the service, if the request has the cookie, and saves it after the service
/// has returned its response, if the session was changed:
///
/// - An untouched session leaves no trace: no cookie, no `Vary`, no write.
/// - If the response is a 5xx, or the service returns an error or panics, nothing is saved; only a
///   `flush` takes effect.
/// - If the store fails, the response is a 503 with `Retry-After` and an empty body, and no cookie is
///   changed. Therefore the response's body must implement `Default`, as axum's and http-body-util's do.
/// - If the client closes the connection, or an outer timeout fires, the rest of the request runs in a
///   task: no request is left half done.
/// - If the request already has a session, from an outer layer or from the application that mounts the
///   service, this layer does nothing.
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
    /// Creates a layer that uses `engine`. Of the settings it reads only `SESSION_*`.
    pub fn new(engine: SessionEngine, settings: &Settings) -> Self {
        let carrier = SessionCarrier::new(engine.clone(), Arc::new(settings.clone()));
        Self { exchange: SessionExchange { engine, carrier } }
    }

    /// Creates a layer that uses the engine selected by `SESSION_ENGINE`.
    ///
    /// # Errors
    ///
    /// Returns all settings that prevent the engine from being opened.
    pub fn from_settings(settings: &Settings) -> Result<Self, SettingsErrors> {
        Ok(Self::new(SessionEngine::from_settings(settings)?, settings))
    }

    /// Returns the engine, for work on sessions outside of requests.
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
