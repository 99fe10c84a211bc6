//! Settings from the environment: `NUAGES_<NAME>` overrides `<NAME>` of the file, and `__` goes into a
//! table: `NUAGES_DATABASES__default__NAME`.
//!
//! A value is text where its setting is text, else TOML (`true`, `3600`, `["a", "b"]`; a list may be
//! `a,b` too). Here values are only laid into the tree: the loader checks all alike.

use std::{borrow::Cow, ops::Range};

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    error::{ConfigError, Origin},
    kind::{Kind, separated},
    table::{self, ALIAS, PROJECT},
};

/// The prefix of every variable that is a setting.
const PREFIX: &str = "NUAGES_";

/// The variable that names the settings file.
pub(super) const SETTINGS_FILE: &str = "NUAGES_SETTINGS";

/// A variable that overrides a setting.
pub(super) struct Variable {
    pub(super) name: String,
    value: String,
}

/// The variables of this process, and an error for each setting among them that is not Unicode.
pub(super) fn of_process() -> (Vec<(String, String)>, Vec<ConfigError>) {
    let (mut variables, mut errors) = (Vec::new(), Vec::new());
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        match value.into_string() {
            Ok(value) => variables.push((name.to_owned(), value)),
            Err(_) if name == SETTINGS_FILE => {}
            Err(_) => {
                let error = ConfigError::new(&name[PREFIX.len()..], "expected text in UTF-8");
                errors.push(error.at(Origin::Environment(name.to_owned())));
            }
        }
    }
    (variables, errors)
}

/// The variables that are settings, by name.
pub(super) fn settings_among(variables: impl IntoIterator<Item = (String, String)>) -> Vec<Variable> {
    let is_setting = |name: &str, value: &str| {
        name.starts_with(PREFIX) && name != SETTINGS_FILE && !is_kubernetes(name, value)
    };
    let mut settings: Vec<Variable> = variables
        .into_iter()
        .filter(|(name, value)| is_setting(name, value))
        .map(|(name, value)| Variable { name, value })
        .collect();
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    settings
}

/// Kubernetes tells each pod of a service named `nuages` in variables such as `NUAGES_SERVICE_HOST`
/// and `NUAGES_PORT_80_TCP_ADDR`; nobody meant those as settings.
fn is_kubernetes(name: &str, value: &str) -> bool {
    let port = name.split_once("_PORT_").and_then(|(_, rest)| rest.split_once('_'));
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && value.contains("://"))
        || port.is_some_and(|(number, _)| number.parse::<u16>().is_ok())
}

/// Puts the variable's value into the tree, in the place of the file's.
pub(super) fn lay_over<'a>(tree: &mut DeTable<'a>, variable: &'a Variable, span: Range<usize>) {
    let path = path_of(tree, &variable.name[PREFIX.len()..]);
    let Some((last, tables)) = path.split_last() else {
        return;
    };
    let mut table = tree;
    for name in tables {
        let key = Spanned::new(span.clone(), Cow::Owned(name.clone()));
        let empty = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
        match table.entry(key).or_insert_with(empty).get_mut() {
            DeValue::Table(inner) => table = inner,
            // The file has something else there, and hears of that.
            _ => return,
        }
    }
    let old = table.get(last.as_str()).map(Spanned::get_ref);
    let value = match table::find(&path) {
        Some(setting) => typed(setting.kind, &variable.value, &span),
        None if path[0] == PROJECT => untyped(old, &variable.value, &span),
        None => text(&variable.value),
    };
    let key = Spanned::new(span.clone(), Cow::Owned(last.clone()));
    table.remove(last.as_str());
    table.insert(key, Spanned::new(span, value));
}

/// The setting's path in the case in which the file or the settings' table writes it: many a tool knows
/// variables in upper case only.
fn path_of(tree: &DeTable<'_>, name: &str) -> Vec<String> {
    let mut table = Some(tree);
    let mut path: Vec<String> = Vec::new();
    for (depth, part) in name.split("__").enumerate() {
        let in_file = table.and_then(|table| {
            let keys = || table.keys().map(|key| key.get_ref().as_ref());
            keys().find(|key| *key == part).or_else(|| keys().find(|key| key.eq_ignore_ascii_case(part)))
        });
        let in_table = table::names_below(&path)
            .map(|name| if name == ALIAS { "default" } else { name })
            .find(|name| name.eq_ignore_ascii_case(part));
        let part = match (depth, in_table, in_file) {
            (0, Some(PROJECT), _) => PROJECT,
            // At the top, settings are upper case and nothing else is meant.
            (0, ..) => part,
            (_, Some(name), _) | (_, None, Some(name)) => name,
            (_, None, None) => part,
        };
        table = table.and_then(|table| table.get(part)).and_then(|value| value.get_ref().as_table());
        path.push(part.to_owned());
    }
    path
}

