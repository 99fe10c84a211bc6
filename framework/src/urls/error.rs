//! The errors and warnings of URL patterns, and the error of `reverse`.
//!
//! `collect` and `index` find all errors at start-up, together; they prevent the application from starting.
//! Warnings are Django's `urls.W…` checks, for `manage check`.

use std::fmt;

use crate::http::UrlValues;

/// Everything that is wrong with a list of routes.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{Resolver, UrlErrors, path}};
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// let routes = vec![path("<a>/", index), path("<b>/", index)];
/// let errors: UrlErrors = Resolver::new(routes, []).unwrap_err();
/// assert_eq!(errors.0.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlErrors(pub Vec<UrlError>);

impl fmt::Display for UrlErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for UrlErrors {}

/// One error in one URL pattern.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{Resolver, UrlError, path}};
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// let errors = Resolver::new(vec![path("<year>/", index)], []).unwrap_err();
/// let error: &UrlError = &errors.0[0];
/// assert_eq!(error.pattern, "<year>/");
/// assert!(error.to_string().starts_with("URL pattern \"<year>/\": "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("URL pattern {pattern:?}: {problem}")]
pub struct UrlError {
    /// The pattern as the project wrote it, with the prefixes of its `include`s.
    pub pattern: String,
    /// The problem.
    pub problem: UrlProblem,
}

/// A problem with a URL pattern.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{Resolver, UrlProblem, path}};
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// let errors = Resolver::new(vec![path("<in:year>/", index)], []).unwrap_err();
/// let UrlProblem::UnknownConverter { suggestion, .. } = &errors.0[0].problem else { panic!() };
/// assert_eq!(suggestion.as_deref(), Some("int"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlProblem {
    /// Whitespace between `<` and `>`.
    #[error("{text:?} contains whitespace: write <converter:name>, such as <int:year>")]
    Whitespace {
        /// The capture, brackets included.
        text: String,
    },
    /// A capture whose name is not an identifier.
    #[error(
        "the captured value's name {name:?} is not an identifier (letters, digits and _, no digit first)"
    )]
    NotAnIdentifier {
        /// The name.
        name: String,
    },
    /// A capture with an unknown converter.
    #[error("no converter is named {converter:?} (known: {}){}", .known.join(", "), meant(.suggestion))]
    UnknownConverter {
        /// The unknown name.
        converter: String,
        /// The known names.
        known: Vec<String>,
        /// The known name that is most similar, if one is similar enough.
        suggestion: Option<String>,
    },
    /// Two captures with the same name; captures of enclosing prefixes count.
    #[error("it captures {name:?} twice")]
    CapturedTwice {
        /// The name.
        name: String,
    },
    /// More captures than a pattern may have.
    #[error("it captures {captures} values; at most {most} are allowed")]
    TooManyCaptures {
        /// How many it has.
        captures: usize,
        /// The most that are allowed.
        most: usize,
    },
    /// The view takes a different number of values than the pattern captures.
    #[error("it captures {}, but its view {view} takes {takes}", list(.captures))]
    Arity {
        /// The type name of the view.
        view: &'static str,
        /// The number of captured values that the view takes.
        takes: usize,
        /// The names of the captures, including those of enclosing prefixes.
        captures: Vec<String>,
    },
    /// `.namespace()` on a route that is not an `include`.
    #[error("the namespace {namespace:?} is set on a single view: set it on an include()")]
    NamespaceOnView {
        /// The namespace.
        namespace: String,
    },
    /// `.name()` on an `include`.
    #[error("the name {name:?} is set on an include(): name the routes inside it, or set a .namespace()")]
    NameOnInclude {
        /// The name.
        name: String,
    },
    /// A namespace that `reverse` can never find.
    #[error("the namespace {namespace:?} is empty or contains a ':', which separates namespaces")]
    Namespace {
        /// The namespace.
        namespace: String,
    },
    /// A mounted service whose prefix ends inside a path segment.
    #[error("the prefix of a mounted service must be empty or end in '/'")]
    MountPrefix,
    /// A custom converter whose name cannot be written in a pattern.
    #[error(
        "a converter cannot be named {name:?}: the name must not be empty or contain whitespace, '<', '>' or ':'"
    )]
    ConverterName {
        /// The name.
        name: String,
    },
    /// A custom converter whose name is taken.
    #[error("the converter name {name:?} is taken")]
    ConverterTaken {
        /// The name.
        name: String,
    },
    /// The router cannot store the pattern's literal prefix.
    #[error("the router cannot store it: {reason}")]
    Unroutable {
        /// The error of matchit, the router.
        reason: String,
    },
}

