//! Waits for a connection's answers, and remembers whether one is missing.
//!
//! The connection and its transactions run every statement through [`Answers::within`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time;
use tokio_postgres::error::SqlState;

use super::server::Server;
use crate::db::DbError;

/// Whether the connection has answered all that it was asked.
pub(super) struct Answers {
    server: Arc<Server>,
    unanswered: AtomicBool,
}

impl Answers {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, unanswered: AtomicBool::new(false) }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Whether the server still owes an answer, or the connection cannot be used for another reason.
    pub(super) fn is_missing_one(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// `OPTIONS.timeout`.
    pub(super) fn timeout(&self) -> Option<Duration> {
        Some(self.server.timeout)
    }

    /// Waits for `work` on this connection, for `timeout` at most.
    pub(super) async fn within<T>(
        &self,
        timeout: Option<Duration>,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DbError> {
        self.unanswered.store(true, Ordering::Relaxed);
        let result = match timeout {
            None => work.await,
            Some(timeout) => match time::timeout(timeout, work).await {
                Ok(result) => result,
                Err(_) => return Err(self.server.unavailable("it did not answer in time")),
            },
        };
        // Statements prepared before a table changed cannot be used any more.
        let stale = result.as_ref().is_err_and(|error| {
            error.code().is_some_and(|code| {
                [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME].contains(code)
            })
        });
        self.unanswered.store(stale, Ordering::Relaxed);
        result.map_err(|error| self.server.error(error))
    }
}
