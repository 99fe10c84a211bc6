//! Mistakes in a project's settings: all of them, each with its place, its value and a hint.
//!
//! Built by the loader, by the checks and by every part of the framework that opens something named in the
//! settings; printed by `manage`. A [`ConfigError`] never contains the value of a secret.

use std::fmt;

use super::source::ValueOrigin;

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
    /// The setting's name, such as `DATABASES.default.ENGINE`. Empty if the file itself is wrong.
    pub setting: String,
    /// The value as TOML. None if it is secret or missing, or if only the name is wrong.
    pub value: Option<String>,
    /// The fault, and what was expected.
    pub message: String,
    /// The place of the value or of the name.
    pub location: Option<ValueOrigin>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl ConfigError {
    /// Describes a mistake in `setting`.
    pub fn new(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self { setting: setting.into(), value: None, message: message.into(), location: None, hint: None }
    }

    /// Adds the value as TOML. It must not be a secret.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Adds the place of the value.
    #[must_use]
    pub fn at(mut self, location: ValueOrigin) -> Self {
        self.location = (location != ValueOrigin::Default).then_some(location);
        self
    }

    /// Adds a hint on how to mend it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether this is a mistake in `setting` itself.
    pub(super) fn is_about(&self, setting: &str) -> bool {
        self.setting == setting
    }

    /// Whether both mistakes are on the same line of the file.
    pub(super) fn is_on_line_of(&self, other: &Self) -> bool {
        let line = |error: &Self| match error.location {
            Some(ValueOrigin::File { line, .. }) => Some(line),
            _ => None,
        };
        line(self).is_some() && line(self) == line(other)
    }

    /// The key by which mistakes are sorted: missing settings first, then the lines of the file, then variables.
    pub(super) fn place(&self) -> (u8, usize, usize, &str) {
        match &self.location {
            None | Some(ValueOrigin::Default) => (0, 0, 0, ""),
            Some(ValueOrigin::File { line, column, .. }) => (1, *line, *column, ""),
            Some(ValueOrigin::Environment(name)) => (2, 0, 0, name),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(ValueOrigin::File { file, line, column }) => write!(f, "{file}:{line}:{column}: ")?,
            Some(ValueOrigin::Environment(name)) => write!(f, "environment {name}: ")?,
            Some(ValueOrigin::Default) | None => {}
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

/// All mistakes in the settings, in the order of the file. Never empty where a function returns it.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
///
/// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nAPEND_SLASH = true\nPREPEND_WWW = 1";
/// let errors = Settings::from_toml(text, ".".as_ref()).unwrap_err();
/// assert_eq!(errors.0.len(), 2);
/// assert!(errors.to_string().contains("hint: did you mean APPEND_SLASH?"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsErrors(pub Vec<ConfigError>);

impl SettingsErrors {
    /// Returns `value` if there is no mistake.
    ///
    /// # Errors
    ///
    /// These mistakes, if there are any.
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
