//! A finding of `manage check`: its id, its level, its text and the way to mend it, as in Django's
//! `django/core/checks/messages.py`.
//!
//! `deployment.rs` makes those about production settings, the application those about URLs; `manage check`
//! prints them.

use std::{fmt, str::FromStr};

/// How serious a [`SystemCheck`] is. The levels are Django's, and are ordered.
///
/// # Examples
///
/// ```
/// use nuages::settings::CheckLevel;
///
/// assert!(CheckLevel::Warning < CheckLevel::Error);
/// assert_eq!("WARNING".parse(), Ok(CheckLevel::Warning));
/// assert!("LOUD".parse::<CheckLevel>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckLevel {
    /// `DEBUG`
    Debug,
    /// `INFO`
    Info,
    /// `WARNING`
    Warning,
    /// `ERROR`
    Error,
    /// `CRITICAL`
    Critical,
}

impl CheckLevel {
    /// All levels, the least serious first.
    pub const ALL: [Self; 5] = [Self::Debug, Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// The level's name, such as `WARNING`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }
}

impl fmt::Display for CheckLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CheckLevel {
    type Err = UnknownCheckLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownCheckLevel(text.to_owned()))
    }
}

/// A text that names no [`CheckLevel`].
///
/// # Examples
///
/// ```
/// use nuages::settings::{CheckLevel, UnknownCheckLevel};
///
/// let error: UnknownCheckLevel = "LOUD".parse::<CheckLevel>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "\"LOUD\" is no level of a check (expected DEBUG, INFO, WARNING, ERROR or CRITICAL)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no level of a check (expected DEBUG, INFO, WARNING, ERROR or CRITICAL)")]
pub struct UnknownCheckLevel(String);

/// A finding of `manage check`.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
///
/// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"";
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// let found = settings.deployment_checks();
/// let debug = found.iter().find(|check| check.id == "security.W018").expect("DEBUG is on");
/// assert_eq!(debug.fix.as_deref(), Some("DEBUG = false"));
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemCheck {
    /// Django's id of the check, such as `security.W004`; `nuages.W001` and so on for those that Django
    /// does not have. `SILENCED_SYSTEM_CHECKS` lists ids.
    pub id: String,
    /// How serious it is.
    pub level: CheckLevel,
    /// What is wrong, and what follows from it.
    pub message: String,
    /// What to do about it, in words.
    pub hint: Option<String>,
    /// A line for settings.toml that mends it.
    pub fix: Option<String>,
}

impl SystemCheck {
    /// Makes a warning without a hint.
    pub fn warning(id: impl Into<String>, message: impl Into<String>) -> Self {
        let (id, message) = (id.into(), message.into());
        Self { id, level: CheckLevel::Warning, message, hint: None, fix: None }
    }

    /// Adds what to do about it, in words.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a line for settings.toml that mends it.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Changes the level.
    #[must_use]
    pub fn at_level(mut self, level: CheckLevel) -> Self {
        self.level = level;
        self
    }
}

impl fmt::Display for SystemCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ({}) {}", self.level, self.id, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n    hint: {hint}")?;
        }
        match &self.fix {
            Some(fix) => write!(f, "\n    settings.toml: {fix}"),
            None => Ok(()),
        }
    }
}
