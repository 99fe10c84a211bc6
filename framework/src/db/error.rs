//! Errors of databases, for every engine.
//!
//! Errors that may pass by themselves (locked, full, read-only, unreachable, no free connection) are
//! [`DbError::Unavailable`] and become a 503. All others keep the driver's error as their source.

use std::sync::Arc;

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
    /// The database is locked, full, read-only or unreachable, or no connection became free in time. The
    /// response is a 503.
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
        /// SQLite's error, shared because one failed COMMIT fails several writes.
        source: Arc<rusqlite::Error>,
    },
    /// PostgreSQL refused a statement or a login.
    #[cfg(feature = "postgres")]
    #[error("the database \"{alias}\" refused a statement")]
    Postgres {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
        /// PostgreSQL's error.
        source: tokio_postgres::Error,
    },
    /// A closure given to [`Sqlite::write`](super::Sqlite::write) panicked. Its changes are undone.
    #[error("a write to the database \"{alias}\" panicked: {message}")]
    Panicked {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
        /// The panic's message.
        message: String,
    },
    /// A closure given to [`Sqlite::write`](super::Sqlite::write) tried to begin or end a transaction. Its
    /// changes are undone.
    #[error("a write to the database \"{alias}\" used BEGIN, COMMIT or ROLLBACK: it runs in a transaction")]
    TransactionEnded {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
    },
    /// An entry of `DATABASES` has a value that this program cannot use.
    #[error("DATABASES.{alias}.{name} = \"{value}\": {problem}")]
    Setting {
        /// The alias in `DATABASES`.
        alias: Arc<str>,
        /// The entry's name, such as `ENGINE`.
        name: &'static str,
        /// The value.
        value: String,
        /// The problem, and what was expected.
        problem: String,
    },
}

impl DbError {
    /// Whether the statement failed because a row with the same unique key exists.
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

    /// Whether the statement failed because a table is missing. Usually migrations have not been applied.
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
