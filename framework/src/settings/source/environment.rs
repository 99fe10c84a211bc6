//! Settings from the environment: `NUAGES_<NAME>` overrides `<NAME>` of the file. Two underscores separate
//! a table from its entry: `NUAGES_DATABASES__default__NAME`.
//!
//! The value of a text setting is taken unchanged. Other values are TOML (`true`, `3600`, `["a", "b"]`); a
//! list may also be `a,b`. This file puts values into the tree without checking them: the groups check every
//! value alike, wherever it comes from.

use std::{borrow::Cow, ops::Range};

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{file::Variable, origin::ValueOrigin};
use crate::settings::{
    error::ConfigError,
    schema::{ALIAS, PROJECT, Schema, ValueKind, separated},
};

/// The prefix of every variable that is a setting.
const PREFIX: &str = "NUAGES_";

/// The variable that names the settings file.
pub(in crate::settings) const SETTINGS_FILE: &str = "NUAGES_SETTINGS";

/// Variables of the development server: the editor that its links open, and where that has the files.
const EDITOR: [&str; 2] = ["NUAGES_EDITOR", "NUAGES_EDITOR_PATHS"];

/// The `NUAGES_*` variables of this process, and an error for each that is not Unicode.
pub(in crate::settings) fn of_process() -> (Vec<(String, String)>, Vec<ConfigError>) {
    let (mut variables, mut errors) = (Vec::new(), Vec::new());
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        match value.into_string() {
            Ok(value) => variables.push((name.to_owned(), value)),
            Err(_) if !may_be_setting(name) => {}
            Err(_) => {
                let error = ConfigError::new(&name[PREFIX.len()..], "expected text in UTF-8");
                errors.push(error.at(ValueOrigin::Environment(name.to_owned())));
            }
        }
    }
    (variables, errors)
}

/// The variables that are settings, sorted by name.
pub(in crate::settings) fn settings_among(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Vec<Variable> {
    let is_setting = |name: &str, value: &str| {
        name.starts_with(PREFIX) && may_be_setting(name) && !is_kubernetes(name, value)
    };
    let mut settings: Vec<Variable> = variables
        .into_iter()
        .filter(|(name, value)| is_setting(name, value))
        .map(|(name, value)| Variable { name, value })
        .collect();
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    settings
}

/// Whether this is not one of the variables that have another use.
fn may_be_setting(name: &str) -> bool {
    name != SETTINGS_FILE && !EDITOR.contains(&name)
}

/// Whether Kubernetes made this variable. For a service named `nuages` it sets variables such as
/// `NUAGES_SERVICE_HOST` and `NUAGES_PORT_80_TCP_ADDR` in each pod; they are not settings.
fn is_kubernetes(name: &str, value: &str) -> bool {
    let port = name.split_once("_PORT_").and_then(|(_, rest)| rest.split_once('_'));
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && value.contains("://"))
        || port.is_some_and(|(number, _)| number.parse::<u16>().is_ok())
}

/// Replaces the file's value in the tree by the variable's.
pub(super) fn override_value<'a>(
    tree: &mut DeTable<'a>,
    variable: &'a Variable,
    span: Range<usize>,
    schema: &Schema,
) {
    let path = path_of(tree, &variable.name[PREFIX.len()..], schema);
    let Some((last, tables)) = path.split_last() else {
        return;
    };
    let mut table = tree;
    for name in tables {
        let key = Spanned::new(span.clone(), Cow::Owned(name.clone()));
        let empty = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
        match table.entry(key).or_insert_with(empty).get_mut() {
            DeValue::Table(inner) => table = inner,
            // The file has a value where a table must be: that is an error of its own.
            _ => return,
        }
    }
    let old = table.get(last.as_str()).map(Spanned::get_ref);
    let value = match schema.find(&path) {
        Some(setting) => typed(setting.kind(), &variable.value, &span),
        None if path[0] == PROJECT => untyped(old, &variable.value, &span),
        None => text(&variable.value),
    };
    let key = Spanned::new(span.clone(), Cow::Owned(last.clone()));
    table.remove(last.as_str());
    table.insert(key, Spanned::new(span, value));
}

