//! A borrowed connection of the pool. Every statement has a time limit.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use deadpool_postgres::{ClientWrapper, Object};
use tokio_postgres::{Row, types::ToSql};

use super::{answers::Answers, server::Server, transaction::PostgresTransaction};
use crate::db::DbError;

/// A connection to PostgreSQL, borrowed from the pool.
///
/// Every method waits for `OPTIONS.timeout` at most. A connection whose statement was not answered, or
/// whose caller stopped waiting, is closed instead of going back to the pool.
///
/// # Examples
///
/// ```no_run
/// # async fn example(postgres: nuages::db::Postgres) -> Result<(), nuages::db::DbError> {
/// let mut client = postgres.client().await?;
/// let transaction = client.transaction().await?;
/// transaction.execute("DELETE FROM drafts WHERE id = $1", &[&1_i32]).await?;
/// transaction.execute("INSERT INTO articles (id) VALUES ($1)", &[&1_i32]).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresClient {
    /// Only `drop` takes it out.
    object: Option<Object>,
    answers: Answers,
}

impl PostgresClient {
    pub(super) fn new(object: Object, server: Arc<Server>) -> Self {
        Self { object: Some(object), answers: Answers::new(server) }
    }

    /// Runs a statement and returns the number of rows it changed. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the server goes away or does not answer within `OPTIONS.timeout`;
    /// [`DbError::Postgres`] for every other error.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        let work = async {
            let statement = self.client().prepare_cached(sql).await?;
            self.client().execute(&statement, params).await
        };
        self.answers.within(self.answers.timeout(), work).await
    }

    /// Runs a query and returns its rows. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let work = async {
            let statement = self.client().prepare_cached(sql).await?;
            self.client().query(&statement, params).await
        };
        self.answers.within(self.answers.timeout(), work).await
    }

    /// Runs a query that returns one row or none. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`], and where the query returns several rows.
    pub async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, DbError> {
        let work = async {
            let statement = self.client().prepare_cached(sql).await?;
            self.client().query_opt(&statement, params).await
        };
        self.answers.within(self.answers.timeout(), work).await
    }

    /// Runs several statements, separated by semicolons, without parameters. They run in one
    /// transaction unless they contain transaction statements themselves.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn batch_execute(&self, sql: &str) -> Result<(), DbError> {
        self.answers.within(self.answers.timeout(), self.client().batch_execute(sql)).await
    }

    /// Begins a transaction. Dropping it without [`PostgresTransaction::commit`] rolls it back.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn transaction(&mut self) -> Result<PostgresTransaction<'_>, DbError> {
        let timeout = self.answers.timeout();
        self.transaction_within(timeout).await
    }

    /// A transaction whose statements may take `timeout` each; `None` sets no limit, as migrations need it.
    pub(crate) async fn transaction_within(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<PostgresTransaction<'_>, DbError> {
        let Self { object, answers } = self;
        let client = object.as_mut().expect("only drop takes the connection out");
        let begun = answers.within(answers.timeout(), client.transaction()).await?;
        Ok(PostgresTransaction::new(begun, answers, timeout))
    }

    fn client(&self) -> &ClientWrapper {
        self.object.as_ref().expect("only drop takes the connection out").deref()
    }
}

impl fmt::Debug for PostgresClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresClient")
            .field("alias", &self.answers.server().alias)
            .field("address", &self.answers.server().address)
            .finish_non_exhaustive()
    }
}

impl Drop for PostgresClient {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && self.answers.is_missing_one()
        {
            // The next user of the connection would wait for that answer: it leaves the pool and is closed.
            drop(Object::take(object));
        }
    }
}
