//! Databases: SQLite, and PostgreSQL with the cargo feature `postgres`.
//!
//! [`Databases`] holds a handle for each entry of `DATABASES`. Projects use the same handles as the
//! session stores and the migrations. Files and connections are opened at the first use.

use std::{collections::BTreeMap, sync::Arc};

use crate::settings::{DatabaseEngine, DatabaseSettings, Settings};

mod error;
#[cfg(feature = "postgres")]
pub mod postgres;
mod query_count;
mod sqlite;

pub use error::DbError;
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresClient, PostgresTransaction};
pub use query_count::{QueryCount, count_queries};
pub use rusqlite;
pub use sqlite::Sqlite;
pub(crate) use sqlite::{begin_until, without_transaction_statements};

/// The databases of a project, by alias. Cheap to clone; clones share their connections.
///
/// # Examples
///
/// ```no_run
/// use nuages::db::{Database, Databases};
/// # async fn example(settings: nuages::settings::Settings) -> Result<(), nuages::db::DbError> {
/// let databases = Databases::open(&settings)?;
/// if let Some(Database::Sqlite(sqlite)) = databases.get("default") {
///     sqlite.write(|db| db.execute("DELETE FROM drafts", [])).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Databases(Arc<BTreeMap<String, Database>>);

impl Databases {
    /// Makes a handle for each entry of `DATABASES`. Opens no file and no connection.
    ///
    /// # Errors
    ///
    /// [`DbError::Setting`] where an entry has an unknown value, or needs a cargo feature that is not enabled.
    pub fn open(settings: &Settings) -> Result<Self, DbError> {
        let databases = settings
            .databases
            .iter()
            .map(|(alias, settings)| Ok((alias.clone(), Database::open(alias, settings)?)))
            .collect::<Result<_, DbError>>()?;
        Ok(Self(Arc::new(databases)))
    }

    /// The database with this alias, if there is one.
    pub fn get(&self, alias: &str) -> Option<&Database> {
        self.0.get(alias)
    }

    /// All aliases, sorted.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Waits for running writes and closes all connections. The next use opens them again.
    pub async fn close(&self) {
        for database in self.0.values() {
            database.close().await;
        }
    }
}

/// A database of one of the supported engines.
///
/// # Examples
///
/// ```no_run
/// use nuages::{Error, Result, db::Database};
///
/// async fn count(database: &Database) -> Result<i64> {
///     let sql = "SELECT count(*) FROM articles";
///     match database {
///         Database::Sqlite(sqlite) => {
///             Ok(sqlite.read(move |db| db.query_row(sql, [], |row| row.get(0))).await?)
///         }
///         #[cfg(feature = "postgres")]
///         Database::Postgres(postgres) => {
///             let row = postgres.query_opt(sql, &[]).await?;
///             Ok(row.map_or(0, |row| row.get(0)))
///         }
///         other => Err(Error::new(format!("cannot count on {:?}", other.engine()))),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Database {
    /// SQLite (`ENGINE = "sqlite3"`).
    Sqlite(Sqlite),
    /// PostgreSQL (`ENGINE = "postgresql"`).
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
}

impl Database {
    /// The alias in `DATABASES`.
    pub fn alias(&self) -> &str {
        match self {
            Self::Sqlite(sqlite) => sqlite.alias(),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.alias(),
        }
    }

    /// The `ENGINE`.
    pub fn engine(&self) -> DatabaseEngine {
        match self {
            Self::Sqlite(_) => DatabaseEngine::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => DatabaseEngine::Postgresql,
        }
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.close(),
        }
    }

    fn open(alias: &str, settings: &DatabaseSettings) -> Result<Self, DbError> {
        match settings.engine {
            DatabaseEngine::Sqlite => Ok(Self::Sqlite(Sqlite::open(alias, settings))),
            #[cfg(feature = "postgres")]
            DatabaseEngine::Postgresql => Postgres::open(alias, settings).map(Self::Postgres),
            #[cfg(not(feature = "postgres"))]
            DatabaseEngine::Postgresql => Err(DbError::Setting {
                alias: alias.into(),
                name: "ENGINE",
                value: "postgresql".into(),
                problem: "needs the cargo feature `postgres` of the crate `nuages`".into(),
            }),
        }
    }
}
