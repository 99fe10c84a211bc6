//! The `[project]` table: a project's own settings, in the project's own types.

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error, ValueDeserializer},
};

use super::{
    error::{ConfigError, SettingsErrors},
    groups::{Settings, schema},
    schema::PROJECT,
    source::{self, MASK, Provenance, Sources, is_secret_name, to_toml, without_credentials},
};

impl Settings {
    /// Reads the project's own settings: the `[project]` table, overridden by `NUAGES_PROJECT__<name>`.
    ///
    /// # Errors
    ///
    /// Returns the first value that does not fit into `T`, with its line and column.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::settings::Settings;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Project {
    ///     page_size: usize,
    /// }
    ///
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\n[project]\npage_size = 20";
    /// let settings = Settings::from_toml(text, ".".as_ref())?;
    /// assert_eq!(settings.project::<Project>()?.page_size, 20);
    /// # Ok::<(), nuages::settings::SettingsErrors>(())
    /// ```
    pub fn project<T: DeserializeOwned>(&self) -> Result<T, SettingsErrors> {
        let (mut tree, _) = source::tree(&self.sources, schema());
        let table = tree.remove(PROJECT);
        let is_there = table.is_some();
        let table = table.unwrap_or_else(|| Spanned::new(0..0, DeValue::Table(DeTable::new())));
        T::deserialize(ValueDeserializer::from(table.clone())).map_err(|error| {
            let error = misfit(&error, &table, &self.sources);
            let error = if is_there { error } else { ConfigError { location: None, ..error } };
            error.into()
        })
    }
}

/// The settings of the `[project]` table, each with its origin.
pub(super) fn provenance(tree: &DeTable<'_>, sources: &Sources) -> Vec<Provenance> {
    let mut rows = Vec::new();
    if let Some(DeValue::Table(table)) = tree.get(PROJECT).map(|value| value.get_ref()) {
        add_rows(table, PROJECT, false, sources, &mut rows);
    }
    rows
}

fn add_rows(table: &DeTable<'_>, above: &str, secret: bool, sources: &Sources, rows: &mut Vec<Provenance>) {
    for (key, value) in table {
        let name = format!("{above}.{}", key.get_ref());
        let secret = secret || is_secret_name(key.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            add_rows(inner, &name, secret, sources, rows);
            continue;
        }
        let shown = if secret { MASK.to_owned() } else { to_toml(value.get_ref()) };
        rows.push(Provenance::new(name, shown, sources.origin_of(value)));
    }
}

/// The error of a value that does not fit. serde quotes the value: a secret is left out.
fn misfit(error: &Error, table: &Spanned<DeValue<'_>>, sources: &Sources) -> ConfigError {
    let mut path = vec![PROJECT.to_owned()];
    let Some(span) = error.span() else {
        return ConfigError::new(PROJECT, error.message());
    };
    path_to(&span, table.get_ref(), &mut path);
    let secret = path.iter().any(|name| is_secret_name(name));
    let message = match error.message().rsplit_once("expected ") {
        Some((_, expected)) if secret => format!("expected {expected}"),
        _ if secret => "the value does not fit".to_owned(),
        _ => without_credentials(error.message()),
    };
    ConfigError::new(path.join("."), message).at(sources.origin(span))
}

/// Adds the names that lead to the value, or to the name, at `span`. All values of one variable share a span:
/// then the path ends at the outermost.
fn path_to(span: &std::ops::Range<usize>, value: &DeValue<'_>, path: &mut Vec<String>) {
    let Some(table) = value.as_table() else {
        return;
    };
    let holds = |outer: std::ops::Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table {
        let inner = path.len();
        path.push(key.get_ref().to_string());
        if holds(key.span()) || holds(value.span()) {
            if value.span() != *span {
                path_to(span, value.get_ref(), path);
            }
            return;
        }
        // The span of a table covers only its [header], so the entries are searched too.
        let depth = path.len();
        path_to(span, value.get_ref(), path);
        if path.len() > depth {
            return;
        }
        path.truncate(inner);
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Project {
        #[serde(rename = "page_size")]
        _page_size: u16,
        #[serde(rename = "mail")]
        _mail: Option<Mail>,
    }

    #[derive(Debug, Deserialize)]
    struct Mail {
        #[serde(rename = "password")]
        _password: String,
        #[serde(rename = "port")]
        _port: u16,
    }

    fn error(project: &str, variables: &[(&str, &str)]) -> String {
        let text = format!("SECRET_KEY = \"x\"\nDEBUG = true\n{project}");
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let sources = Sources::new("settings.toml", &text, source::settings_among(variables));
        let settings = super::super::load::load(sources, ".".as_ref()).expect("settings");
        settings.project::<Project>().expect_err("a misfit").to_string()
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        assert_eq!(
            error("[project]\npage_size = \"many\"", &[]),
            "settings.toml:4:13: project.page_size: invalid type: string \"many\", expected u16"
        );
        assert_eq!(
            error("[project]\npage_size = 1\n[project.mail]\npassword = \"p\"\nport = 70000", &[]),
            "settings.toml:7:8: project.mail.port: invalid value: integer `70000`, expected u16"
        );
        assert_eq!(error("", &[]), "project: missing field `page_size`");
        assert_eq!(error("[project]", &[]), "settings.toml:3:1: project: missing field `page_size`");
        assert_eq!(
            error("", &[("NUAGES_PROJECT__page_size", "many")]),
            "environment NUAGES_PROJECT__page_size: project.page_size: invalid type: string \"many\", expected u16"
        );
    }

    #[test]
    fn a_secret_that_does_not_fit_is_not_shown() {
        let text = error("[project]\npage_size = 1\n[project.mail]\npassword = 12345\nport = 25", &[]);
        assert_eq!(text, "settings.toml:6:12: project.mail.password: expected a string");
    }
}