/// A text that is not of its setting's kind stays a text, so that the error shows it as it was written.
fn typed<'a>(kind: Kind, value: &'a str, span: &Range<usize>) -> DeValue<'a> {
    match kind {
        Kind::Flag => match value.to_ascii_lowercase().as_str() {
            "true" | "1" => DeValue::Boolean(true),
            "false" | "0" => DeValue::Boolean(false),
            _ => text(value),
        },
        Kind::SameSite if value.eq_ignore_ascii_case("false") => DeValue::Boolean(false),
        Kind::List | Kind::Secrets | Kind::Paths | Kind::Urls | Kind::HeaderPair => {
            if value.trim_start().starts_with('[') {
                return parsed(value, span).unwrap_or_else(|| text(value));
            }
            let items = separated(value, &[',']).into_iter();
            let items = items.map(|item| Spanned::new(span.clone(), DeValue::String(Cow::Owned(item))));
            DeValue::Array(items.collect())
        }
        Kind::Seconds { .. } | Kind::Time | Kind::Count { .. } => {
            parsed(value, span).filter(|v| v.is_integer() || v.is_float()).unwrap_or_else(|| text(value))
        }
        _ => text(value),
    }
}

/// A project's own setting is text where the file has a text, else TOML where it reads as such.
fn untyped<'a>(old: Option<&DeValue<'_>>, value: &'a str, span: &Range<usize>) -> DeValue<'a> {
    if old.is_some_and(DeValue::is_str) {
        return text(value);
    }
    parsed(value, span).unwrap_or_else(|| text(value))
}

fn text(value: &str) -> DeValue<'_> {
    DeValue::String(Cow::Borrowed(value))
}

fn parsed<'a>(value: &'a str, span: &Range<usize>) -> Option<DeValue<'a>> {
    DeValue::parse(value.trim()).ok().map(|value| moved(value.into_inner(), span))
}

/// Gives everything inside a value the span of the whole.
fn moved<'a>(value: DeValue<'a>, span: &Range<usize>) -> DeValue<'a> {
    let place = |value: Spanned<DeValue<'a>>| Spanned::new(span.clone(), moved(value.into_inner(), span));
    match value {
        DeValue::Array(items) => DeValue::Array(items.into_iter().map(place).collect::<DeArray<'a>>()),
        DeValue::Table(table) => {
            let entries = table.into_iter();
            DeValue::Table(
                entries
                    .map(|(key, value)| (Spanned::new(span.clone(), key.into_inner()), place(value)))
                    .collect(),
            )
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_kubernetes_are_no_settings() {
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let settings = settings_among([
            variable("NUAGES_SERVICE_HOST", "10.0.0.1"),
            variable("NUAGES_PORT", "tcp://10.0.0.1:80"),
            variable("NUAGES_PORT_80_TCP_ADDR", "10.0.0.1"),
            variable("NUAGES_DB_SERVICE_PORT_HTTP", "80"),
            variable("NUAGES_SETTINGS", "settings.toml"),
            variable("NUAGES_DATABASES__default__PORT", "5432"),
            variable("PATH", "/bin"),
        ]);
        let names: Vec<_> = settings.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["NUAGES_DATABASES__default__PORT"]);
    }

    #[test]
    fn an_upper_case_path_finds_the_files_own_case() {
        let tree = DeTable::parse("[DATABASES.reports]\nNAME = \"r\"").expect("TOML").into_inner();
        for (name, path) in [
            ("DATABASES__REPORTS__NAME", vec!["DATABASES", "reports", "NAME"]),
            ("DATABASES__DEFAULT__options__TIMEOUT", vec!["DATABASES", "default", "OPTIONS", "timeout"]),
            ("DATABASES__other__NAME", vec!["DATABASES", "other", "NAME"]),
            ("PROJECT__PAGE", vec!["project", "PAGE"]),
            ("debug", vec!["debug"]),
        ] {
            assert_eq!(path_of(&tree, name), path);
        }
    }
}
