//! The application: settings, routes and middleware, combined into a tower service.
//!
//! `manage` serves an `App`, `testing::Client` sends requests to it, and another tower application can
//! mount it. [`App::check`] finds all configuration errors together, before the first request. `plan`
//! collects the configuration and builds the application, `service` runs a request through it, `mount`
//! adapts tower services to it, `health` answers load balancers, and `inspect` tells commands about the
//! routes.

mod health;
mod inspect;
mod layers;
mod lifecycle;
mod mount;
mod plan;
mod response_future;
mod running;
mod service;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

pub use layers::AppService;
pub use mount::Mountable;
use plan::{Plan, Ready};
pub use response_future::ResponseFuture;
pub use running::Running;

use crate::{
    BoxError, Clock, Error, Result,
    db::Databases,
    error_page::ErrorHandler,
    http::{FormMessage, FormMessages, Request, Response},
    middleware::{BuiltIn, IntoMiddleware},
    sessions::{SessionEngine, SessionStore, session_store_factory},
    settings::{Settings, SettingsErrors},
    urls::{Converter, Route},
};

/// An application: settings, routes and middleware.
///
/// The builder methods collect them, and the first use builds the application. Clones share what was
/// built.
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
    ready: Arc<OnceLock<Result<Built, SettingsErrors>>>,
}

impl App {
    /// Creates an application without routes and with Django's default middleware.
    pub fn new(settings: Settings) -> Self {
        Self { plan: Arc::new(Plan::new(settings)), ready: Arc::default() }
    }

    /// Appends routes. They are tried after those added before them.
    pub fn urls(self, routes: Vec<Route>) -> Self {
        self.with(|plan| plan.routes.extend(routes))
    }

    /// Appends a middleware. It runs after the default ones and those added before it.
    pub fn middleware<Via>(self, middleware: impl IntoMiddleware<Via>) -> Self {
        let middleware = middleware.into_middleware();
        self.with(|plan| plan.middleware.push(middleware))
    }

    /// Appends a middleware outside the default ones: before security and sessions, for request ids, rate
    /// limits, maintenance pages and CORS. It runs after the outer ones added before it, and sees neither
    /// the session nor the user.
    pub fn outer_middleware<Via>(self, middleware: impl IntoMiddleware<Via>) -> Self {
        let middleware = middleware.into_middleware();
        self.with(|plan| plan.outer_middleware.push(middleware))
    }

    /// Leaves out a default middleware.
    pub fn without(self, middleware: BuiltIn) -> Self {
        self.with(|plan| plan.left_out.push(middleware))
    }

