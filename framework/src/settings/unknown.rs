//! Names that no setting has: the name that was probably meant, or what to do instead.
//!
//! Searches the whole tree before any value is read. Values of unknown names are never shown, since they may
//! be secret.

use std::borrow::Cow;

use toml::{Spanned, de::DeTable, de::DeValue};

use super::{
    django,
    error::ConfigError,
    schema::{ALIAS, PROJECT, Schema},
    source::Sources,
};

/// How similar a known name must be to an unknown one to be suggested, from 0 to 1.
const ALIKE: f64 = 0.75;

/// Finds every unknown name, and every value that must be a table.
pub(super) fn errors(tree: &DeTable<'_>, sources: &Sources, schema: &Schema) -> Vec<ConfigError> {
    let mut walk = Walk { sources, schema, path: Vec::new(), errors: Vec::new() };
    walk.table(tree);
    walk.errors
}

struct Walk<'a> {
    sources: &'a Sources,
    schema: &'a Schema,
    /// The names that lead to the current value.
    path: Vec<String>,
    errors: Vec<ConfigError>,
}

impl Walk<'_> {
    fn table(&mut self, tree: &DeTable<'_>) {
        for (key, value) in tree {
            self.path.push(key.get_ref().to_string());
            self.entry(key, value);
            self.path.pop();
        }
    }

    fn entry(&mut self, key: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue<'_>>) {
        let is_project = self.path.join(".") == PROJECT;
        let is_table = is_project || self.schema.names_below(&self.path).next().is_some();
        if self.schema.find(&self.path).is_some() {
            return;
        }
        match value.get_ref() {
            DeValue::Table(inner) if is_project => {
                let misplaced: Vec<_> = inner.keys().filter_map(|key| self.misplaced(key)).collect();
                self.errors.extend(misplaced);
            }
            DeValue::Table(inner) if is_table => self.table(inner),
            _ if is_table => self.errors.push(not_a_table(&self.path).at(self.sources.origin_of(value))),
            _ => self.errors.push(unknown(&self.path, self.schema).at(self.sources.origin_of(key))),
        }
    }

    /// The error of a framework setting in `[project]`, where it would do nothing.
    fn misplaced(&self, key: &Spanned<Cow<'_, str>>) -> Option<ConfigError> {
        let name = key.get_ref();
        self.schema.names_below(TOP).find(|known| known == name)?;
        let full = format!("{}.{name}", self.path.join("."));
        let error = ConfigError::new(full, "this is a setting of Nuages, not of the project");
        Some(error.with_hint(top_of_file(name)).at(self.sources.origin_of(key)))
    }
}

/// The path of the top level.
const TOP: &[&str] = &[];

fn not_a_table(path: &[String]) -> ConfigError {
    let name = path.join(".");
    let header = if path.len() == 1 && path[0] != PROJECT { format!("{name}.default") } else { name.clone() };
    ConfigError::new(name, format!("expected a table, such as [{header}]"))
}

fn unknown(path: &[String], schema: &Schema) -> ConfigError {
    let full = path.join(".");
    let Some((name, above)) = path.split_last() else {
        return ConfigError::new(full, "no such setting");
    };
    let advice = if above.is_empty() { django::advice(name) } else { django::nested_advice(path) };
    if let Some(advice) = advice {
        return ConfigError::new(full, "Nuages does not have this Django setting").with_hint(advice);
    }
    let mut known: Vec<&str> = schema.names_below(above).filter(|name| *name != ALIAS).collect();
    known.dedup();
    let error = ConfigError::new(full, "no such setting");
    if let Some(meant) = alike(name, &known) {
        return error.with_hint(format!("did you mean {meant}?"));
    }
    if above.is_empty() {
        return error.with_hint("a project's own settings go under [project]");
    }
    if schema.names_below(TOP).any(|known| known == name) {
        return error.with_hint(top_of_file(name));
    }
    error.with_hint(format!("known here: {}", known.join(", ")))
}

fn top_of_file(name: &str) -> String {
    format!("move {name} to the top of the file: everything after a [table] line belongs to that table")
}

/// The known name that is most similar to `name`, if any is similar enough.
fn alike<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_ascii_uppercase();
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&name, &known.to_ascii_uppercase());
    known
        .iter()
        .map(|known| (likeness(known), *known))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_name_is_meant() {
        let names: Vec<_> = crate::settings::groups::schema().names_below(TOP).collect();
        for (written, meant) in [
            ("SESION_COOKIE_AGE", Some("SESSION_COOKIE_AGE")),
            ("SESSION_COOKIES_AGE", Some("SESSION_COOKIE_AGE")),
            ("session_engine", Some("SESSION_ENGINE")),
            ("DATABASE", Some("DATABASES")),
            ("ALLOWED_HOST", Some("ALLOWED_HOSTS")),
            ("projects", Some("project")),
            ("STRIPE", None),
        ] {
            assert_eq!(alike(written, &names), meant, "{written}");
        }
    }
}
