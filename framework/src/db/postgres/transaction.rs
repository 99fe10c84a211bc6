//! A transaction on a connection of the pool, with the connection's time limit for each statement.

use std::{fmt, marker::PhantomData, ops::Deref, time::Duration};

use tokio_postgres::{Error, Row, Transaction, types::ToSql};

use super::{answers::Answers, replay::Replay, statements::Statements};
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
    statements: Statements,
    limit: Option<Duration>,
}

impl<'a> PostgresTransaction<'a> {
    pub(super) fn new(
        transaction: Transaction<'a>,
        answers: &'a Answers,
        statements: Statements,
        limit: Option<Duration>,
    ) -> Self {
        Self { transaction, answers, statements, limit }
    }

    /// Runs a statement and returns the number of rows it changed. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`](super::PostgresClient::execute). After an error the server refuses
    /// every further statement of this transaction.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        let work = self.statements.execute(&self.transaction, sql, params);
        self.answers.within(self.limit, self.forgetting(sql, work)).await
    }

    /// Runs a query and returns its rows. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`].
    pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let work = self.statements.query(&self.transaction, sql, params);
        self.answers.within(self.limit, self.forgetting(sql, work)).await
    }

    /// Runs a query that returns one row or none. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`], and where the query returns several rows.
    pub async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, DbError> {
        let work = self.statements.query_opt(&self.transaction, sql, params);
        self.answers.within(self.limit, self.forgetting(sql, work)).await
    }

    /// Runs several statements, separated by semicolons, without parameters.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`].
    pub async fn batch_execute(&self, sql: &str) -> Result<(), DbError> {
        self.answers.within(self.limit, self.transaction.batch_execute(sql)).await
    }

    /// Commits the transaction.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`]. [`DbError::Unavailable`] leaves open whether the server has
    /// committed.
    pub async fn commit(self) -> Result<(), DbError> {
        self.answers.within(self.limit, self.transaction.commit()).await
    }

    /// Rolls the transaction back and waits for the server's answer.
    ///
    /// # Errors
    ///
    /// As [`PostgresTransaction::execute`].
    pub async fn rollback(self) -> Result<(), DbError> {
        self.answers.within(self.limit, self.transaction.rollback()).await
    }
}

impl PostgresTransaction<'_> {
    /// Forgets statements that a changed table has made useless, so that the next transaction succeeds.
    async fn forgetting<T>(
        &self,
        sql: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        work.await.inspect_err(|error| {
            if Replay::after(error, self.statements.server.is_pooler()) == Some(Replay::Stale) {
                self.statements.forget(sql);
            }
        })
    }
}

impl fmt::Debug for PostgresTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTransaction").finish_non_exhaustive()
    }
}

/// The transaction that [`Postgres::transaction`](super::Postgres::transaction) passes to its closure.
///
/// It has the methods of [`PostgresTransaction`]. `'env` is the lifetime of what the closure borrows.
///
/// # Examples
///
/// ```no_run
/// # async fn example(postgres: nuages::db::Postgres, name: &str) -> Result<(), nuages::db::DbError> {
/// let changed = postgres.transaction(|transaction| {
///     Box::pin(async move { transaction.execute("DELETE FROM tags WHERE name = $1", &[&name]).await })
/// });
/// println!("{} tags deleted", changed.await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TransactionScope<'a, 'env: 'a> {
    transaction: &'a PostgresTransaction<'a>,
    env: PhantomData<&'env ()>,
}

impl<'a> TransactionScope<'a, '_> {
    pub(super) fn new(transaction: &'a PostgresTransaction<'a>) -> Self {
        Self { transaction, env: PhantomData }
    }
}

impl<'a> Deref for TransactionScope<'a, '_> {
    type Target = PostgresTransaction<'a>;

    fn deref(&self) -> &Self::Target {
        self.transaction
    }
}
