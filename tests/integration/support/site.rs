//! A project's folder for one test: settings, files and a database. It is removed when the test ends.
//!
//! Tests give the lines of `settings.toml` that matter to them; the rest is written here.

use std::{fs, path::Path};

use nuages::{
    App,
    db::{Database, Databases},
    migrations::{MigrationTarget, Migrations, Mode},
    settings::Settings,
    urls::Route,
};
use tempfile::TempDir;

/// The `SECRET_KEY` of every site whose lines set none.
pub const SECRET_KEY: &str = "a key of fifty characters that guards nothing but tests";

/// The lines of a SQLite database in the site's folder. They open a table, so they come last.
pub const SQLITE: &str = "[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"db.sqlite3\"\n";

/// The file that [`SQLITE`] names.
pub const DATABASE_FILE: &str = "db.sqlite3";

/// The text of a `settings.toml` with these lines. Adds a `SECRET_KEY`, session files in the site's own
/// folder, and `DEBUG = true` to sites without `ALLOWED_HOSTS`, each unless the lines set it.
pub fn settings_text(lines: &str) -> String {
    let has = |name: &str| {
        let mut top = lines.lines().map(str::trim_start).take_while(|line| !line.starts_with('['));
        top.any(|line| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('=')))
    };
    let mut text = String::new();
    if !has("SECRET_KEY") {
        text.push_str(&format!("SECRET_KEY = \"{SECRET_KEY}\"\n"));
    }
    if !has("DEBUG") && !has("ALLOWED_HOSTS") {
        text.push_str("DEBUG = true\n");
    }
    if !has("SESSION_FILE_PATH") {
        text.push_str("SESSION_FILE_PATH = \".\"\n");
    }
    text + lines
}

/// The settings of a project with these lines in `folder`.
#[track_caller]
pub fn settings_in(folder: &Path, lines: &str) -> Settings {
    Settings::from_toml(&settings_text(lines), folder).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The settings of a project that reads and writes no files.
#[track_caller]
pub fn settings(lines: &str) -> Settings {
    settings_in("/nonexistent".as_ref(), lines)
}

/// Migrates the default database, as `manage migrate` does.
pub async fn migrate(settings: &Settings) {
    let migrations = Migrations::discover(settings).expect("migrations");
    let database = default_database(settings);
    migrations.apply(&database, &MigrationTarget::All, Mode::Run, &mut |_| {}).await.expect("migrated");
}

/// Opens the default database.
#[track_caller]
pub fn default_database(settings: &Settings) -> Database {
    let databases = Databases::open(settings).expect("databases");
    databases.get("default").expect("a default database").clone()
}

/// A project in a temporary folder.
pub struct Site {
    folder: TempDir,
    settings: Settings,
}

impl Site {
    /// A project with these lines in its settings.
    #[track_caller]
    pub fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings_in(folder.path(), lines);
        Self { folder, settings }
    }

    /// Writes a file, and the folders above it.
    #[must_use]
    pub fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.write(name, contents);
        self
    }

    /// Migrates the site's database.
    pub async fn migrated(self) -> Self {
        migrate(&self.settings).await;
        self
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, contents).expect("a file");
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// An application with these URLs.
    pub fn app(&self, routes: Vec<Route>) -> App {
        App::new(self.settings.clone()).urls(routes)
    }

    /// The database file that [`SQLITE`] names, opened past the framework.
    pub fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path().join(DATABASE_FILE)).expect("a database")
    }
}
