//! PostgreSQL: a pool of connections, with a time limit on every wait.
//!
//! A server that is down causes [`DbError::Unavailable`] within two seconds; when it is back, the next query
//! connects again. [`Row`], [`Error`], [`SqlState`] and [`types`] are those of the crate `tokio-postgres`.

use std::{error::Error as _, fmt, path::Path, sync::Arc, time::Duration};

use deadpool_postgres::{Pool, PoolError, TimeoutType};
use tokio_postgres::Config;

use super::DbError;
use crate::{BoxFuture, Unavailable, settings::DatabaseSettings};

mod answers;
mod cancel;
mod client;
mod connect;
mod encryption;
mod pool;
mod replay;
mod server;
mod statements;
#[cfg(feature = "tls")]
mod tls;
mod transaction;

pub use client::PostgresClient;
pub use tokio_postgres::{Error, Row, error::SqlState, types};
pub use transaction::{PostgresTransaction, TransactionScope};

use encryption::encryption;
use pool::{CONNECT_TIMEOUT, pool};
use replay::{Attempts, Replay};
use server::Server;
use types::ToSql;

/// The folder of the server's socket in the packages of Debian and Red Hat.
const SOCKET_FOLDER: &str = "/var/run/postgresql";

/// A PostgreSQL database. Cheap to clone; clones share the pool of connections.
///
/// # Examples
///
/// ```no_run
/// # async fn example(postgres: nuages::db::Postgres) -> Result<(), nuages::db::DbError> {
/// postgres.execute("INSERT INTO visits (page) VALUES ($1)", &[&"/"]).await?;
/// let row = postgres.query_opt("SELECT page FROM visits WHERE id = $1", &[&1_i32]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Postgres {
    server: Arc<Server>,
    pool: Pool,
}

impl Postgres {
    /// A handle of the database that `settings` describe. Connects at the first use, not here.
    ///
    /// # Errors
    ///
    /// [`DbError::Setting`] where `OPTIONS.sslmode` needs the cargo feature `tls`, which is not enabled.
    pub fn open(alias: &str, settings: &DatabaseSettings) -> Result<Self, DbError> {
        let mut config = Config::new();
        config.application_name("nuages").dbname(&settings.name);
        for (text, set) in [
            (&settings.user, Config::user as fn(&mut Config, String) -> &mut Config),
            (&settings.password, |config, text| config.password(text)),
        ] {
            if !text.is_empty() {
                set(&mut config, text.clone());
            }
        }
        let host = host_of(settings);
        let port = if settings.port == 0 { 5432 } else { settings.port };
        // A host that begins with a slash is the folder of a Unix socket, as in libpq.
        config.host(&host).port(port);
        config.connect_timeout(settings.timeout.min(CONNECT_TIMEOUT));
        config.tcp_user_timeout(settings.timeout).keepalives_idle(Duration::from_secs(30));
        let mode = settings.sslmode.map(|mode| mode.as_str());
        let encryption = encryption(&mut config, mode).map_err(|problem| DbError::Setting {
            alias: alias.into(),
            name: "OPTIONS.sslmode",
            value: mode.unwrap_or_default().to_owned(),
            problem,
        })?;
        let server = Arc::new(Server::new(settings, alias, host, port, encryption));
        let pool = pool(config, settings, &server)?;
        Ok(Self { server, pool })
    }

    /// The alias in `DATABASES`.
    pub fn alias(&self) -> &str {
        &self.server.alias
    }

    /// Borrows a connection of the pool, for several queries or a transaction. Dropping it returns it.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the server does not answer, or no connection becomes free within
    /// `OPTIONS.timeout`.
    pub async fn client(&self) -> Result<PostgresClient, DbError> {
        match self.pool.get().await {
            Ok(object) => Ok(PostgresClient::new(object, self.server.clone())),
            Err(PoolError::Backend(error)) => Err(self.server.connect_error(error)),
            Err(PoolError::Timeout(TimeoutType::Wait)) => {
                Err(self.server.unavailable("no connection became free in time"))
            }
            Err(PoolError::Timeout(_)) => Err(self.server.unavailable("it did not answer in time")),
            Err(error) => Err(Unavailable::new(self.server.describe(), Some(Box::new(error) as _)).into()),
        }
    }

    /// Runs a statement and returns the number of rows it changed. It stays prepared on its connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        self.client().await?.execute(sql, params).await
    }

    /// Runs a query and returns its rows. It stays prepared on its connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        self.client().await?.query(sql, params).await
    }

    /// Runs a query that returns one row or none. It stays prepared on its connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresClient::execute`].
    pub async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, DbError> {
        self.client().await?.query_opt(sql, params).await
    }

    /// Runs `work` in a transaction and commits it. An error of `work` rolls it back.
    ///
    /// After a serialization failure or a deadlock `work` runs again in a new transaction, ten times at
    /// most. It must not have effects outside of the database, such as sending mail. For serializable
    /// transactions, begin with `SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`.
    ///
    /// # Errors
    ///
    /// The error of `work`, or as [`PostgresClient::execute`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(postgres: nuages::db::Postgres) -> Result<(), nuages::db::DbError> {
    /// let left: i64 = postgres
    ///     .transaction(|transaction| {
    ///         Box::pin(async move {
    ///             transaction.batch_execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").await?;
    ///             transaction.execute("DELETE FROM seats WHERE id = $1", &[&1_i32]).await?;
    ///             let row = transaction.query_opt("SELECT count(*) FROM seats", &[]).await?;
    ///             Ok(row.map_or(0, |row| row.get(0)))
    ///         })
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<'env, T, F>(&self, work: F) -> Result<T, DbError>
    where
        F: for<'a> Fn(TransactionScope<'a, 'env>) -> BoxFuture<'a, Result<T, DbError>>,
    {
        let mut attempts = Attempts::default();
        loop {
            let once = async {
                let mut client = self.client().await?;
                let transaction = client.transaction().await?;
                let value = work(TransactionScope::new(&transaction)).await?;
                transaction.commit().await?;
                Ok(value)
            };
            let error = match once.await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let reason = driver_error(&error).and_then(|error| Replay::after(error, self.server.is_pooler()));
            match reason {
                Some(reason) if attempts.again(reason).await => {}
                _ => return Err(error),
            }
        }
    }

    /// Closes the connections that are not in use. The next query opens new ones.
    pub fn close(&self) {
        self.pool.retain(|_, _| false);
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("alias", &self.alias())
            .field("address", &self.server.address)
            .finish()
    }
}

/// The driver's error in an error of a statement.
fn driver_error(error: &DbError) -> Option<&Error> {
    match error {
        DbError::Postgres { source, .. } => Some(source),
        DbError::Unavailable(unavailable) => unavailable.source()?.downcast_ref(),
        _ => None,
    }
}

fn host_of(settings: &DatabaseSettings) -> String {
    match settings.host.as_str() {
        "" if Path::new(SOCKET_FOLDER).is_dir() => SOCKET_FOLDER.to_owned(),
        "" => "localhost".to_owned(),
        host => host.to_owned(),
    }
}
