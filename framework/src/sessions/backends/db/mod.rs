//! The `db` engine: Django's table `django_session`, on each database that Nuages speaks.
//!
//! A swap is one `UPDATE … WHERE session_key = ? AND session_data = ?`: it needs no column of its own,
//! so it also holds while a Django site writes the same row.

mod error;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::sync::Arc;

use crate::{db::Database, sessions::store::BoxedStore, settings::TimeZone};

/// The store on this database. `zone` is that of the local times in SQLite; PostgreSQL stores moments.
pub(crate) fn open(database: &Database, zone: TimeZone) -> Arc<dyn BoxedStore> {
    match database {
        Database::Sqlite(sqlite) => Arc::new(sqlite::SqliteStore::new(sqlite.clone(), zone)),
        #[cfg(feature = "postgres")]
        Database::Postgres(postgres) => Arc::new(postgres::PostgresStore::new(postgres.clone())),
    }
}
