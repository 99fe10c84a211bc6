//! What can go wrong with a database, for every engine.
//!
//! Whatever passes by itself (locked, full, read-only, unreachable, no free connection) is
//! [`DbError::Unavailable`] and becomes a 503; every other error keeps the driver's as its source.

use std::{error::Error, sync::Arc};

use crate::Unavailable;

/// An error of a database.
///
/// # Examples
///
/// ```
/// use nuages::db::DbError;
///
/// fn is_worth_a_retry(error: &DbError) -> bool {
///     matches!(error, DbError::Unavailable(_))
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// Locked, full, read-only, unreachable, or no free connection in time: a 503.
    #[error("the database did not answer")]
    Unavailable(
        #[from]
        #[source]
        Unavailable,
    ),
    /// SQLite refused a statement.
    #[error("the database \"{alias}\" refused a statement")]
    Sqlite {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
        /// What SQLite said; shared, where one failure fails several writes.
        source: Arc<rusqlite::Error>,
    },
    /// PostgreSQL refused a statement or a login.
    #[cfg(feature = "postgres")]
    #[error("the database \"{alias}\" refused a statement")]
    Postgres {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// A closure given to [`Sqlite::write`](super::Sqlite::write) panicked; its changes are undone.
    #[error("a write to the database \"{alias}\" panicked: {message}")]
    Panicked {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
        /// The panic's message.
        message: String,
    },
    /// A closure given to [`Sqlite::write`](super::Sqlite::write) ended the transaction that it runs in.
    #[error(
        "a write to the database \"{alias}\" ended its transaction with COMMIT or ROLLBACK, expected neither"
    )]
    TransactionEnded {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
    },
    /// A setting of `DATABASES` that this program cannot honour.
    #[error("DATABASES.{alias}.{name} = \"{value}\": {problem}")]
    Setting {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
        /// The entry's name, such as `ENGINE`.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it, and what was expected.
        problem: String,
    },
}

impl DbError {
    /// Whether a row with the same unique key is there already.
    pub fn is_unique_violation(&self) -> bool {
        match self {
            Self::Sqlite { source, .. } => source.sqlite_error().is_some_and(|error| {
                matches!(
                    error.extended_code,
                    rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                )
            }),
            #[cfg(feature = "postgres")]
            Self::Postgres { source, .. } => {
                source.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION)
            }
            _ => false,
        }
    }

    /// Whether another process held a lock for too long.
    pub(crate) fn is_locked(&self) -> bool {
        let Self::Unavailable(unavailable) = self else { return false };
        let source = unavailable.source().and_then(|source| source.downcast_ref::<Arc<rusqlite::Error>>());
        source.is_some_and(|error| super::sqlite::is_busy(error))
    }

    /// Whether a table is missing: the sign of migrations that have not been applied.
    pub fn is_missing_table(&self) -> bool {
        match self {
            Self::Sqlite { source, .. } => source.to_string().contains("no such table"),
            #[cfg(feature = "postgres")]
            Self::Postgres { source, .. } => {
                source.code() == Some(&tokio_postgres::error::SqlState::UNDEFINED_TABLE)
            }
            _ => false,
        }
    }
}
