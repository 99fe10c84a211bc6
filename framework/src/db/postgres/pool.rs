//! Makes the pool of connections: its size, its time limits, and TLS where `OPTIONS.sslmode` asks for it.

use std::{thread, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls, config::SslMode};

use super::server::Server;
#[cfg(feature = "tls")]
use super::tls;
use crate::{Unavailable, db::DbError, settings::DatabaseSettings};

/// The longest time for connecting, even if `OPTIONS.timeout` is longer.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_800);

/// The pool of connections to the database that `config` names. Connects to nothing yet.
pub(super) fn pool(
    mut config: Config,
    settings: &DatabaseSettings,
    server: &Server,
) -> Result<Pool, DbError> {
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
