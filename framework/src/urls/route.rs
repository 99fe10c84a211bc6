//! Routes as a project lists them: a pattern with a view, with more routes, or with a mounted service.
//!
//! Nothing is checked here: the resolver reads all routes at start-up and reports all errors together.

use std::{fmt, sync::Arc};

use crate::{
    middleware::{IntoMiddleware, Middleware},
    view::{IntoView, View},
};

/// A pattern with its view or its routes; created by [`path`] and [`include()`].
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{Route, path}};
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// fn urlpatterns() -> Vec<Route> {
///     vec![path("", index).name("index")]
/// }
/// # assert_eq!(urlpatterns().len(), 1);
/// ```
#[derive(Clone)]
#[must_use = "a route answers nothing until it is listed in the application's routes"]
pub struct Route {
    pub(super) pattern: String,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) target: RouteTarget,
    /// The outermost first.
    pub(super) middleware: Vec<Arc<dyn Middleware>>,
}

/// The view or the routes of a pattern.
#[derive(Clone)]
pub(super) enum RouteTarget {
    View(Arc<dyn View>),
    Include(Vec<Route>),
    Mounted(Arc<dyn View>),
}

/// Creates a route from a pattern to a view, like Django's `path()`.
///
/// The pattern has no leading slash. `<converter:name>` captures a value, which the view takes as an
/// argument (see [`Converter`](super::Converter) for the converters, [`view`](crate::view) for views).
/// The view must take as many values as its pattern and the enclosing [`include()`]s capture; anything
/// else is an error at start-up.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::path};
///
/// async fn article(_: &mut Request, year: u32, slug: String) -> String {
///     format!("{slug} of {year}")
/// }
///
/// let route = path("articles/<int:year>/<slug:slug>/", article).name("article");
/// ```
pub fn path<V: IntoView<Via>, Via>(pattern: impl Into<String>, view: V) -> Route {
    Route::new(pattern, RouteTarget::View(view.into_view()))
}

/// Puts a list of routes below a prefix, like Django's `include()`.
///
/// The prefix may capture values too; the views below it take them before their own. As in Django, the
/// prefix is matched by itself, and the routes against the rest of the path.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{Resolver, include, path}};
///
/// fn month(_: &mut Request, year: u16, month: u8) -> String {
///     format!("{year}-{month:02}")
/// }
///
/// let archive = vec![path("<int:month>/", month).name("month")];
/// let routes = vec![include("archive/<int:year>/", archive).namespace("archive")];
/// let resolver = Resolver::new(routes, [])?;
/// assert_eq!(resolver.reverse("archive:month", (2026, 7))?, "/archive/2026/7/");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn include(prefix: impl Into<String>, routes: Vec<Route>) -> Route {
    Route::new(prefix, RouteTarget::Include(routes))
}

impl Route {
    fn new(pattern: impl Into<String>, target: RouteTarget) -> Self {
        Self { pattern: pattern.into(), name: None, namespace: None, target, middleware: Vec::new() }
    }

    /// Creates a route from a prefix to one view that handles all paths below it.
    ///
    /// The view finds the rest of the path, which may be empty, in the captured value `rest`; its arity is
    /// not checked. The prefix must be empty or end in `/`.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{Result, http::{IntoResponse, Request, Response}};
    /// use nuages::{urls::{Resolver, Route}, view::{BoxFuture, View}};
    ///
    /// struct Files;
    ///
    /// impl View for Files {
    ///     fn arity(&self) -> usize {
    ///         1
    ///     }
    ///     fn call<'a>(&'a self, _: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
    ///         Box::pin(async { "a file".into_response() })
    ///     }
    /// }
    ///
    /// let resolver = Resolver::new(vec![Route::mounted("static/", std::sync::Arc::new(Files))], [])?;
    /// let found = resolver.resolve("static/css/site.css").expect("it lies below the prefix");
    /// assert_eq!((&*found.params[0].0, &*found.params[0].1), ("rest", "css/site.css"));
    /// # Ok::<(), nuages::urls::UrlErrors>(())
    /// ```
    pub fn mounted(prefix: impl Into<String>, view: Arc<dyn View>) -> Self {
        Self::new(prefix, RouteTarget::Mounted(view))
    }

    /// Names the route, for `reverse`. Routes may share a name: `reverse` uses the last one listed that
    /// accepts the values, like Django's.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a middleware for this route, or for all routes of an [`include()`]. It runs after those of the
    /// application, those of the enclosing includes, and those added before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{prelude::*, urls::{Route, include, path}};
    ///
    /// async fn token_auth(request: &mut Request, next: Next<'_>) -> Result<Response> {
    ///     if request.header("Authorization") != Some("Bearer secret") {
    ///         return Err(Error::with_status(StatusCode::UNAUTHORIZED, "no valid token"));
    ///     }
    ///     next.run(request).await
    /// }
    ///
    /// fn stock(_: &mut Request) -> &'static str {
    ///     "[]"
    /// }
    ///
    /// fn urlpatterns() -> Vec<Route> {
    ///     vec![include("api/", vec![path("stock/", stock)]).middleware(token_auth)]
    /// }
    /// ```
    pub fn middleware<Via>(mut self, middleware: impl IntoMiddleware<Via>) -> Self {
        self.middleware.push(middleware.into_middleware());
        self
    }

    /// Puts the names of the routes of an [`include()`] into a namespace: `blog:article`. Namespaces can be
    /// nested.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Route");
        shown.field("pattern", &self.pattern);
        if let Some(name) = &self.name {
            shown.field("name", name);
        }
        if let Some(namespace) = &self.namespace {
            shown.field("namespace", namespace);
        }
        match &self.target {
            RouteTarget::View(view) => shown.field("view", &view.name()),
            RouteTarget::Include(routes) => shown.field("routes", routes),
            RouteTarget::Mounted(view) => shown.field("mounted", &view.name()),
        };
        shown.finish()
    }
}
