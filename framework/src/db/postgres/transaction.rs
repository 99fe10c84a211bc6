//! A transaction on a connection of the pool, with the connection's time limit for each statement.

use std::{fmt, time::Duration};

use deadpool_postgres::Transaction;
use tokio_postgres::{Row, types::ToSql};

use super::answers::Answers;
use crate::db::DbError;

/// A transaction on PostgreSQL. Dropping it without [`commit`](Self::commit) rolls it back.
///
/// # Examples
///
/// ```no_run
/// # async fn example(postgres: nuages::db::Postgres) -> Result<(), nuages::db::DbError> {
/// let mut client = postgres.client().await?;
/// let transaction = client.transaction().await?;
/// let sql = "UPDATE accounts SET balance = balance + $2 WHERE id = $1";
/// transaction.execute(sql, &[&1_i32, &-100_i64]).await?;
/// transaction.execute(sql, &[&2_i32, &100_i64]).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresTransaction<'a> {
    transaction: Transaction<'a>,
    answers: &'a Answers,
    timeout: Option<Duration>,
}

impl<'a> PostgresTransaction<'a> {
    pub(super) fn new(transaction: Transaction<'a>, answers: &'a Answers, timeout: Option<Duration>) -> Self {
        Self { transaction, answers, timeout }
    }

    /// Runs a statement and returns the number of rows it changed. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`](super::PostgresClient::execute). After an error the server refuses
    /// every further statement of this transaction.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        let work = async {
            let statement = self.transaction.prepare_cached(sql).await?;
            self.transaction.execute(&statement, params).await
        };
        self.answers.within(self.timeout, work).await
    }

    /// Runs a query and returns its rows. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`].
    pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let work = async {
            let statement = self.transaction.prepare_cached(sql).await?;
            self.transaction.query(&statement, params).await
        };
        self.answers.within(self.timeout, work).await
    }

    /// Runs a query that returns one row or none. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`], and where the query returns several rows.
    pub async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, DbError> {
        let work = async {
            let statement = self.transaction.prepare_cached(sql).await?;
            self.transaction.query_opt(&statement, params).await
        };
        self.answers.within(self.timeout, work).await
    }

    /// Runs several statements, separated by semicolons, without parameters.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`].
    pub async fn batch_execute(&self, sql: &str) -> Result<(), DbError> {
        self.answers.within(self.timeout, self.transaction.batch_execute(sql)).await
    }

    /// Commits the transaction.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`]. [`DbError::Unavailable`] leaves open whether the server has
    /// committed.
    pub async fn commit(self) -> Result<(), DbError> {
        self.answers.within(self.timeout, self.transaction.commit()).await
    }

    /// Rolls the transaction back and waits for the server's answer.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`].
    pub async fn rollback(self) -> Result<(), DbError> {
        self.answers.within(self.timeout, self.transaction.rollback()).await
    }
}

impl fmt::Debug for PostgresTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTransaction").finish_non_exhaustive()
    }
}
