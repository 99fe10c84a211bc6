//! A connection of the pool: queries that end in time, or the connection does.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use deadpool_postgres::{ClientWrapper, Object};
use tokio::time;
use tokio_postgres::{Row, error::SqlState, types::ToSql};

use super::Server;
use crate::db::DbError;

/// A connection to PostgreSQL, borrowed from the pool.
///
/// Its own methods wait for `OPTIONS.timeout` at most and give [`DbError`]s. For all else it is
/// `deadpool_postgres`' client (`transaction`, `query_raw`, …), whose errors [`PostgresClient::error`]
/// translates.
///
/// # Examples
///
/// ```no_run
/// # async fn example(postgres: nuages::db::Postgres) -> Result<(), nuages::db::DbError> {
/// let mut client = postgres.client().await?;
/// let moved = async {
///     let transaction = client.transaction().await?;
///     transaction.execute("DELETE FROM drafts WHERE id = $1", &[&1_i32]).await?;
///     transaction.execute("INSERT INTO articles (id) VALUES ($1)", &[&1_i32]).await?;
///     transaction.commit().await
/// };
/// moved.await.map_err(|error| client.error(error))?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresClient {
    /// Taken out when dropped only.
    object: Option<Object>,
    server: Arc<Server>,
    /// A query was not answered (yet): the next user of the connection would wait for it too.
    unanswered: AtomicBool,
}

impl PostgresClient {
    pub(super) fn new(object: Object, server: Arc<Server>) -> Self {
        Self { object: Some(object), server, unanswered: AtomicBool::new(false) }
    }

    /// Runs a statement and tells how many rows it changed. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the server goes away or does not answer within `OPTIONS.timeout`;
    /// [`DbError::Postgres`] for what it says otherwise.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        let work = async {
            let statement = self.prepare_cached(sql).await?;
            self.deref().execute(&statement, params).await
        };
        self.bounded(work).await
    }

    /// Runs a query and returns its rows. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let work = async {
            let statement = self.prepare_cached(sql).await?;
            self.deref().query(&statement, params).await
        };
        self.bounded(work).await
    }

    /// Runs a query that returns one row or none. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, DbError> {
        let work = async {
            let statement = self.prepare_cached(sql).await?;
            self.deref().query_opt(&statement, params).await
        };
        self.bounded(work).await
    }

    /// Waits for `work` on this connection, but not for longer than `OPTIONS.timeout`. A connection whose
    /// work was not answered, or given up, is closed instead of going back to the pool.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DbError> {
        self.unanswered.store(true, Ordering::Relaxed);
        let Ok(result) = time::timeout(self.server.timeout, work).await else {
            return Err(self.server.unavailable("it did not answer in time"));
        };
        // What was prepared before a table changed is of no use any more.
        let stale = result.as_ref().is_err_and(|error| {
            error.code().is_some_and(|code| {
                [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME].contains(code)
            })
        });
        self.unanswered.store(stale, Ordering::Relaxed);
        result.map_err(|error| self.server.error(error))
    }

    /// What an error of this connection means: whether it passes by itself.
    pub fn error(&self, error: tokio_postgres::Error) -> DbError {
        self.server.error(error)
    }
}

impl Deref for PostgresClient {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        self.object.as_ref().expect("only drop takes the connection out")
    }
}

impl DerefMut for PostgresClient {
    fn deref_mut(&mut self) -> &mut ClientWrapper {
        self.object.as_mut().expect("only drop takes the connection out")
    }
}

impl Drop for PostgresClient {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && *self.unanswered.get_mut()
        {
            // Out of the pool, and closed here.
            drop(Object::take(object));
        }
    }
}
