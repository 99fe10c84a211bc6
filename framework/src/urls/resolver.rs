//! The resolver: finds the view for a path and the values it takes, and the URL for a route's name.
//!
//! The application builds it once, and all requests share it. Its result is that of trying all patterns
//! in order; `index.rs` only makes most of these tries unnecessary. `reverse.rs` builds the URLs.

use std::{fmt, sync::Arc};

use super::{
    collect::{Collected, collect},
    converters::Converter,
    endpoint::Endpoint,
    error::{NoReverseMatch, UrlError, UrlErrors, UrlWarning},
    index::Index,
    matcher::Spans,
    names::Names,
    reverse::reverse,
    route::Route,
};
use crate::{
    Result,
    http::{ReverseUrls, UrlArgs, UrlValues},
    view::View,
};

/// All routes of an application, prepared for matching and reversing.
///
/// # Examples
///
/// It finds all errors together, before the first request:
///
/// ```
/// use nuages::{http::Request, urls::{Resolver, path}};
///
/// fn article(_: &mut Request, year: u32) -> String {
///     year.to_string()
/// }
///
/// let routes = vec![path("<integer:year>/", article), path("articles/", article)];
/// let errors = Resolver::new(routes, []).unwrap_err();
/// let message = errors.to_string();
/// assert!(message.contains("no converter is named \"integer\""));
/// assert!(message.contains("it captures no value, but its view"));
/// ```
pub struct Resolver {
    endpoints: Vec<Endpoint>,
    names: Names,
    index: Index,
    warnings: Vec<UrlWarning>,
}

/// The route that matches a path, with the captured values.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{Match, Resolver, path}};
///
/// fn article(_: &mut Request, year: u32) -> String {
///     year.to_string()
/// }
///
/// let resolver = Resolver::new(vec![path("<int:year>/", article).name("article")], [])?;
/// let found: Match = resolver.resolve("2026/").expect("a route matches");
/// assert_eq!(found.name.as_deref(), Some("article"));
/// assert_eq!(found.params, [("year".into(), "2026".to_owned())]);
/// # Ok::<(), nuages::urls::UrlErrors>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Match {
    /// The view of the route.
    pub view: Arc<dyn View>,
    /// The captured values with their names, in order.
    pub params: Vec<(Arc<str>, String)>,
    /// The route's name with its namespaces: `blog:article`.
    pub name: Option<Arc<str>>,
    /// The pattern as the project wrote it, prefixes included.
    pub route_pattern: Arc<str>,
}

/// A pattern of a resolver, as the 404 page under `DEBUG` lists it.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{PatternInfo, Resolver, path}};
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// let resolver = Resolver::new(vec![path("about/", index).name("about")], [])?;
/// let listed: Vec<PatternInfo> = resolver.patterns().collect();
/// assert_eq!((listed[0].pattern, listed[0].name), ("about/", Some("about")));
/// # Ok::<(), nuages::urls::UrlErrors>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatternInfo<'r> {
    /// The pattern as the project wrote it, prefixes included.
    pub pattern: &'r str,
    /// The route's name with its namespaces.
    pub name: Option<&'r str>,
    /// The type name of the view.
    pub view: &'static str,
}

impl Resolver {
    /// Builds a resolver from all routes; `converters` adds custom ones to the built-in ones.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with any route, in the order in which the routes are listed.
    pub fn new(
        routes: Vec<Route>,
        converters: impl IntoIterator<Item = Converter>,
    ) -> Result<Self, UrlErrors> {
        let Collected { endpoints, warnings, names } = collect(routes, converters)?;
        match Index::new(&endpoints) {
            Ok(index) => Ok(Self { endpoints, names, index, warnings }),
            Err((position, problem)) => {
                let pattern = endpoints[position].pattern.to_string();
                Err(UrlErrors(vec![UrlError { pattern, problem }]))
            }
        }
    }

    /// Returns the first route that matches the percent-decoded `path`, given without its leading slash.
    pub fn resolve(&self, path: &str) -> Option<Match> {
        let mut spans = Spans::default();
        let found = self.find(path, &mut spans)?;
        let params = found
            .params
            .iter()
            .zip(spans.as_slice())
            .map(|(name, &(start, end))| (Arc::clone(name), path[start..end].to_owned()))
            .collect();
        Some(Match {
            view: Arc::clone(&found.view),
            params,
            name: found.name.clone(),
            route_pattern: Arc::clone(&found.pattern),
        })
    }

    /// Returns whether a route matches `path`, given without its leading slash.
    pub fn is_valid_path(&self, path: &str) -> bool {
        self.find(path, &mut Spans::default()).is_some()
    }

    /// Lists all patterns, in the order in which they are tried.
    pub fn patterns(&self) -> impl Iterator<Item = PatternInfo<'_>> {
        self.endpoints.iter().map(|endpoint| PatternInfo {
            pattern: &endpoint.pattern,
            name: endpoint.name.as_deref(),
            view: endpoint.view.name(),
        })
    }

    /// Returns the warnings of Django's checks about patterns that work, but probably not as intended.
    pub fn warnings(&self) -> &[UrlWarning] {
        &self.warnings
    }

    /// Returns the URL of a named route, with its leading slash, percent-encoded.
    ///
    /// `args` holds the captured values in order, as a tuple, or pairs of names and values, as an array
    /// (see [`UrlArgs`]). If several routes have the name, the last one listed that accepts the values is
    /// used, as in Django.
    ///
    /// # Errors
    ///
    /// Returns [`NoReverseMatch`] if no route has the name, or none accepts the values.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{http::Request, urls::{Resolver, path}};
    ///
    /// fn tag(_: &mut Request, name: String) -> String {
    ///     name
    /// }
    ///
    /// let resolver = Resolver::new(vec![path("tags/<str:name>/", tag).name("tag")], [])?;
    /// assert_eq!(resolver.reverse("tag", ("crème brûlée",))?, "/tags/cr%C3%A8me%20br%C3%BBl%C3%A9e/");
    /// assert_eq!(resolver.reverse("tag", [("name", "rust")])?, "/tags/rust/");
    ///
    /// let error = resolver.reverse("tag", ("a/b",)).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the URL \"tag\" does not accept the values (\"a/b\"); \
    ///      tried tags/<str:name>/ (the converter str does not accept name = \"a/b\")",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reverse(&self, name: &str, args: impl UrlArgs) -> Result<String, NoReverseMatch> {
        reverse(&self.names, &self.endpoints, name, args.into_values())
    }

    fn find(&self, path: &str, spans: &mut Spans) -> Option<&Endpoint> {
        self.index
            .candidates(path)
            .map(|position| &self.endpoints[position])
            .find(|endpoint| endpoint.matcher.matches(path, spans))
    }
}

impl ReverseUrls for Resolver {
    fn reverse(&self, name: &str, values: UrlValues) -> Result<String> {
        Ok(reverse(&self.names, &self.endpoints, name, values)?)
    }

    fn is_valid_path(&self, path: &str) -> bool {
        self.is_valid_path(path.strip_prefix('/').unwrap_or(path))
    }

    fn patterns(&self) -> Vec<(String, Option<String>)> {
        let listed = self.patterns();
        listed.map(|info| (info.pattern.to_owned(), info.name.map(str::to_owned))).collect()
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.patterns()).finish()
    }
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Match")
            .field("view", &self.view.name())
            .field("params", &self.params)
            .field("name", &self.name)
            .field("route_pattern", &self.route_pattern)
            .finish()
    }
}
