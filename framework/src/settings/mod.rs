//! The settings of a project: `settings.toml` and `NUAGES_*` variables, with Django's names and defaults.
//!
//! [`Settings`] is built here and only here, once, before anything starts; every higher floor reads it, none
//! changes it. All mistakes are found together and told by name, value, line and column.
//!
//! A setting is a row in `table.rs`, a field, and a line in `loader.rs`; `docs/settings.md` is checked
//! against the table.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

mod check;
mod check_cookies;
mod django;
mod environment;
mod error;
mod groups;
mod kind;
mod loader;
mod project;
mod provenance;
mod reader;
mod redact;
mod source;
mod table;
mod unknown;

pub use error::{ConfigError, Origin, SettingsErrors};
pub use groups::{
    CacheBackend, CacheSettings, CsrfSettings, DatabaseEngine, DatabaseSettings, SameSite, SecuritySettings,
    ServerSettings, SessionSettings, Synchronous,
};
pub use provenance::Provenance;
pub use table::{Setting, known};

use redact::MASK;
use source::Source;

/// What a project's `settings.toml` and `NUAGES_*` environment say, with Django's defaults.
///
/// Its `Debug` masks secrets.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
/// use std::path::Path;
///
/// let settings = Settings::from_toml(
///     r#"
///     SECRET_KEY = "fifty random characters"
///     ALLOWED_HOSTS = ["example.com"]
///     SESSION_ENGINE = "django.contrib.sessions.backends.db"
///
///     [DATABASES.default]
///     ENGINE = "sqlite3"
///     NAME = "db.sqlite3"
///     "#,
///     Path::new("/srv/mysite"),
/// )?;
/// assert_eq!(settings.session.engine, "db");
/// assert_eq!(settings.databases["default"].name, "/srv/mysite/db.sqlite3");
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `SECRET_KEY`.
    pub secret_key: String,
    /// `SECRET_KEY_FALLBACKS`: verify, never sign.
    pub secret_key_fallbacks: Vec<String>,
    /// `DEBUG`. Default false.
    pub debug: bool,
    /// `ALLOWED_HOSTS`.
    pub allowed_hosts: Vec<String>,
    /// The folder of the settings file: relative paths are relative to it.
    pub base_dir: PathBuf,
    /// `SESSION_*`.
    pub session: SessionSettings,
    /// `DATABASES`, by alias.
    pub databases: BTreeMap<String, DatabaseSettings>,
    /// `CACHES`, by alias. Default one `default` in this process's memory, as Django's.
    pub caches: BTreeMap<String, CacheSettings>,
    /// `APPEND_SLASH`. Default true.
    pub append_slash: bool,
    /// `PREPEND_WWW`. Default false.
    pub prepend_www: bool,
    /// `STATIC_URL`. Default `static/`.
    pub static_url: String,
    /// `STATICFILES_DIRS`. Default `["static"]`, where that folder exists.
    pub staticfiles_dirs: Vec<PathBuf>,
    /// `TEMPLATE_DIRS`. Default `["templates"]`.
    pub template_dirs: Vec<PathBuf>,
    /// `INTERNAL_IPS`.
    pub internal_ips: Vec<String>,
    /// `SECURE_*`, `X_FRAME_OPTIONS`, `USE_X_FORWARDED_HOST`: what the security middleware sends.
    pub security: SecuritySettings,
    /// `CSRF_*`.
    pub csrf: CsrfSettings,
    /// Limits and timeouts of the server and of request bodies.
    pub server: ServerSettings,
    source: Arc<Source>,
    provenance: Vec<Provenance>,
}

impl Settings {
    /// The settings file of this process: `NUAGES_SETTINGS`, else `settings.toml` in the working folder.
    pub fn find() -> PathBuf {
        match std::env::var_os(environment::SETTINGS_FILE) {
            Some(path) if !path.is_empty() => PathBuf::from(path),
            _ => PathBuf::from("settings.toml"),
        }
    }

    /// Reads a settings file and the `NUAGES_*` variables of this process.
    ///
    /// # Errors
    ///
    /// Every mistake that the two hold; a file that cannot be read.
    pub fn load(path: &Path) -> Result<Self, SettingsErrors> {
        let (variables, mut errors) = environment::of_process();
        let loaded = Self::load_with(path, variables);
        if errors.is_empty() {
            return loaded;
        }
        errors.extend(loaded.err().into_iter().flat_map(|found| found.0));
        Err(SettingsErrors(errors))
    }

    /// Reads a settings file and these variables in the place of the process's.
    ///
    /// # Errors
    ///
    /// As [`Settings::load`].
    pub fn load_with(
        path: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsErrors> {
        let shown = path.display().to_string();
        let unreadable = |error: std::io::Error| loader::unreadable(&shown, &error);
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let base_dir = absolute.parent().unwrap_or(&absolute);
        loader::load(Source::new(&shown, &text, variables), base_dir)
    }

    /// Reads settings from a text, without the environment. `base_dir` is where relative paths start.
    ///
    /// # Errors
    ///
    /// Every mistake that the text holds; errors name it `settings.toml`.
    pub fn from_toml(text: &str, base_dir: &Path) -> Result<Self, SettingsErrors> {
        loader::load(Source::new("settings.toml", text, []), base_dir)
    }

    /// Each setting in force and where it came from, secrets masked, the `[project]` table's own included.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }

    /// Where a setting came from; `name` has dots into tables (`DATABASES.default.NAME`).
    pub fn origin(&self, name: &str) -> Origin {
        self.provenance.iter().find(|row| row.name == name).map_or(Origin::Default, |row| row.origin.clone())
    }

    /// A mistake in a setting that another part of the framework finds, with the value and its place;
    /// `name` has dots into tables.
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
        let error = ConfigError::new(name, message);
        match self.provenance.iter().find(|row| row.name == name) {
            Some(row) if row.origin != Origin::Default && row.value != MASK => {
                error.with_value(redact::cut(row.value.clone())).at(row.origin.clone())
            }
            Some(row) => error.at(row.origin.clone()),
            None => error,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("secret_key", &MASK)
            .field("secret_key_fallbacks", &vec![MASK; self.secret_key_fallbacks.len()])
            .field("debug", &self.debug)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("base_dir", &self.base_dir)
            .field("session", &self.session)
            .field("databases", &self.databases)
            .field("caches", &self.caches)
            .field("append_slash", &self.append_slash)
            .field("prepend_www", &self.prepend_www)
            .field("static_url", &self.static_url)
            .field("staticfiles_dirs", &self.staticfiles_dirs)
            .field("template_dirs", &self.template_dirs)
            .field("internal_ips", &self.internal_ips)
            .field("security", &self.security)
            .field("csrf", &self.csrf)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
