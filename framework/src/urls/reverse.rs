//! Reversing: from a route's name and its values back to a URL, as Django's `reverse()`.
//!
//! Called through `request.reverse`, the templates' `url()` and [`Resolver::reverse`]. It does not look
//! at the request: a URL is the same for everyone.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    collect::Endpoint,
    error::{meant, suggest},
    pattern::Piece,
    resolver::Resolver,
};
use crate::{
    Result,
    http::{ReverseUrls, UrlArgs, UrlValues},
};

/// What Django's `quote(url, safe=RFC3986_SUBDELIMS + "/~:@")` leaves as it is: RFC 3986's `pchar` and `/`.
const NOT_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'/')
    .remove(b':')
    .remove(b'@');

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

/// The names in one namespace.
#[derive(Default)]
pub(super) struct Names {
    /// Positions in the list of endpoints, ascending.
    routes: HashMap<String, Vec<usize>>,
    namespaces: HashMap<String, Names>,
}

impl Names {
    pub(super) fn add(&mut self, name: &str, position: usize) {
        self.routes.entry(name.to_owned()).or_default().push(position);
    }

    /// Adds a namespace; of several with one name the first stays, as in Django.
    pub(super) fn add_namespace(&mut self, name: String, names: Names) {
        self.namespaces.entry(name).or_insert(names);
    }

    fn find(&self, name: &str) -> Result<&[usize], NoReverseMatch> {
        let mut within = self;
        let mut path: Vec<&str> = name.split(':').collect();
        let last = path.pop().unwrap_or_default();
        for (depth, namespace) in path.iter().enumerate() {
            within = within.namespaces.get(*namespace).ok_or_else(|| NoReverseMatch::UnknownNamespace {
                namespace: (*namespace).to_owned(),
                inside: path[..depth].join(":"),
                suggestion: suggest(namespace, within.namespaces.keys().map(String::as_str)),
            })?;
        }
        within.routes.get(last).map(Vec::as_slice).ok_or_else(|| {
            let mut all = Vec::new();
            self.list("", &mut all);
            let suggestion = match all.iter().find(|known| known.rsplit(':').next() == Some(last)) {
                Some(elsewhere) => Some(elsewhere.clone()),
                None => suggest(name, all.iter().map(String::as_str)),
            };
            NoReverseMatch::UnknownName { name: name.to_owned(), suggestion }
        })
    }

    /// All names with their namespaces.
    fn list(&self, prefix: &str, all: &mut Vec<String>) {
        all.extend(self.routes.keys().map(|name| format!("{prefix}{name}")));
        for (namespace, names) in &self.namespaces {
            names.list(&format!("{prefix}{namespace}:"), all);
        }
    }
}

impl Resolver {
    /// The URL of a named route, with its leading slash, percent-encoded.
    ///
    /// `args` are the captured values in order, as a tuple, or pairs of names and values, as an array
    /// (see [`UrlArgs`]). Where several routes have the name, the last one listed that takes the values
    /// is used, as in Django.
    ///
    /// # Errors
    ///
    /// [`NoReverseMatch`] where no route has the name, or none takes the values.
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
    ///     "the URL \"tag\" cannot be made of (\"a/b\"); \
    ///      tried tags/<str:name>/ (name = \"a/b\" is no value of the converter str)",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reverse(&self, name: &str, args: impl UrlArgs) -> Result<String, NoReverseMatch> {
        self.reverse_values(name, args.into_values())
    }

    fn reverse_values(&self, name: &str, values: UrlValues) -> Result<String, NoReverseMatch> {
        let mut tried = Vec::new();
        for &position in self.names.find(name)?.iter().rev() {
            let endpoint = &self.endpoints[position];
            match fill(endpoint, &values) {
                Ok(path) => return Ok(encode(&path)),
                Err(reason) => tried.push(format!("{} ({reason})", endpoint.pattern)),
            }
        }
        Err(NoReverseMatch::NoFit { name: name.to_owned(), values, tried })
    }
}

impl ReverseUrls for Resolver {
    fn reverse(&self, name: &str, values: UrlValues) -> Result<String> {
        Ok(self.reverse_values(name, values)?)
    }

    fn is_valid_path(&self, path: &str) -> bool {
        self.is_valid_path(path.strip_prefix('/').unwrap_or(path))
    }

    fn patterns(&self) -> Vec<(String, Option<String>)> {
        let listed = self.patterns();
        listed.map(|info| (info.pattern.to_owned(), info.name.map(str::to_owned))).collect()
    }
}

/// The pattern with the values in the place of its captures, or why they do not fit.
fn fill(endpoint: &Endpoint, values: &UrlValues) -> Result<String, String> {
    let wanted = &endpoint.params;
    let ordered: Vec<&str> = match values {
        UrlValues::Positional(values) if values.len() == wanted.len() => {
            values.iter().map(String::as_str).collect()
        }
        UrlValues::Positional(values) => {
            return Err(format!("it takes {}, not {}", count(wanted.len()), values.len()));
        }
        UrlValues::Keyword(pairs) => {
            if let Some((name, _)) = pairs.iter().find(|(name, _)| !wanted.iter().any(|w| **w == **name)) {
                return Err(format!("it takes no {name}"));
            }
            let value = |name: &str| pairs.iter().rev().find(|(known, _)| known == name).map(|(_, v)| &**v);
            wanted
                .iter()
                .map(|name| value(name).ok_or_else(|| format!("{name} is missing")))
                .collect::<Result<_, _>>()?
        }
    };
    let mut path = String::from("/");
    let mut values = ordered.into_iter();
    for piece in &endpoint.pieces {
        match piece {
            Piece::Literal(text) => path.push_str(text),
            Piece::Capture(capture) => {
                let value = values.next().unwrap_or_default();
                if !capture.converter.accepts(value) {
                    let (name, converter) = (&capture.name, capture.converter.name());
                    return Err(format!("{name} = {value:?} is no value of the converter {converter}"));
                }
                path.push_str(value);
            }
            Piece::Rest => path.push_str(values.next().unwrap_or_default()),
            Piece::Cut => {}
        }
    }
    Ok(path)
}

fn count(values: usize) -> String {
    match values {
        0 => "no values".to_owned(),
        1 => "1 value".to_owned(),
        more => format!("{more} values"),
    }
}

/// Percent-encodes a path; never one that a browser would read as a host (`//example.com`).
fn encode(path: &str) -> String {
    let encoded = utf8_percent_encode(path, NOT_IN_PATH).to_string();
    match encoded.strip_prefix("//") {
        Some(rest) => format!("/%2F{rest}"),
        None => encoded,
    }
}
