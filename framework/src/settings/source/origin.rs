//! The origin of a setting's value: the default, a place in the settings file, or a variable.

use std::{fmt, sync::Arc};

/// Where a setting's value comes from.
///
/// # Examples
///
/// ```
/// use nuages::settings::{Settings, ValueOrigin};
///
/// let settings = Settings::from_toml("SECRET_KEY = \"x\"\nDEBUG = true", ".".as_ref())?;
/// assert_eq!(settings.origin("APPEND_SLASH"), ValueOrigin::Default);
/// assert_eq!(settings.origin("DEBUG").to_string(), "settings.toml:2");
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueOrigin {
    /// Neither the file nor the environment sets it.
    Default,
    /// A place in the settings file. Lines and columns count from 1, columns in characters.
    File {
        /// The path of the file, as the loader received it.
        file: Arc<str>,
        /// The line of the value, or of the name where the name is wrong.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// An environment variable, by its whole name.
    Environment(String),
}

/// `default`, `settings.toml:7` or `environment NUAGES_DEBUG`, as `diffsettings` shows it.
impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueOrigin::Default => f.write_str("default"),
            ValueOrigin::File { file, line, .. } => write!(f, "{file}:{line}"),
            ValueOrigin::Environment(name) => write!(f, "environment {name}"),
        }
    }
}
