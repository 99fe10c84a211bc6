//! Errors of finding, planning and running migrations.

use std::{io, path::PathBuf};

use crate::{db::DbError, settings::DatabaseEngine};

/// An error of a migration. The messages are Django's where Django has the same error.
///
/// # Examples
///
/// ```
/// use nuages::{migrations::{MigrationError, Migrations}, settings::Settings};
///
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"\nDEBUG = true";
/// let settings = Settings::from_toml(text, "/srv/shop".as_ref())?;
/// let error = Migrations::discover(&settings)?.target(Some("blog"), None).unwrap_err();
/// assert!(matches!(error, MigrationError::UnknownApp { .. }));
/// assert_eq!(error.to_string(), "no installed app with label 'blog' (known: sessions)");
/// # Ok::<(), nuages::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// A file or folder under `migrations/` cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The name of a file under `migrations/` has another form.
    #[error(
        "{}: expected a name such as 0001_initial.sql, 0001_initial.down.sql or 0001_initial.postgresql.sql",
        path.display()
    )]
    FileName {
        /// The file.
        path: PathBuf,
    },
    /// The name of a folder under `migrations/` cannot be an app's.
    #[error("{}: expected an app's name of letters, digits and underscores", path.display())]
    AppName {
        /// The folder.
        path: PathBuf,
    },
    /// A migration has a file that undoes it, but no file that applies it.
    #[error("{}: expected {name}.sql beside it", path.display())]
    OnlyDown {
        /// The file that undoes it.
        path: PathBuf,
        /// The migration.
        name: String,
    },
    /// Two migrations of one app have the same number.
    #[error("the app '{app}' has two migrations with one number: '{first}' and '{second}'")]
    DuplicateNumber {
        /// The app.
        app: String,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// An app of the project has the name of a built-in app.
    #[error("{}: the app '{app}' is built in, expected another name", path.display())]
    BuiltIn {
        /// The folder.
        path: PathBuf,
        /// The app.
        app: String,
    },
    /// There is no app with this name, or it has no migrations.
    #[error("no installed app with label '{app}' (known: {known})")]
    UnknownApp {
        /// The text that was given.
        app: String,
        /// The apps that have migrations.
        known: String,
    },
    /// No migration has a name that begins with the given text.
    #[error("cannot find a migration matching '{prefix}' from app '{app}'")]
    NoMatch {
        /// The app.
        app: String,
        /// The text that was given.
        prefix: String,
    },
    /// Several migrations have names that begin with the given text.
    #[error("more than one migration matches '{prefix}' in app '{app}': {matches}")]
    Ambiguous {
        /// The app.
        app: String,
        /// The text that was given.
        prefix: String,
        /// The names that match.
        matches: String,
    },
    /// A migration is applied, but an earlier one of its app is not.
    #[error("migration {later} is applied before its dependency {earlier} on database '{alias}'")]
    Inconsistent {
        /// The migration that is applied, as `app.name`.
        later: String,
        /// The migration that is not, as `app.name`.
        earlier: String,
        /// The alias of the database.
        alias: String,
    },
    /// A migration has no file that undoes it.
    #[error("migration {migration} is not reversible: expected a file {file}")]
    Irreversible {
        /// The migration, as `app.name`.
        migration: String,
        /// The missing file.
        file: String,
    },
    /// A migration has no file for this engine.
    #[error("migration {migration} has no SQL for {}: expected a file {file}", engine_name(*engine))]
    NoSql {
        /// The migration, as `app.name`.
        migration: String,
        /// The engine of the database.
        engine: DatabaseEngine,
        /// The missing file.
        file: String,
    },
    /// The table of a built-in migration exists without a record, and has other columns.
    #[error(
        "migration {migration}: the table '{table}' already exists with the columns {found}, expected {expected}"
    )]
    OtherTable {
        /// The migration, as `app.name`.
        migration: String,
        /// The table.
        table: String,
        /// The columns of the table.
        found: String,
        /// The columns that the migration creates.
        expected: String,
    },
    /// A migration failed. The database has rolled it back.
    #[error("migration {migration} failed and was rolled back")]
    Failed {
        /// The migration, as `app.name`.
        migration: String,
        /// The database's error.
        source: DbError,
    },
    /// The SQL of a migration begins or ends a transaction. Nothing was done.
    #[error(
        "migration {migration}: line {line}: {statement} is not allowed, a migration runs in one transaction"
    )]
    TransactionStatement {
        /// The migration, as `app.name`.
        migration: String,
        /// The statement's keywords, such as `COMMIT`.
        statement: String,
        /// The line of the SQL, counted from 1.
        line: usize,
    },
    /// On PostgreSQL, a migration ended its transaction in a way that was not found in its SQL.
    #[error(
        "migration {migration} ended its transaction: it is not recorded, and its first statements may be committed"
    )]
    TransactionEnded {
        /// The migration, as `app.name`.
        migration: String,
    },
    /// The connection was lost while the database committed a migration.
    #[error("the database did not confirm migration {migration}: showmigrations says whether it is applied")]
    Unconfirmed {
        /// The migration, as `app.name`.
        migration: String,
        /// The database's error.
        source: DbError,
    },
    /// On SQLite, rows would refer to rows that do not exist. The migration was rolled back.
    #[error("migration {migration} was rolled back because foreign keys lead nowhere: {}", list(rows, *more))]
    ForeignKeys {
        /// The migration, as `app.name`.
        migration: String,
        /// Descriptions of the rows, ten at most.
        rows: Vec<String>,
        /// The number of further rows.
        more: u64,
    },
    /// The table `django_migrations` cannot be read.
    #[error("cannot read which migrations are applied to the database '{alias}'")]
    State {
        /// The alias of the database.
        alias: String,
        /// The database's error.
        source: DbError,
    },
}

fn list(rows: &[String], more: u64) -> String {
    let mut text = rows.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// The name of the engine in file names.
pub(super) fn engine_name(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Sqlite => "sqlite",
        DatabaseEngine::Postgresql => "postgresql",
    }
}
