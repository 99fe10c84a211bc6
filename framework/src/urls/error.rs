//! What can be wrong with a set of URL patterns: all of it is found at start-up and told together.
//!
//! Errors keep the application from starting; warnings are Django's `urls.W…` checks, for `manage check`.

use std::fmt;

use crate::http::UrlValues;

/// All faults of a set of routes.
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

/// One fault of one URL pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("URL pattern {pattern:?}: {problem}")]
pub struct UrlError {
    /// The pattern as it was written, with the prefixes it is included under.
    pub pattern: String,
    /// What is wrong with it.
    pub problem: UrlProblem,
}

/// What can be wrong with a URL pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlProblem {
    /// Whitespace between `<` and `>`.
    #[error("{text:?} holds whitespace: write <converter:name>, such as <int:year>")]
    Whitespace {
        /// The capture, brackets included.
        text: String,
    },
    /// A capture whose name is no identifier.
    #[error(
        "the captured value's name {name:?} is not an identifier (letters, digits and _, no digit first)"
    )]
    NotAnIdentifier {
        /// The name.
        name: String,
    },
    /// A capture with a converter that is not known.
    #[error("no converter is named {converter:?} (known: {}){}", .known.join(", "), meant(.suggestion))]
    UnknownConverter {
        /// The name as it was written.
        converter: String,
        /// The known names.
        known: Vec<String>,
        /// The known name that was probably meant.
        suggestion: Option<String>,
    },
    /// Two captures of one name, those of enclosing prefixes included.
    #[error("it captures {name:?} twice")]
    CapturedTwice {
        /// The name.
        name: String,
    },
    /// More captures than a URL may have.
    #[error("it captures {captures} values, the most is {most}")]
    TooManyCaptures {
        /// How many it has.
        captures: usize,
        /// How many it may have.
        most: usize,
    },
    /// The view takes another number of captured values than the pattern captures.
    #[error("it captures {}, but its view {view} takes {takes}", list(.captures))]
    Arity {
        /// The type name of the view.
        view: &'static str,
        /// How many captured values the view takes.
        takes: usize,
        /// The names of the captures, those of enclosing prefixes included.
        captures: Vec<String>,
    },
    /// `.namespace()` on a route that is no `include`.
    #[error("the namespace {namespace:?} is given to a single view: give it to an include()")]
    NamespaceOnView {
        /// The namespace.
        namespace: String,
    },
    /// `.name()` on an `include`.
    #[error("the name {name:?} is given to an include(): name the routes in it, or give it a .namespace()")]
    NameOnInclude {
        /// The name.
        name: String,
    },
    /// A namespace that `reverse` could never find.
    #[error("the namespace {namespace:?} is empty or holds a ':', which separates namespaces")]
    Namespace {
        /// The namespace.
        namespace: String,
    },
    /// A mounted service below a prefix that ends inside a path segment.
    #[error("a mounted service answers below its prefix, which must be empty or end in '/'")]
    MountPrefix,
    /// A custom converter's name that cannot stand in a pattern.
    #[error("a converter cannot be named {name:?}: no whitespace, '<', '>' or ':', and not empty")]
    ConverterName {
        /// The name.
        name: String,
    },
    /// A custom converter under a name that is taken.
    #[error("a converter named {name:?} is there already")]
    ConverterTaken {
        /// The name.
        name: String,
    },
    /// The radix tree cannot hold the pattern's literal prefix.
    #[error("the router cannot hold it: {reason}")]
    Unroutable {
        /// What matchit said.
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

/// `, did you mean "int"?`, where there is something to suggest.
fn meant(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(", did you mean {name:?}?")).unwrap_or_default()
}

/// The known name that `given` is probably a slip of the pen for.
pub(super) fn suggest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

/// Something about a URL pattern that works, but hardly as it was meant; Django's check of the same id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("({id}) URL pattern {pattern:?}{}: {message}", .name.as_ref().map(|name| format!(" [name={name:?}]")).unwrap_or_default())]
pub struct UrlWarning {
    /// Django's id of the check: `urls.W002`.
    pub id: &'static str,
    /// The pattern as it was written, without the prefixes it is included under.
    pub pattern: String,
    /// The route's name.
    pub name: Option<String>,
    /// What is odd about it.
    pub message: &'static str,
}

/// Why a name and its values lead to no URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoReverseMatch {
    /// No route has the name.
    #[error("no URL is named {name:?}{}", meant(.suggestion))]
    UnknownName {
        /// The name that was asked for, with its namespaces.
        name: String,
        /// The known name that was probably meant.
        suggestion: Option<String>,
    },
    /// No `include` has the namespace.
    #[error("no namespace is named {namespace:?}{}{}", within(.inside), meant(.suggestion))]
    UnknownNamespace {
        /// The namespace that was not found.
        namespace: String,
        /// The namespaces around it, joined by `:`.
        inside: String,
        /// The known namespace that was probably meant.
        suggestion: Option<String>,
    },
    /// Routes have the name, but none takes the values.
    #[error("the URL {name:?} cannot be made of {values}; tried {}", .tried.join("; "))]
    NoFit {
        /// The name that was asked for.
        name: String,
        /// The values it was asked for with.
        values: UrlValues,
        /// The patterns of that name, each with the reason why it does not fit.
        tried: Vec<String>,
    },
}

fn within(namespaces: &str) -> String {
    if namespaces.is_empty() { String::new() } else { format!(" inside {namespaces:?}") }
}
