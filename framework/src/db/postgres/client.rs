//! A borrowed connection of the pool. Every statement has a time limit.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use deadpool_postgres::Object;
use tokio::runtime::Handle;
use tokio_postgres::{Client, Error, Row, error::SqlState, types::ToSql};

use super::{
    answers::Answers,
    cancel::cancel,
    replay::{Attempts, Replay},
    server::Server,
    statements::Statements,
    transaction::PostgresTransaction,
};
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
        let (statements, mut attempts) = (self.statements(), Attempts::default());
        let work = async {
            loop {
                let result = statements.execute(self.client(), sql, params).await;
                if let Some(result) = settle(&statements, sql, &mut attempts, result).await {
                    return result;
                }
            }
        };
        self.answers.within(self.answers.limit(), work).await
    }

    /// Runs a query and returns its rows. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let (statements, mut attempts) = (self.statements(), Attempts::default());
        let work = async {
            loop {
                let result = statements.query(self.client(), sql, params).await;
                if let Some(result) = settle(&statements, sql, &mut attempts, result).await {
                    return result;
                }
            }
        };
        self.answers.within(self.answers.limit(), work).await
    }

    /// Runs a query that returns one row or none. It stays prepared on this connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`], and where the query returns several rows.
    pub async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, DbError> {
        let (statements, mut attempts) = (self.statements(), Attempts::default());
        let work = async {
            loop {
                let result = statements.query_opt(self.client(), sql, params).await;
                if let Some(result) = settle(&statements, sql, &mut attempts, result).await {
                    return result;
                }
            }
        };
        self.answers.within(self.answers.limit(), work).await
    }

    /// Runs several statements, separated by semicolons, without parameters. They run in one
    /// transaction unless they contain transaction statements themselves.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn batch_execute(&self, sql: &str) -> Result<(), DbError> {
        self.answers.within(self.answers.limit(), self.client().batch_execute(sql)).await
    }

    /// Begins a transaction. Dropping it without [`PostgresTransaction::commit`] rolls it back.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn transaction(&mut self) -> Result<PostgresTransaction<'_>, DbError> {
        let limit = self.answers.limit();
        self.transaction_within(limit).await
    }

    /// Begins a transaction whose statements may take `limit` each; `None` sets no limit, for migrations.
    pub(crate) async fn transaction_within(
        &mut self,
        limit: Option<Duration>,
    ) -> Result<PostgresTransaction<'_>, DbError> {
        let statements = Statements { in_transaction: true, ..self.statements() };
        let Self { object, answers } = self;
        let client: &mut Client = object.as_mut().expect("only drop takes the connection out").deref_mut();
        let begun = answers.within(answers.limit(), client.transaction()).await?;
        Ok(PostgresTransaction::new(begun, answers, statements, limit))
    }

    fn statements(&self) -> Statements {
        Statements {
            prepared: self.object().statement_cache.clone(),
            server: self.answers.server().clone(),
            in_transaction: false,
        }
    }

    fn client(&self) -> &Client {
        self.object().deref().deref()
    }

    fn object(&self) -> &Object {
        self.object.as_ref().expect("only drop takes the connection out")
    }
}

/// Returns the result of an attempt, or `None` where the statement must run again: after conflicts, and where
/// a table has changed.
async fn settle<T>(
    statements: &Statements,
    sql: &str,
    attempts: &mut Attempts,
    result: Result<T, Error>,
) -> Option<Result<T, Error>> {
    let error = match result {
        Ok(value) => return Some(Ok(value)),
        Err(error) => error,
    };
    let reason = Replay::after(&error, statements.server.is_pooler());
    if reason == Some(Replay::Stale) {
        statements.forget(sql);
    }
    match reason {
        Some(reason) if attempts.again(reason).await => {
            attempts.last = Some(error);
            None
        }
        // The program has sent BEGIN itself, so that only the whole transaction can run again.
        None if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
            Some(Err(attempts.last.take().unwrap_or(error)))
        }
        _ => Some(Err(error)),
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
            // The next user of the connection would wait for that answer. It leaves the pool, and is closed
            // after the server was asked to end the statement: closing alone does not end it.
            let client = Object::take(object);
            let server = self.answers.server().clone();
            // Without a runtime the process is ending, which closes the connection.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(async move {
                    cancel(&server, client.cancel_token()).await;
                    drop(client);
                });
            }
        }
    }
}
