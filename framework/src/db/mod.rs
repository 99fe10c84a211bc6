//! Databases: SQLite, and PostgreSQL where that is built in.
//!
//! [`Databases`] holds what `DATABASES` describes, by alias; a project gets the same handles as the
//! framework's own stores. Nothing is opened before its first use. This floor knows nothing of tables:
//! they are the migrations' and the stores' business.

use std::{collections::BTreeMap, sync::Arc};

use crate::settings::{DatabaseEngine, DatabaseSettings, Settings};

mod error;
#[cfg(feature = "postgres")]
pub mod postgres;
mod sqlite;

pub use error::DbError;
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresClient, PostgresTransaction};
pub use rusqlite;
pub use sqlite::Sqlite;

/// The databases of a project, by alias. Clones share their connections.
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
    /// Makes a handle of each entry of `DATABASES`. Opens no file and no socket.
    ///
    /// # Errors
    ///
    /// [`DbError::Setting`] where an entry needs what is not built in, or has a value that means nothing.
    pub fn open(settings: &Settings) -> Result<Self, DbError> {
        let databases = settings
            .databases
            .iter()
            .map(|(alias, settings)| Ok((alias.clone(), Database::open(alias, settings)?)))
            .collect::<Result<_, DbError>>()?;
        Ok(Self(Arc::new(databases)))
    }

    /// The database with this alias.
    pub fn get(&self, alias: &str) -> Option<&Database> {
        self.0.get(alias)
    }

    /// All aliases, sorted.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Finishes the writes under way and closes all connections. The next use opens them again.
    pub async fn close(&self) {
        for database in self.0.values() {
            database.close().await;
        }
    }
}

/// A database of one of the engines that are built in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Database {
    /// `sqlite3`
    Sqlite(Sqlite),
    /// `postgresql`
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
}

impl Database {
    /// Its alias in `DATABASES`.
    pub fn alias(&self) -> &str {
        match self {
            Self::Sqlite(sqlite) => sqlite.alias(),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.alias(),
        }
    }

    /// Its `ENGINE`.
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
