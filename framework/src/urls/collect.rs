//! Flattens a project's routes into a list of endpoints, and collects everything that is wrong with them.
//!
//! The resolver calls it once, at start-up.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    converters::{Converter, Converters},
    endpoint::Endpoint,
    error::{UrlError, UrlErrors, UrlProblem, UrlWarning},
    matcher::{MAX_CAPTURES, Matcher},
    names::Names,
    pattern::{self, Capture, Piece},
    route::{Route, RouteTarget},
};
use crate::{
    middleware::{Middleware, Wrapped},
    view::View,
};

/// The name under which a mounted service's route captures the rest of the path.
const REST: &str = "rest";

/// The endpoints, warnings and names that were read from the routes.
pub(super) struct Collected {
    /// In the order in which the project lists them.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) warnings: Vec<UrlWarning>,
    pub(super) names: Names,
}

/// Reads all routes.
///
/// # Errors
///
/// Returns everything that is wrong with any of them.
pub(super) fn collect(
    routes: Vec<Route>,
    custom: impl IntoIterator<Item = Converter>,
) -> Result<Collected, UrlErrors> {
    let mut collector = Collector {
        converters: Converters::built_in(),
        endpoints: Vec::new(),
        errors: Vec::new(),
        warnings: Vec::new(),
        namespaces: BTreeSet::new(),
    };
    for converter in custom {
        let pattern = format!("<{}:…>", converter.name());
        if let Err(problem) = collector.converters.register(converter) {
            collector.errors.push(UrlError { pattern, problem });
        }
    }
    let mut names = Names::default();
    collector.add(routes, &Prefix::default(), &mut names);
    let Collector { endpoints, errors, warnings, .. } = collector;
    if errors.is_empty() { Ok(Collected { endpoints, warnings, names }) } else { Err(UrlErrors(errors)) }
}

/// The prefixes of the `include`s around a route.
#[derive(Clone, Default)]
struct Prefix {
    pattern: String,
    /// `blog:archive:`
    namespace: String,
    /// `None` if one of the prefixes could not be parsed.
    pieces: Option<Vec<Piece>>,
    is_inner: bool,
    /// The middleware of the `include`s.
    middleware: Vec<Arc<dyn Middleware>>,
}

struct Collector {
    converters: Converters,
    endpoints: Vec<Endpoint>,
    errors: Vec<UrlError>,
    warnings: Vec<UrlWarning>,
    namespaces: BTreeSet<String>,
}

impl Collector {
    fn add(&mut self, routes: Vec<Route>, prefix: &Prefix, names: &mut Names) {
        for route in routes {
            let pattern = format!("{}{}", prefix.pattern, route.pattern);
            self.warn(&route);
            let pieces = self.read(&route, &pattern, prefix);
            let middleware = [prefix.middleware.as_slice(), &route.middleware].concat();
            match route.target {
                RouteTarget::Include(routes) => {
                    if let Some(name) = route.name {
                        self.fail(&pattern, UrlProblem::NameOnInclude { name });
                    }
                    let namespace = prefix.namespace.clone();
                    let mut inner = Prefix { pattern, pieces, namespace, is_inner: true, middleware };
                    match route.namespace {
                        None => self.add(routes, &inner, names),
                        Some(namespace) => {
                            self.enter(&namespace, &mut inner);
                            let mut space = Names::default();
                            self.add(routes, &inner, &mut space);
                            names.add_namespace(namespace, space);
                        }
                    }
                }
                RouteTarget::View(view) | RouteTarget::Mounted(view) => {
                    if let Some(namespace) = route.namespace {
                        self.fail(&pattern, UrlProblem::NamespaceOnView { namespace });
                    }
                    let Some(pieces) = pieces else { continue };
                    if let Some(name) = &route.name {
                        names.add(name, self.endpoints.len());
                    }
                    let name = route.name.map(|name| Arc::from(format!("{}{name}", prefix.namespace)));
                    self.finish(pattern, name, Wrapped::around(middleware, view), pieces);
                }
            }
        }
    }

