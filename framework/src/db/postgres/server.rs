//! The server of a pool: its name in messages, its time limit, and the translation of its errors.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio_postgres::{
    error::{DbError as ServerError, SqlState},
    types::Type,
};

use super::encryption::Encryption;
use crate::{Unavailable, db::DbError, settings::DatabaseSettings};

/// The server's name for messages, and how long to wait for it.
pub(super) struct Server {
    pub(super) alias: Arc<str>,
    /// The address and the name of the database, without credentials.
    pub(super) address: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) timeout: Duration,
    pub(super) encryption: Encryption,
    /// Whether the address is that of a pooler: connections are not the server's own.
    pooler: AtomicBool,
    /// The types of the parameters of statements, by text. Used behind a pooler.
    types: Mutex<HashMap<Box<str>, Arc<[Type]>>>,
}

/// The number of statements whose parameter types are remembered.
const MAX_TYPES: usize = 1_000;

impl Server {
    pub(super) fn new(
        settings: &DatabaseSettings,
        alias: &str,
        host: String,
        port: u16,
        encryption: Encryption,
    ) -> Self {
        Self {
            alias: alias.into(),
            address: format!("{host}:{port}/{}", settings.name),
            host,
            port,
            timeout: settings.timeout,
            encryption,
            pooler: AtomicBool::new(false),
            types: Mutex::default(),
        }
    }

    pub(super) fn is_pooler(&self) -> bool {
        self.pooler.load(Ordering::Relaxed)
    }

    /// Remembers that a pooler answers at the address.
    pub(super) fn set_pooler(&self) {
        if !self.pooler.swap(true, Ordering::Relaxed) {
            let address = &self.address;
            tracing::info!(%address, "a pooler such as PgBouncer answers here: statements are not kept prepared");
        }
    }

    pub(super) fn types(&self, sql: &str) -> Option<Arc<[Type]>> {
        self.types.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned()
    }

    pub(super) fn set_types(&self, sql: &str, types: Arc<[Type]>) {
        let mut all = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_TYPES {
            all.clear();
        }
        all.insert(sql.into(), types);
    }

    pub(super) fn forget_types(&self, sql: &str) {
        self.types.lock().unwrap_or_else(PoisonError::into_inner).remove(sql);
    }

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
            // By statement_timeout.
            SqlState::QUERY_CANCELED,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ]
        .contains(code)
}
