//! The names of routes and their namespaces, as `reverse` looks them up.
//!
//! `collect` fills them while it reads the routes. A name leads to positions in the list of endpoints.

use std::collections::HashMap;

use super::error::{NoReverseMatch, suggest};

/// The names of the routes in one namespace, and the namespaces inside it.
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

    /// Adds a namespace. If the name is taken, the first namespace stays, as in Django.
    pub(super) fn add_namespace(&mut self, name: String, names: Names) {
        self.namespaces.entry(name).or_insert(names);
    }

    /// Returns the positions of the routes that have this name.
    pub(super) fn find(&self, name: &str) -> Result<&[usize], NoReverseMatch> {
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

    /// Lists all names with their namespaces.
    fn list(&self, prefix: &str, all: &mut Vec<String>) {
        all.extend(self.routes.keys().map(|name| format!("{prefix}{name}")));
        for (namespace, names) in &self.namespaces {
            names.list(&format!("{prefix}{namespace}:"), all);
        }
    }
}