/// `2 values (year, slug)`.
fn list(captures: &[String]) -> String {
    match captures {
        [] => "no value".to_owned(),
        [one] => format!("1 value ({one})"),
        more => format!("{} values ({})", more.len(), more.join(", ")),
    }
}

/// Formats a suggestion as `, did you mean "int"?`.
fn meant(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(", did you mean {name:?}?")).unwrap_or_default()
}

/// Returns the known name that is most similar to `given`, if one is similar enough to be meant.
pub(super) fn suggest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

/// A warning about a URL pattern that works, but probably not as intended. The ids are those of Django's
/// checks.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{Resolver, UrlWarning, path}};
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
///
/// let resolver = Resolver::new(vec![path("/about/", index)], [])?;
/// let warning: &UrlWarning = &resolver.warnings()[0];
/// assert_eq!(warning.id, "urls.W002");
/// # Ok::<(), nuages::urls::UrlErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("({id}) {}", self.text())]
pub struct UrlWarning {
    /// Django's id of the check: `urls.W002`.
    pub id: &'static str,
    /// The pattern as the project wrote it, without the prefixes of its `include`s.
    pub pattern: String,
    /// The route's name.
    pub name: Option<String>,
    /// The text of the warning.
    pub message: &'static str,
}

impl UrlWarning {
    /// The text of the warning, with the pattern and the route's name before it.
    pub(crate) fn text(&self) -> String {
        let name = self.name.as_ref().map(|name| format!(" [name={name:?}]")).unwrap_or_default();
        format!("URL pattern {:?}{name}: {}", self.pattern, self.message)
    }
}

/// The reason why `reverse` found no URL for a name and its values.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::{NoReverseMatch, Resolver, path}};
///
/// fn article(_: &mut Request, year: u32) -> String {
///     year.to_string()
/// }
///
/// let resolver = Resolver::new(vec![path("<int:year>/", article).name("article")], [])?;
/// let error = resolver.reverse("articel", (2026,)).unwrap_err();
/// assert!(matches!(error, NoReverseMatch::UnknownName { .. }));
/// assert_eq!(error.to_string(), "no URL is named \"articel\", did you mean \"article\"?");
/// # Ok::<(), nuages::urls::UrlErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoReverseMatch {
    /// No route has this name.
    #[error("no URL is named {name:?}{}", meant(.suggestion))]
    UnknownName {
        /// The requested name, with its namespaces.
        name: String,
        /// The known name that is most similar, if one is similar enough.
        suggestion: Option<String>,
    },
    /// No `include` has this namespace.
    #[error("no namespace is named {namespace:?}{}{}", within(.inside), meant(.suggestion))]
    UnknownNamespace {
        /// The unknown namespace.
        namespace: String,
        /// The namespaces around it, joined by `:`.
        inside: String,
        /// The known namespace that is most similar, if one is similar enough.
        suggestion: Option<String>,
    },
    /// Routes have the name, but none accepts the values.
    #[error("the URL {name:?} does not accept the values {values}; tried {}", .tried.join("; "))]
    NoFit {
        /// The requested name.
        name: String,
        /// The values that the caller passed.
        values: UrlValues,
        /// The patterns with that name, each with the reason why it does not accept the values.
        tried: Vec<String>,
    },
}

fn within(namespaces: &str) -> String {
    if namespaces.is_empty() { String::new() } else { format!(" inside {namespaces:?}") }
}
