//! What is wrong with a project's settings, and where: every mistake, not only the first.
//!
//! Built by the loader, the checks and every room that opens something named in the settings; printed by
//! `manage`. A value that is secret is never put into a [`ConfigError`].

use std::{fmt, sync::Arc};

/// Where a setting's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A place in the settings file; line and column count characters from 1.
    File {
        /// The file, as it was named to the loader.
        file: Arc<str>,
        /// The line of the value, or of the name where the name is what is wrong.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// An environment variable, by its whole name.
    Environment(String),
}

/// `default`, `settings.toml:7` or `environment NUAGES_DEBUG`: as `diffsettings` shows it.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { file, line, .. } => write!(f, "{file}:{line}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
        }
    }
}

/// One mistake in the settings.
///
/// # Examples
///
/// ```
/// use nuages::settings::ConfigError;
///
/// let error = ConfigError::new("SESSION_ENGINE", "no such engine (known: cache, db)")
///     .with_value("\"rediss\"")
///     .with_hint("register it with App::session_engine");
/// assert_eq!(
///     error.to_string(),
///     "SESSION_ENGINE = \"rediss\": no such engine (known: cache, db)\n    \
///      hint: register it with App::session_engine"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting's name (`DATABASES.default.ENGINE` for a nested one); empty for a fault of the file.
    pub setting: String,
    /// Its value as TOML; none where it is secret, missing or not the point.
    pub value: Option<String>,
    /// What is wrong and what was expected.
    pub message: String,
    /// Where it stands.
    pub location: Option<Origin>,
    /// What to do.
    pub hint: Option<String>,
}

impl ConfigError {
    /// A mistake in `setting`.
    pub fn new(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self { setting: setting.into(), value: None, message: message.into(), location: None, hint: None }
    }

    /// Adds the value, written as TOML. It must not be secret.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Adds where the value stands.
    #[must_use]
    pub fn at(mut self, location: Origin) -> Self {
        self.location = (location != Origin::Default).then_some(location);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether this is a mistake in `setting` itself.
    pub(super) fn is_about(&self, setting: &str) -> bool {
        self.setting == setting
    }

    /// Whether both are in the file, on one line.
    pub(super) fn is_on_line_of(&self, other: &Self) -> bool {
        let line = |error: &Self| match error.location {
            Some(Origin::File { line, .. }) => Some(line),
            _ => None,
        };
        line(self).is_some() && line(self) == line(other)
    }

    /// Its place among the others: as the file goes, then the environment; what is missing comes first.
    pub(super) fn place(&self) -> (u8, usize, usize, &str) {
        match &self.location {
            None | Some(Origin::Default) => (0, 0, 0, ""),
            Some(Origin::File { line, column, .. }) => (1, *line, *column, ""),
            Some(Origin::Environment(name)) => (2, 0, 0, name),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(Origin::File { file, line, column }) => write!(f, "{file}:{line}:{column}: ")?,
            Some(Origin::Environment(name)) => write!(f, "environment {name}: ")?,
            Some(Origin::Default) | None => {}
        }
        match (&self.setting, &self.value) {
            (setting, _) if setting.is_empty() => {}
            (setting, Some(value)) => write!(f, "{setting} = {value}: ")?,
            (setting, None) => write!(f, "{setting}: ")?,
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n    hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Every mistake that was found in the settings, in the order of the file. Never empty when returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsErrors(pub Vec<ConfigError>);

impl SettingsErrors {
    /// `value`, if no mistake was found.
    ///
    /// # Errors
    ///
    /// These errors, if there are any.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<ConfigError> for SettingsErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl FromIterator<ConfigError> for SettingsErrors {
    fn from_iter<I: IntoIterator<Item = ConfigError>>(errors: I) -> Self {
        Self(errors.into_iter().collect())
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [error] = self.0.as_slice() {
            return error.fmt(f);
        }
        write!(f, "{} mistakes in the settings", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(f, "\n{error}"))
    }
}

impl std::error::Error for SettingsErrors {}
