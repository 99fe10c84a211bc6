//! The state of a test client between its requests: the application, its cookies, and its defaults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Cookie, jar::Jar};
use crate::{App, Clock, sessions::SessionEngine, settings::Settings};

/// Shared by [`Client`](super::Client), its requests and its session. Clones share the cookies.
#[derive(Clone)]
pub(super) struct ClientState {
    pub(super) app: App,
    pub(super) sessions: SessionEngine,
    pub(super) host: String,
    pub(super) secure: bool,
    pub(super) enforce_csrf: bool,
    jar: Arc<Mutex<Jar>>,
}

impl ClientState {
    /// A client without cookies.
    #[track_caller]
    pub(super) fn new(app: App) -> Self {
        let sessions = app.sessions().unwrap_or_else(|errors| panic!("{errors}"));
        let host = host_of(app.settings());
        Self { app, sessions, host, secure: false, enforce_csrf: false, jar: Arc::default() }
    }

    /// The same client with a cookie jar of its own.
    pub(super) fn without_cookies(&self) -> Self {
        Self { jar: Arc::default(), ..self.clone() }
    }

    pub(super) fn clock(&self) -> &Clock {
        self.sessions.clock()
    }

    /// The value of a cookie that has not expired.
    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name, self.clock().now()).map(str::to_owned)
    }

    pub(super) fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the cookies of a response to a request for `path`.
    pub(super) fn keep(&self, cookies: &[Cookie], path: &str) {
        let now = self.clock().now();
        let mut jar = self.jar();
        cookies.iter().for_each(|cookie| jar.take(cookie, path, now));
    }
}

fn host_of(settings: &Settings) -> String {
    let named = settings.allowed_hosts.iter().find(|host| *host != "*");
    named.map_or("localhost", |host| host.trim_start_matches('.')).to_owned()
}
