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

use super::server::Server;
use crate::db::{DbError, query_count::QueryTimer};

/// Added to the time limit of an answer, so that the server's own limit ends a statement first and the
/// connection can be used again.
const GRACE: Duration = Duration::from_millis(200);

/// Whether the connection has answered all that it was asked.
pub(super) struct Answers {
    server: Arc<Server>,
    unanswered: AtomicBool,
}

impl Answers {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, unanswered: AtomicBool::new(false) }
    }

    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Whether the server still owes an answer.
    pub(super) fn is_missing_one(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// The time limit of a statement: `OPTIONS.timeout`.
    pub(super) fn limit(&self) -> Option<Duration> {
        Some(self.server.timeout + GRACE)
    }

    /// Waits for `work` on this connection, for `limit` at most.
    pub(super) async fn within<T>(
        &self,
        limit: Option<Duration>,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DbError> {
        let _timer = QueryTimer::start();
        self.unanswered.store(true, Ordering::Relaxed);
        let result = match limit {
            None => work.await,
            Some(limit) => match time::timeout(limit, work).await {
                Ok(result) => result,
                Err(_) => return Err(self.server.unavailable("it did not answer in time")),
            },
        };
        self.unanswered.store(false, Ordering::Relaxed);
        result.map_err(|error| self.server.error(error))
    }
}
