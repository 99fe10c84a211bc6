//! Why migrations cannot be found, planned or run.

use std::{io, path::PathBuf};

use crate::{db::DbError, settings::DatabaseEngine};

/// An error of a migration. Where Django has words for it, they are Django's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// A file or folder under `migrations/` cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file under `migrations/` has a name that means nothing.
    #[error(
        "{}: expected a name such as 0001_initial.sql, 0001_initial.down.sql or 0001_initial.postgresql.sql",
        path.display()
    )]
    FileName {
        /// The file.
        path: PathBuf,
    },
    /// A folder under `migrations/` has a name that is no app's.
    #[error("{}: expected an app's name of letters, digits and underscores", path.display())]
    AppName {
        /// The folder.
        path: PathBuf,
    },
    /// A migration that can be undone, but not done.
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
    /// A project's app has the name of a built-in one.
    #[error("{}: the app '{app}' is built in, expected another name", path.display())]
    BuiltIn {
        /// The folder.
        path: PathBuf,
        /// The app.
        app: String,
    },
    /// An app that has no migrations.
    #[error("no installed app with label '{app}' (known: {known})")]
    UnknownApp {
        /// What was asked for.
        app: String,
        /// The apps that have migrations.
        known: String,
    },
    /// A prefix that no migration has.
    #[error("cannot find a migration matching '{prefix}' from app '{app}'")]
    NoMatch {
        /// The app.
        app: String,
        /// What was asked for.
        prefix: String,
    },
    /// A prefix that several migrations have.
    #[error("more than one migration matches '{prefix}' in app '{app}': {matches}")]
    Ambiguous {
        /// The app.
        app: String,
        /// What was asked for.
        prefix: String,
        /// Those that match.
        matches: String,
    },
    /// An applied migration follows one that is not applied.
    #[error("migration {later} is applied before its dependency {earlier} on database '{alias}'")]
    Inconsistent {
        /// The applied one, as `app.name`.
        later: String,
        /// The one before it that is not.
        earlier: String,
        /// The database's alias.
        alias: String,
    },
    /// A migration without a file for going back.
    #[error("migration {migration} is not reversible: expected a file {file}")]
    Irreversible {
        /// The migration, as `app.name`.
        migration: String,
        /// The file that would make it so.
        file: String,
    },
    /// A migration without a file for this engine.
    #[error("migration {migration} has no SQL for {}: expected a file {file}", engine_name(*engine))]
    NoSql {
        /// The migration, as `app.name`.
        migration: String,
        /// The database's engine.
        engine: DatabaseEngine,
        /// The file that would do.
        file: String,
    },
    /// A table is there, unrecorded, and is not the one that the migration makes.
    #[error(
        "migration {migration}: the table '{table}' is there already with the columns {found}, expected {expected}"
    )]
    OtherTable {
        /// The migration, as `app.name`.
        migration: String,
        /// The table.
        table: String,
        /// Its columns.
        found: String,
        /// The columns it should have.
        expected: String,
    },
    /// A migration failed; nothing of it is done.
    #[error("migration {migration} failed, nothing of it is done")]
    Failed {
        /// The migration, as `app.name`.
        migration: String,
        /// What the database said.
        source: DbError,
    },
    /// Which migrations are applied cannot be read.
    #[error("cannot read which migrations are applied to the database '{alias}'")]
    State {
        /// The database's alias.
        alias: String,
        /// What the database said.
        source: DbError,
    },
}

/// The engine's name in file names.
pub(super) fn engine_name(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Sqlite => "sqlite",
        DatabaseEngine::Postgresql => "postgresql",
    }
}
