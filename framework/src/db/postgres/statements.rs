//! Prepared statements of one connection, or what takes their place behind a pooler.
//!
//! A connection to the server itself keeps a bounded number of statements prepared. Behind a pooler in
//! transaction mode each statement may meet another connection to the server, where none of them exists, or
//! one with the same name and another text. There each execution sends its text, and only the types of its
//! parameters are remembered.

use std::sync::Arc;

use deadpool_postgres::StatementCache;
use tokio_postgres::{
    Error, GenericClient, Row, Statement,
    types::{ToSql, Type},
};

use super::server::Server;

/// The number of statements that a connection keeps prepared.
const MAX_PREPARED: usize = 256;

/// The parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The statements of a connection, or of a transaction on it.
pub(super) struct Statements {
    pub(super) prepared: Arc<StatementCache>,
    pub(super) server: Arc<Server>,
    pub(super) in_transaction: bool,
}

enum Plan {
    Prepared(Statement),
    Typed(Arc<[Type]>),
}

impl Statements {
    /// Runs a statement and returns the number of rows it changed.
    pub(super) async fn execute(
        &self,
        client: &impl GenericClient,
        sql: &str,
        params: Params<'_>,
    ) -> Result<u64, Error> {
        match self.plan(client, sql).await? {
            Plan::Prepared(statement) => client.execute(&statement, params).await,
            Plan::Typed(types) => client.execute_typed(sql, &typed(params, &types)).await,
        }
    }

    /// Runs a query and returns its rows.
    pub(super) async fn query(
        &self,
        client: &impl GenericClient,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, Error> {
        match self.plan(client, sql).await? {
            Plan::Prepared(statement) => client.query(&statement, params).await,
            Plan::Typed(types) => client.query_typed(sql, &typed(params, &types)).await,
        }
    }

    /// Runs a query that returns one row or none.
    pub(super) async fn query_opt(
        &self,
        client: &impl GenericClient,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Option<Row>, Error> {
        match self.plan(client, sql).await? {
            Plan::Prepared(statement) => client.query_opt(&statement, params).await,
            Plan::Typed(types) => client.query_typed_opt(sql, &typed(params, &types)).await,
        }
    }

    /// Forgets what was learned before a table changed.
    pub(super) fn forget(&self, sql: &str) {
        self.prepared.clear();
        self.server.forget_types(sql);
    }

    async fn plan(&self, client: &impl GenericClient, sql: &str) -> Result<Plan, Error> {
        if !self.server.is_pooler() {
            if self.prepared.size() >= MAX_PREPARED {
                // Texts that are built with values in them would fill the server's memory.
                self.prepared.clear();
            }
            return Ok(Plan::Prepared(self.prepared.prepare(client.client(), sql).await?));
        }
        if let Some(types) = self.server.types(sql) {
            return Ok(Plan::Typed(types));
        }
        let types = learn_types(client, sql, self.in_transaction).await?;
        self.server.set_types(sql, types.clone());
        Ok(Plan::Typed(types))
    }
}

fn typed<'a>(params: Params<'a>, types: &[Type]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    // The server refuses a wrong number of parameters.
    let types = types.iter().cloned().chain(std::iter::repeat(Type::UNKNOWN));
    params.iter().copied().zip(types).collect()
}

/// Prepares a statement only to learn the types of its parameters. A transaction keeps the pooler from
/// changing the server's connection between preparing the statement and closing it.
async fn learn_types(
    client: &impl GenericClient,
    sql: &str,
    in_transaction: bool,
) -> Result<Arc<[Type]>, Error> {
    if in_transaction {
        return Ok(client.prepare(sql).await?.params().into());
    }
    client.batch_execute("BEGIN").await?;
    // The statement is closed before the transaction ends.
    let types = client.prepare(sql).await.map(|statement| statement.params().into());
    client.batch_execute("ROLLBACK").await?;
    types
}
