//! Names that no setting has: what was meant, or what to do instead.
//!
//! Walks the whole tree before any value is read. Values of unknown names are never shown: nobody knows
//! whether they are secret.

use toml::{Spanned, de::DeTable, de::DeValue};

use super::{
    django,
    error::ConfigError,
    source::Source,
    table::{self, ALIAS, PROJECT},
};

/// How alike two names must be for one to be taken for the other, from 0 to 1.
const ALIKE: f64 = 0.75;

/// Every unknown name, and every value where a table must be.
pub(super) fn errors(tree: &DeTable<'_>, source: &Source) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    walk(tree, &mut Vec::new(), source, &mut errors);
    errors
}

fn walk(tree: &DeTable<'_>, path: &mut Vec<String>, source: &Source, errors: &mut Vec<ConfigError>) {
    for (key, value) in tree {
        path.push(key.get_ref().to_string());
        let is_table_row = table::names_below(path).next().is_some() || path.join(".") == PROJECT;
        match value.get_ref() {
            _ if table::find(path).is_some() => {}
            DeValue::Table(inner) if path.join(".") == PROJECT => {
                errors.extend(inner.keys().filter_map(|key| misplaced(key, path, source)));
            }
            DeValue::Table(inner) if is_table_row => walk(inner, path, source, errors),
            _ if is_table_row => errors.push(not_a_table(path).at(source.origin_of(value))),
            _ => errors.push(unknown(path).at(source.origin_of(key))),
        }
        path.pop();
    }
}

fn not_a_table(path: &[String]) -> ConfigError {
    let name = path.join(".");
    let header = if path.len() == 1 && path[0] != PROJECT { format!("{name}.default") } else { name.clone() };
    ConfigError::new(name, format!("expected a table, such as [{header}]"))
}

/// A setting of ours below `[project]`, where it would do nothing.
fn misplaced(
    key: &Spanned<std::borrow::Cow<'_, str>>,
    path: &[String],
    source: &Source,
) -> Option<ConfigError> {
    let name = key.get_ref();
    table::names_below(&[] as &[&str]).find(|known| known == name)?;
    let error =
        ConfigError::new(format!("{}.{name}", path.join(".")), "this setting is not the project's own");
    Some(error.with_hint(top_of_file(name)).at(source.origin_of(key)))
}

fn unknown(path: &[String]) -> ConfigError {
    let full = path.join(".");
    let Some((name, above)) = path.split_last() else {
        return ConfigError::new(full, "no such setting");
    };
    let advice = if above.is_empty() { django::advice(name) } else { django::nested_advice(path) };
    if let Some(advice) = advice {
        return ConfigError::new(full, "Nuages does not have this setting of Django's").with_hint(advice);
    }
    let mut known: Vec<&str> = table::names_below(above).filter(|name| *name != ALIAS).collect();
    known.dedup();
    let error = ConfigError::new(full, "no such setting");
    if let Some(meant) = alike(name, &known) {
        return error.with_hint(format!("did you mean {meant}?"));
    }
    if above.is_empty() {
        return error.with_hint("a project's own settings go under [project]");
    }
    if table::names_below(&[] as &[&str]).any(|known| known == name) {
        return error.with_hint(top_of_file(name));
    }
    error.with_hint(format!("known here: {}", known.join(", ")))
}

fn top_of_file(name: &str) -> String {
    format!("move {name} to the top of the file: after a [table] line, everything belongs to that table")
}

/// The known name that is most like `name`, if one is like it at all.
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
        let names: Vec<_> = table::names_below(&[] as &[&str]).collect();
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
