//! Reads and checks settings, and collects the mistakes of every step in the order of the file.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::{ConfigError, SettingsErrors},
    groups::{self, Checks, Reader, Settings},
    project,
    source::{self, Provenance, Sources, ValueOrigin},
    unknown,
};

impl Settings {
    /// Returns the path of the settings file: `NUAGES_SETTINGS`, else `settings.toml` in the working folder.
    pub fn find() -> PathBuf {
        match std::env::var_os(source::SETTINGS_FILE) {
            Some(path) if !path.is_empty() => PathBuf::from(path),
            _ => PathBuf::from("settings.toml"),
        }
    }

    /// Reads a settings file and the `NUAGES_*` variables of this process.
    ///
    /// # Errors
    ///
    /// Returns every mistake in both, or the error of a file that cannot be read.
    pub fn load(path: &Path) -> Result<Self, SettingsErrors> {
        let (variables, mut errors) = source::of_process();
        let loaded = Self::load_with(path, variables);
        if errors.is_empty() {
            return loaded;
        }
        errors.extend(loaded.err().into_iter().flat_map(|found| found.0));
        Err(SettingsErrors(errors))
    }

    /// Reads a settings file and these variables instead of those of the process.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Settings::load`].
    pub fn load_with(
        path: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsErrors> {
        let shown = path.display().to_string();
        let unreadable = |error: io::Error| unreadable(&shown, &error);
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let base_dir = absolute.parent().unwrap_or(&absolute);
        load(Sources::new(&shown, &text, source::settings_among(variables)), base_dir)
    }

    /// Reads settings from a text, without the environment. Relative paths start at `base_dir`.
    ///
    /// # Errors
    ///
    /// Returns every mistake in the text. Errors call it `settings.toml`.
    pub fn from_toml(text: &str, base_dir: &Path) -> Result<Self, SettingsErrors> {
        load(Sources::new("settings.toml", text, Vec::new()), base_dir)
    }

    /// Returns each setting in force and its origin, those of the `[project]` table included. Secrets are
    /// masked.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }

    /// Returns where a setting's value comes from. `name` has dots for tables: `DATABASES.default.NAME`.
    pub fn origin(&self, name: &str) -> ValueOrigin {
        let found = self.provenance.iter().find(|row| row.name == name);
        found.map_or(ValueOrigin::Default, |row| row.origin.clone())
    }

    /// Describes a mistake in a setting that only shows when the setting is used, with its value and place.
    /// `name` has dots for tables.
    ///
    /// # Examples
    ///
    /// ```
    /// # use nuages::settings::Settings;
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"rediss\"";
    /// let settings = Settings::from_toml(text, ".".as_ref())?;
    /// let error = settings.error("SESSION_ENGINE", "no such engine (known: cache, db)");
    /// assert_eq!(
    ///     error.to_string(),
    ///     "settings.toml:3:18: SESSION_ENGINE = \"rediss\": no such engine (known: cache, db)"
    /// );
    /// # Ok::<(), nuages::settings::SettingsErrors>(())
    /// ```
    pub fn error(&self, name: &str, message: impl Into<String>) -> ConfigError {
        source::error_about(&self.provenance, name, message)
    }
}

/// Reads all settings, or finds all mistakes.
pub(super) fn load(sources: Sources, base_dir: &Path) -> Result<Settings, SettingsErrors> {
    let sources = Arc::new(sources);
    let schema = groups::schema();
    let (tree, syntax_errors) = source::tree(&sources, schema);
    let mut errors = unknown::errors(&tree, &sources, schema);
    let mut reader = Reader::new(&tree, &sources);
    let mut settings = Settings::read(&mut reader, base_dir);
    settings.provenance = reader.provenance;
    settings.provenance.extend(project::provenance(&tree, &sources));
    errors.append(&mut reader.errors);
    // A syntax error can hide settings: the checks would report them as missing.
    if syntax_errors.is_empty() {
        let mut checks = Checks::new(&settings.provenance, &errors);
        settings.check(&mut checks);
        let found = checks.into_errors();
        errors.extend(found);
    }
    errors.retain(|error| !syntax_errors.iter().any(|fault| fault.is_on_line_of(error)));
    errors.extend(syntax_errors);
    errors.sort_by(|a, b| a.place().cmp(&b.place()));
    SettingsErrors(errors).or(settings)
}

/// The error of a settings file that cannot be read.
fn unreadable(path: &str, error: &io::Error) -> SettingsErrors {
    let found = match error.kind() {
        io::ErrorKind::NotFound => ConfigError::new("", format!("no settings file {path}")).with_hint(
            "run this in the project's folder, or name the file with --settings FILE or NUAGES_SETTINGS",
        ),
        _ => ConfigError::new("", format!("cannot read the settings file {path}: {error}")),
    };
    found.into()
}
