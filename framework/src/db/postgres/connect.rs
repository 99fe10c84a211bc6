//! Opens connections with time limits that the server enforces.
//!
//! A pooler such as PgBouncer does not pass these limits on: it refuses or ignores them, which is how it is
//! recognised. Called by the pool.

use std::sync::Arc;

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, SimpleQueryMessage, error::SqlState};

use super::server::Server;
use crate::BoxFuture;

/// Opens the connections of a pool.
pub(super) struct Connector(pub(super) Arc<Server>);

impl Connect for Connector {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        Box::pin(async move { connect(&self.0, config).await })
    }
}

async fn connect(server: &Server, config: Config) -> Result<(Client, JoinHandle<()>), Error> {
    if server.is_pooler() {
        return server.encryption.connect(&config).await;
    }
    let timeout = server.timeout.as_millis().max(1);
    // Waiting for a lock ends a little earlier, so that the error says which of the two it was.
    let lock_timeout = (timeout * 4 / 5).max(1);
    let mut limited = config.clone();
    limited.options(format!("-c statement_timeout={timeout} -c lock_timeout={lock_timeout}"));
    match server.encryption.connect(&limited).await {
        Ok((client, driver)) => {
            if has_statement_timeout(&client, timeout).await? {
                return Ok((client, driver));
            }
            server.set_pooler();
            Ok((client, driver))
        }
        Err(error) if refuses_options(&error) => {
            server.set_pooler();
            server.encryption.connect(&config).await
        }
        Err(error) => Err(error),
    }
}
async fn has_statement_timeout(client: &Client, millis: u128) -> Result<bool, Error> {
    let sql = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'";
    let rows = client.simple_query(sql).await?;
    Ok(rows.iter().any(|row| match row {
        SimpleQueryMessage::Row(row) => row.get(0) == Some(&millis.to_string()),
        _ => false,
    }))
}

/// PgBouncer's answer to parameters that it does not know (src/client.c): a protocol violation.
fn refuses_options(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| {
        *error.code() == SqlState::PROTOCOL_VIOLATION && error.message().contains("startup parameter")
    })
}