    fn fail(&mut self, pattern: &str, problem: UrlProblem) {
        self.errors.push(UrlError { pattern: pattern.to_owned(), problem });
    }

    /// Checks a namespace and adds it to the prefix.
    fn enter(&mut self, namespace: &str, inner: &mut Prefix) {
        if namespace.is_empty() || namespace.contains(':') {
            self.fail(&inner.pattern, UrlProblem::Namespace { namespace: namespace.to_owned() });
        }
        inner.namespace = format!("{}{namespace}:", inner.namespace);
        if !self.namespaces.insert(inner.namespace.clone()) {
            self.warnings.push(UrlWarning {
                id: "urls.W005",
                pattern: inner.pattern.clone(),
                name: None,
                message: "its namespace is used twice: reverse finds only the names in the first one",
            });
        }
    }

    fn warn(&mut self, route: &Route) {
        let is_include = !matches!(route.target, RouteTarget::View(_));
        let mut odd = pattern::oddities(&route.pattern, is_include);
        if route.name.as_ref().is_some_and(|name| name.contains(':')) {
            odd.push(("urls.W003", "its name contains a ':', which separates namespaces: remove the colon"));
        }
        self.warnings.extend(odd.into_iter().map(|(id, message)| UrlWarning {
            id,
            pattern: route.pattern.clone(),
            name: route.name.clone(),
            message,
        }));
    }

    /// Parses a route and puts the pieces of its prefixes before its own; `None` if any of them is faulty.
    fn read(&mut self, route: &Route, pattern: &str, prefix: &Prefix) -> Option<Vec<Piece>> {
        let own = match pattern::parse(&route.pattern, &self.converters) {
            Ok(own) => Some(own),
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.fail(pattern, problem));
                None
            }
        };
        let is_mounted = matches!(route.target, RouteTarget::Mounted(_));
        if is_mounted && !route.pattern.is_empty() && !route.pattern.ends_with('/') {
            self.fail(pattern, UrlProblem::MountPrefix);
        }
        let mut pieces = match (&prefix.pieces, prefix.is_inner) {
            (Some(outer), _) => outer.clone(),
            (None, false) => Vec::new(),
            (None, true) => return None,
        };
        pieces.extend(own?);
        if is_mounted {
            pieces.extend([Piece::Cut, Piece::Rest]);
        }
        let names = names_of(&pieces);
        let twice: Vec<_> =
            names.iter().enumerate().filter(|(index, name)| names[..*index].contains(name)).collect();
        for (_, name) in &twice {
            self.fail(pattern, UrlProblem::CapturedTwice { name: name.to_string() });
        }
        if names.len() > MAX_CAPTURES {
            let problem = UrlProblem::TooManyCaptures { captures: names.len(), most: MAX_CAPTURES };
            self.fail(pattern, problem);
            return None;
        }
        if matches!(route.target, RouteTarget::Include(_)) && !pieces.is_empty() {
            pieces.push(Piece::Cut);
        }
        twice.is_empty().then_some(pieces)
    }

    fn finish(&mut self, pattern: String, name: Option<Arc<str>>, view: Arc<dyn View>, pieces: Vec<Piece>) {
        let params = names_of(&pieces);
        let is_mounted = matches!(pieces.last(), Some(Piece::Rest));
        if !is_mounted && view.arity() != params.len() {
            let captures = params.iter().map(ToString::to_string).collect();
            let problem = UrlProblem::Arity { view: view.name(), takes: view.arity(), captures };
            self.fail(&pattern, problem);
        }
        let matcher = Matcher::new(&pieces);
        self.endpoints.push(Endpoint { pattern: Arc::from(pattern), name, view, pieces, params, matcher });
    }
}

/// Returns the names of the values that the pieces capture.
fn names_of(pieces: &[Piece]) -> Vec<Arc<str>> {
    pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Capture(Capture { name, .. }) => Some(Arc::clone(name)),
            Piece::Rest => Some(Arc::from(REST)),
            Piece::Literal(_) | Piece::Cut => None,
        })
        .collect()
}