    /// Wraps the whole application in a tower layer, outside all middleware and mounted services. A later
    /// layer is outside of those before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{App, settings::Settings};
    /// use tower::util::MapRequestLayer;
    ///
    /// fn app(settings: Settings) -> App {
    ///     App::new(settings).layer(MapRequestLayer::new(|mut request: http::Request<nuages::http::Body>| {
    ///         request.headers_mut().remove("x-forwarded-for");
    ///         request
    ///     }))
    /// }
    /// ```
    #[cfg(feature = "tower")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
    pub fn layer<L, B>(self, layer: L) -> Self
    where
        L: tower_layer::Layer<AppService> + Send + Sync + 'static,
        L::Service: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.wrap(move |app| layer.layer(app))
    }

    /// Wraps the whole application in a tower service, like [`App::layer`], without the feature `tower`.
    ///
    /// A service that fails gives the client a 500, and its error goes to the log.
    pub fn wrap<S, B>(self, wrap: impl Fn(AppService) -> S + Send + Sync + 'static) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.with(|plan| plan.layers.push(layers::wrapping(wrap)))
    }

    /// Mounts a tower service, such as an axum router, below a prefix such as `"api/"`.
    ///
    /// The service sees the path without the prefix. It runs inside the middleware: its request's
    /// extensions hold the session ([`SessionHandle`](crate::sessions::SessionHandle)), the user
    /// ([`User`](crate::contrib::auth::User)) and the CSRF token
    /// ([`CsrfToken`](crate::http::CsrfToken)). The CSRF middleware checks its requests like all others;
    /// see [`App::mount_csrf_exempt`].
    pub fn mount<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let route = Route::mounted(prefix, Arc::new(mount::Mounted::new(prefix, service, false)));
        self.with(|plan| plan.routes.push(route))
    }

    /// Mounts a tower service like [`App::mount`], but without CSRF checks: for interfaces that do not
    /// authenticate by cookies.
    pub fn mount_csrf_exempt<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let route = Route::mounted(prefix, Arc::new(mount::Mounted::new(prefix, service, true)));
        self.with(|plan| plan.routes.push(route))
    }

    /// Mounts a tower service below a prefix, outside all middleware: without session, host check or CSRF
    /// check, and without their cost. For health checks and files.
    pub fn mount_outside<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Mountable<B>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mounted = mount::Outside::new(prefix, service);
        self.with(|plan| plan.outside.push(Arc::new(mounted)))
    }

    /// Answers `/healthz` and `/readyz`, outside all middleware: for load balancers and supervisors, on any
    /// host. `manage serve` adds them.
    ///
    /// `/healthz` is always 200. `/readyz` is 200 if every database and the session store answer within two
    /// seconds, else 503. A route of the project for one of these paths takes precedence.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{App, settings::Settings, testing::Client};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"";
    /// let app = App::new(Settings::from_toml(text, ".".as_ref())?).health_checks();
    /// assert_eq!(Client::new(app).get("/readyz").await.text(), "ok\n");
    /// # Ok(()) }
    /// ```
    pub fn health_checks(self) -> Self {
        self.with(|plan| plan.health_checks = true)
    }

    /// Registers a custom session engine under the name by which `SESSION_ENGINE` selects it.
    pub fn session_engine<F, S>(self, name: impl Into<String>, factory: F) -> Self
    where
        F: Fn(&Settings) -> Result<S, BoxError> + Send + Sync + 'static,
        S: SessionStore,
    {
        self.with(|plan| {
            plan.engines.insert(name.into(), session_store_factory(factory));
        })
    }

    /// Registers a custom URL converter.
    pub fn converter(self, converter: Converter) -> Self {
        self.with(|plan| plan.converters.push(converter))
    }

    /// Replaces the texts of the messages of forms, for a translation. `translate` gets each message and
    /// returns its text, with the same placeholders, or `None` to keep the English one.
    pub fn form_messages(
        self,
        translate: impl Fn(&FormMessage) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.with(|plan| plan.form_messages = FormMessages::new(translate))
    }

    /// Makes the responses to errors: of views, of middleware, and for paths that no route matches.
    ///
    /// `handler` returns the response, or `None` for the default one: problem details (RFC 9457) for clients
    /// that prefer JSON, else the template `404.html`, `500.html` and so on. A response of the status 200
    /// gets the status of the error. Under `DEBUG`, developers see the debug page instead, unless they prefer
    /// JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{App, prelude::*, settings::Settings};
    ///
    /// fn problem(request: &mut Request, error: &Error) -> Result<Option<Response>> {
    ///     if !request.path().starts_with("/api/") {
    ///         return Ok(None);
    ///     }
    ///     let reason = error.status().canonical_reason();
    ///     Ok(Some(Response::json(&json!({ "error": reason }))?))
    /// }
    /// fn app(settings: Settings) -> App {
    ///     App::new(settings).error_handler(problem)
    /// }
    /// ```
    pub fn error_handler(
        self,
        handler: impl Fn(&mut Request, &Error) -> Result<Option<Response>> + Send + Sync + 'static,
    ) -> Self {
        self.with(|plan| plan.error_handler = Some(ErrorHandler(Arc::new(handler))))
    }

    /// Replaces the system's clock. Tests use one that they can move.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|plan| plan.clock = clock)
    }

    /// Checks settings, routes, the session engine and templates. Under `DEBUG` templates are not checked:
    /// they are read again when they are rendered.
    ///
    /// # Errors
    ///
    /// Returns all errors together.
    pub fn check(&self) -> Result<(), SettingsErrors> {
        self.ready().map(|_| ())
    }

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.plan.settings
    }

    /// Returns the session engine, for work outside of requests.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`App::check`].
    pub fn sessions(&self) -> Result<SessionEngine, SettingsErrors> {
        Ok(self.ready()?.sessions.clone())
    }

    /// Returns the databases, for work outside of requests.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`App::check`].
    pub fn databases(&self) -> Result<Databases, SettingsErrors> {
        Ok(self.ready()?.site.databases.clone())
    }

    fn ready(&self) -> Result<&Arc<Ready>, SettingsErrors> {
        self.built().map(|built| &built.ready)
    }

    fn built(&self) -> Result<&Built, SettingsErrors> {
        let build = || {
            let ready = Arc::new(self.plan.build()?);
            Ok(Built { ready, layered: OnceLock::new() })
        };
        self.ready.get_or_init(build).as_ref().map_err(Clone::clone)
    }

    fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(Arc::make_mut(&mut self.plan));
        // A changed application is built anew; clones made before keep what they built.
        self.ready = Arc::default();
        self
    }
}

/// A built application, and the same in its layers.
struct Built {
    ready: Arc<Ready>,
    /// Set by the first request, if there are layers.
    layered: OnceLock<AppService>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("routes", &self.plan.routes)
            .field("middleware", &self.plan.middleware.len())
            .finish_non_exhaustive()
    }
}
