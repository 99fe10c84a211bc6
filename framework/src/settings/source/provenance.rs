//! Each setting in force with its value and origin, for `diffsettings` and for errors.

use super::{
    origin::ValueOrigin,
    redact::{self, MASK},
};
use crate::settings::error::ConfigError;

/// A setting in force: its value and where that comes from.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
///
/// let settings = Settings::from_toml("SECRET_KEY = \"x\"\nDEBUG = true", ".".as_ref())?;
/// let debug = settings.provenance().iter().find(|row| row.name == "DEBUG").unwrap();
/// assert_eq!((debug.value.as_str(), debug.origin.to_string()), ("true", "settings.toml:2".to_owned()));
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// Its name, with dots for tables: `DATABASES.default.NAME`.
    pub name: String,
    /// Its value as TOML, or the default in words. Secrets are masked.
    pub value: String,
    /// Where the value comes from.
    pub origin: ValueOrigin,
}

impl Provenance {
    pub(in crate::settings) fn new(name: String, value: String, origin: ValueOrigin) -> Self {
        Self { name, value, origin }
    }
}

/// An error about `name`, with its value and place where it is set. Secrets are left out.
pub(in crate::settings) fn error_about(
    rows: &[Provenance],
    name: &str,
    message: impl Into<String>,
) -> ConfigError {
    let error = ConfigError::new(name, message);
    match rows.iter().find(|row| row.name == name) {
        Some(row) if row.origin != ValueOrigin::Default && row.value != MASK => {
            error.with_value(redact::cut(row.value.clone())).at(row.origin.clone())
        }
        Some(row) => error.at(row.origin.clone()),
        None => error,
    }
}
