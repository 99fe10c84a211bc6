//! The server of a pool: its name in messages, its time limit, and the translation of its errors.

use std::{sync::Arc, time::Duration};

use tokio_postgres::error::{DbError as ServerError, SqlState};

use crate::{Unavailable, db::DbError};

/// The server's name for messages, and how long to wait for it.
pub(super) struct Server {
    pub(super) alias: Arc<str>,
    /// The address and the name of the database, without credentials.
    pub(super) address: String,
    pub(super) timeout: Duration,
}

impl Server {
    /// Translates an error of a query for the caller.
    pub(super) fn error(&self, error: tokio_postgres::Error) -> DbError {
        if is_unavailable(&error) {
            return Unavailable::new(self.describe(), Some(Box::new(error) as _)).into();
        }
        DbError::Postgres { alias: self.alias.clone(), source: error }
    }

    /// Translates an error of connecting: the server is unavailable, unless it answered and refused.
    pub(super) fn connect_error(&self, error: tokio_postgres::Error) -> DbError {
        if error.as_db_error().is_some() {
            return self.error(error);
        }
        Unavailable::new(self.describe(), Some(Box::new(error) as _)).into()
    }

    pub(super) fn unavailable(&self, reason: &'static str) -> DbError {
        Unavailable::new(self.describe(), Some(reason.into())).into()
    }

    pub(super) fn bad_sslmode(&self, mode: Option<&str>, problem: String) -> DbError {
        DbError::Setting {
            alias: self.alias.clone(),
            name: "OPTIONS.sslmode",
            value: mode.unwrap_or_default().to_owned(),
            problem,
        }
    }

    pub(super) fn describe(&self) -> String {
        format!("the database \"{}\" ({})", self.alias, self.address)
    }
}

/// Whether an error may pass by itself (PostgreSQL manual, appendix A).
fn is_unavailable(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.as_db_error().map(ServerError::code) else {
        let source = std::error::Error::source(error);
        return error.is_closed() || source.is_some_and(|source| source.is::<std::io::Error>());
    };
    // 08: connection, 53: out of resources, 57P: shut down, starting or crashed, 58: the system failed.
    ["08", "53", "57P", "58"].iter().any(|class| code.code().starts_with(class))
        || [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ]
        .contains(code)
}
