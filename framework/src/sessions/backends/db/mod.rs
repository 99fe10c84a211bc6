//! The `db` engine: Django's table `django_session`, on each database that Nuages speaks.
//!
//! A swap is one `UPDATE … WHERE session_key = ? AND session_data = ?`: it needs no column of its own,
//! so it also holds while a Django site writes the same row.

#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::sync::Arc;

use crate::{
    db::{Database, DbError},
    sessions::store::{SessionStore, StoreError},
    settings::TimeZone,
};

/// The store on this database. `zone` is that of the local times in SQLite; PostgreSQL stores moments.
pub(crate) fn open(database: &Database, zone: TimeZone) -> Arc<dyn SessionStore> {
    match database {
        Database::Sqlite(sqlite) => Arc::new(sqlite::SqliteStore::new(sqlite.clone(), zone)),
        #[cfg(feature = "postgres")]
        Database::Postgres(postgres) => Arc::new(postgres::PostgresStore::new(postgres.clone())),
    }
}

/// The sessions' table is not there.
#[derive(Debug, thiserror::Error)]
#[error("the table django_session is missing: run `manage migrate`")]
struct MissingTable(#[source] DbError);

/// A database's error as the store's.
fn failed(action: &'static str) -> impl FnOnce(DbError) -> StoreError {
    move |error| {
        if error.is_missing_table() {
            StoreError::new(action, MissingTable(error))
        } else {
            StoreError::new(action, error)
        }
    }
}