/// The setting's path, in upper or lower case as the schema or the file writes it: some tools know variables
/// in upper case only.
fn path_of(tree: &DeTable<'_>, name: &str, schema: &Schema) -> Vec<String> {
    let mut table = Some(tree);
    let mut path: Vec<String> = Vec::new();
    for (depth, part) in name.split("__").enumerate() {
        let in_file = table.and_then(|table| {
            let keys = || table.keys().map(|key| key.get_ref().as_ref());
            keys().find(|key| *key == part).or_else(|| keys().find(|key| key.eq_ignore_ascii_case(part)))
        });
        let in_schema = schema
            .names_below(&path)
            .map(|name| if name == ALIAS { "default" } else { name })
            .find(|name| name.eq_ignore_ascii_case(part));
        let part = match (depth, in_schema, in_file) {
            (0, Some(PROJECT), _) => PROJECT,
            // At the top level, upper and lower case matter.
            (0, ..) => part,
            (_, Some(name), _) | (_, None, Some(name)) => name,
            (_, None, None) => part,
        };
        table = table.and_then(|table| table.get(part)).and_then(|value| value.get_ref().as_table());
        path.push(part.to_owned());
    }
    path
}

/// The variable's value as the kind of its setting. A text that does not fit stays a text, so that the error
/// shows it unchanged.
fn typed<'a>(kind: ValueKind, value: &'a str, span: &Range<usize>) -> DeValue<'a> {
    match kind {
        ValueKind::Flag => match value.to_ascii_lowercase().as_str() {
            "true" | "1" => DeValue::Boolean(true),
            "false" | "0" => DeValue::Boolean(false),
            _ => text(value),
        },
        ValueKind::ChoiceOrFalse(_) if value.eq_ignore_ascii_case("false") => DeValue::Boolean(false),
        ValueKind::List | ValueKind::Secrets | ValueKind::Paths | ValueKind::Urls | ValueKind::HeaderPair => {
            if value.trim_start().starts_with('[') {
                return parsed(value, span).unwrap_or_else(|| text(value));
            }
            let items = separated(value, &[',']).into_iter();
            let items = items.map(|item| Spanned::new(span.clone(), DeValue::String(Cow::Owned(item))));
            DeValue::Array(items.collect())
        }
        ValueKind::Seconds { .. } | ValueKind::Time | ValueKind::Count { .. } => {
            parsed(value, span).filter(|v| v.is_integer() || v.is_float()).unwrap_or_else(|| text(value))
        }
        ValueKind::Tags(_) | ValueKind::Policy => parsed(value, span).unwrap_or_else(|| text(value)),
        _ => text(value),
    }
}

/// A value of the `[project]` table: a text where the file has a text, else TOML where the value is valid
/// TOML.
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
            variable("NUAGES_EDITOR", "vscode"),
            variable("NUAGES_EDITOR_PATHS", "/app=/home/me/app"),
            variable("NUAGES_DATABASES__default__PORT", "5432"),
            variable("PATH", "/bin"),
        ]);
        let names: Vec<_> = settings.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["NUAGES_DATABASES__default__PORT"]);
    }

    #[test]
    fn an_upper_case_path_finds_the_files_own_case() {
        let tree = DeTable::parse("[DATABASES.reports]\nNAME = \"r\"").expect("TOML").into_inner();
        let schema = crate::settings::groups::schema();
        for (name, path) in [
            ("DATABASES__REPORTS__NAME", vec!["DATABASES", "reports", "NAME"]),
            ("DATABASES__DEFAULT__options__TIMEOUT", vec!["DATABASES", "default", "OPTIONS", "timeout"]),
            ("DATABASES__other__NAME", vec!["DATABASES", "other", "NAME"]),
            ("PROJECT__PAGE", vec!["project", "PAGE"]),
            ("debug", vec!["debug"]),
        ] {
            assert_eq!(path_of(&tree, name, schema), path);
        }
    }
}
