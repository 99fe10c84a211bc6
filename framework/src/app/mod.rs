//! The application: settings, routes and middleware, together a tower service.
//!
//! `App` is what `manage` runs, what `testing::Client` asks, and what may be mounted in another tower
//! application. Everything that can be wrong with it is found by [`App::check`], all at once, before
//! the first request; `service.rs` has the way of a request through it.

mod mount;
mod plan;
mod response_future;
mod service;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

pub use mount::Mountable;
use plan::{Plan, Ready};
pub use response_future::ResponseFuture;

use crate::{
    BoxError, Clock,
    db::Databases,
    middleware::IntoMiddleware,
    sessions::{SessionEngine, SessionStore},
    settings::{Settings, SettingsErrors},
    urls::{Converter, Route},
};

/// An application. Clones share all that is made when it is first used.
///
/// # Examples
///
/// ```
/// use nuages::{App, prelude::*, settings::Settings, urls::path};
///
/// async fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// # fn main() -> std::result::Result<(), nuages::settings::SettingsErrors> {
/// let settings = Settings::from_toml(
///     "SECRET_KEY = \"not so secret: this is an example of fifty characters\"\nDEBUG = true\n\
///      SESSION_ENGINE = \"signed_cookies\"",
///     ".".as_ref(),
/// )?;
/// let app = App::new(settings).urls(vec![path("", index).name("index")]);
/// app.check()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "an application does nothing until it is served"]
pub struct App {
    plan: Arc<Plan>,
    ready: Arc<OnceLock<Result<Arc<Ready>, SettingsErrors>>>,
}

impl App {
    /// An application without routes, with Django's default middleware.
    pub fn new(settings: Settings) -> Self {
        Self { plan: Arc::new(Plan::new(settings)), ready: Arc::default() }
    }

    /// Adds routes, after those that are there.
    pub fn urls(self, routes: Vec<Route>) -> Self {
        self.with(|plan| plan.routes.extend(routes))
    }

    /// Adds a middleware inside those that are there: Django's default ones come first.
    pub fn middleware<Via>(self, middleware: impl IntoMiddleware<Via>) -> Self {
        let middleware = middleware.into_middleware();
        self.with(|plan| plan.middleware.push(middleware))
    }

    /// Lets a tower service answer everything below a prefix such as `"api/"`: an axum router, say.
    ///
    /// It sees the path without the prefix, and stands inside the middleware: session
    /// ([`SessionHandle`](crate::sessions::SessionHandle)), user ([`User`](crate::contrib::auth::User))
    /// and CSRF token ([`CsrfToken`](crate::http::CsrfToken)) are among its request's extensions. The
    /// CSRF middleware checks what is sent to it like anything else; see [`App::mount_csrf_exempt`].
    pub fn mount<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let route = Route::mounted(prefix, Arc::new(mount::Mounted::new(prefix, service, false)));
        self.with(|plan| plan.routes.push(route))
    }

    /// As [`App::mount`], but the CSRF middleware leaves it alone: for interfaces that do not go by
    /// cookies.
    pub fn mount_csrf_exempt<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let route = Route::mounted(prefix, Arc::new(mount::Mounted::new(prefix, service, true)));
        self.with(|plan| plan.routes.push(route))
    }

    /// Lets a tower service answer below a prefix before any middleware is asked: no session, no host
    /// check, nothing to pay for. For health checks and files.
    pub fn mount_outside<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mounted = mount::Outside::new(prefix, service);
        self.with(|plan| plan.outside.push(Arc::new(mounted)))
    }

    /// Registers a session engine of the project's own, for `SESSION_ENGINE` to name.
    pub fn session_engine<F>(self, name: impl Into<String>, factory: F) -> Self
    where
        F: Fn(&Settings) -> Result<Arc<dyn SessionStore>, BoxError> + Send + Sync + 'static,
    {
        self.with(|plan| {
            plan.engines.insert(name.into(), Arc::new(factory));
        })
    }

    /// Registers a URL converter of the project's own.
    pub fn converter(self, converter: Converter) -> Self {
        self.with(|plan| plan.converters.push(converter))
    }

    /// Puts a clock in place of the system's; tests move it.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|plan| plan.clock = clock)
    }

    /// Finds everything that is wrong: settings, routes, the session engine, templates (under `DEBUG`
    /// a broken template is only found when it is rendered, since it may be mended by then).
    ///
    /// # Errors
    ///
    /// All of it.
    pub fn check(&self) -> Result<(), SettingsErrors> {
        self.ready().map(|_| ())
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.plan.settings
    }

    /// The session engine in force, for work outside of requests.
    ///
    /// # Errors
    ///
    /// As [`App::check`].
    pub fn sessions(&self) -> Result<SessionEngine, SettingsErrors> {
        Ok(self.ready()?.sessions.clone())
    }

    /// The databases, for work outside of requests.
    ///
    /// # Errors
    ///
    /// As [`App::check`].
    pub fn databases(&self) -> Result<Databases, SettingsErrors> {
        Ok(self.ready()?.site.databases.clone())
    }

    fn ready(&self) -> Result<&Arc<Ready>, SettingsErrors> {
        self.ready.get_or_init(|| self.plan.build().map(Arc::new)).as_ref().map_err(Clone::clone)
    }

    fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(Arc::make_mut(&mut self.plan));
        // Another application from here on: what a clone has made stays with that clone.
        self.ready = Arc::default();
        self
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("routes", &self.plan.routes)
            .field("middleware", &self.plan.middleware.len())
            .finish_non_exhaustive()
    }
}
