//! PostgreSQL: a pool of connections that opens when it is used, and waits for nothing for long.
//!
//! A server that is away is [`DbError::Unavailable`] at once or after two seconds at most; when it is back,
//! the next query connects again. Nothing here knows a table.

use std::{fmt, path::Path, sync::Arc, thread, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType};
use tokio_postgres::{
    Config, NoTls, Row,
    config::SslMode,
    error::{DbError as ServerError, SqlState},
    types::ToSql,
};

use super::DbError;
use crate::{Unavailable, settings::DatabaseSettings};

mod client;
#[cfg(feature = "tls")]
mod tls;

pub use client::PostgresClient;

/// How long a server may take to accept a connection, whatever `OPTIONS.timeout` says.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_800);
/// Where Debian's and Red Hat's packages put the server's socket.
const SOCKET_FOLDER: &str = "/var/run/postgresql";

/// A PostgreSQL database. Clones share its pool.
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

/// What its clients must know of it.
struct Server {
    alias: Arc<str>,
    /// Its address and the database's name, with no credentials.
    address: String,
    timeout: Duration,
}

impl Postgres {
    /// The database that `settings` describe. Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// [`DbError::Setting`] where `OPTIONS.sslmode` needs what is not built in.
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
        let address = format!("{host}:{port}/{}", settings.name);
        let server = Arc::new(Server { alias: alias.into(), address, timeout: settings.timeout });
        let pool = pool(config, settings, &server)?;
        Ok(Self { server, pool })
    }

    /// Its alias in `DATABASES`.
    pub fn alias(&self) -> &str {
        &self.server.alias
    }

    /// A connection of the pool, for several queries or a transaction. It goes back when it is dropped.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the server does not answer, or no connection becomes free in time.
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

    /// Runs a statement and tells how many rows it changed. It stays prepared on its connection.
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

    /// Closes the connections that are not in use; the next use opens new ones.
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

impl Server {
    /// What an error of a query means to the caller.
    fn error(&self, error: tokio_postgres::Error) -> DbError {
        if is_unavailable(&error) {
            return Unavailable::new(self.describe(), Some(Box::new(error) as _)).into();
        }
        DbError::Postgres { alias: self.alias.clone(), source: error }
    }

    /// What an error while connecting means: only what the server itself refuses is not its absence.
    fn connect_error(&self, error: tokio_postgres::Error) -> DbError {
        if error.as_db_error().is_some() {
            return self.error(error);
        }
        Unavailable::new(self.describe(), Some(Box::new(error) as _)).into()
    }

    fn unavailable(&self, reason: &'static str) -> DbError {
        Unavailable::new(self.describe(), Some(reason.into())).into()
    }

    fn bad_sslmode(&self, mode: Option<&str>, problem: String) -> DbError {
        DbError::Setting {
            alias: self.alias.clone(),
            name: "OPTIONS.sslmode",
            value: mode.unwrap_or_default().to_owned(),
            problem,
        }
    }

    fn describe(&self) -> String {
        format!("the database \"{}\" ({})", self.alias, self.address)
    }
}

/// Errors that pass by themselves (PostgreSQL manual, appendix A).
fn is_unavailable(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.as_db_error().map(ServerError::code) else {
        let source = std::error::Error::source(error);
        return error.is_closed() || source.is_some_and(|source| source.is::<std::io::Error>());
    };
    // 08: connection, 53: out of resources, 57P: shut down, starting or crashed, 58: the system failed.
    ["08", "53", "57P", "58"].iter().any(|class| code.code().starts_with(class))
        || [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ]
        .contains(code)
}

fn host_of(settings: &DatabaseSettings) -> String {
    match settings.host.as_str() {
        "" if Path::new(SOCKET_FOLDER).is_dir() => SOCKET_FOLDER.to_owned(),
        "" => "localhost".to_owned(),
        host => host.to_owned(),
    }
}

fn pool(mut config: Config, settings: &DatabaseSettings, server: &Server) -> Result<Pool, DbError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let mode = settings.sslmode.map(|mode| mode.as_str());
    config.ssl_mode(match mode {
        Some("disable") => SslMode::Disable,
        None | Some("allow" | "prefer") => SslMode::Prefer,
        Some(_) => SslMode::Require,
    });
    #[cfg(feature = "tls")]
    let manager = match config.get_ssl_mode() {
        SslMode::Disable => Manager::from_config(config, NoTls, recycling),
        _ => {
            let tls = tls::connector(mode).map_err(|problem| server.bad_sslmode(mode, problem))?;
            Manager::from_config(config, tls, recycling)
        }
    };
    #[cfg(not(feature = "tls"))]
    let manager = {
        if config.get_ssl_mode() == SslMode::Require {
            let problem = "needs the cargo feature `tls` of the crate `nuages`".to_owned();
            return Err(server.bad_sslmode(mode, problem));
        }
        Manager::from_config(config, NoTls, recycling)
    };
    let processors = thread::available_parallelism().map_or(2, |count| count.get() as u32);
    let size = settings.pool_size.unwrap_or(processors.saturating_mul(4)).max(1);
    Pool::builder(manager)
        .max_size(size as usize)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(settings.timeout))
        .create_timeout(Some(settings.timeout.min(CONNECT_TIMEOUT)))
        .recycle_timeout(Some(settings.timeout.min(CONNECT_TIMEOUT)))
        .build()
        .map_err(|error| Unavailable::new(server.describe(), Some(Box::new(error) as _)).into())
}
