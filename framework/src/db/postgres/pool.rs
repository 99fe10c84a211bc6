//! Makes the pool of connections: its size and its time limits.

use std::{sync::Arc, thread, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::Config;

use super::{connect::Connector, server::Server};
use crate::{Unavailable, db::DbError, settings::DatabaseSettings};

/// The longest time for connecting, even if `OPTIONS.timeout` is longer.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_800);

/// The pool of connections to the database that `config` names. Connects to nothing yet.
pub(super) fn pool(
    config: Config,
    settings: &DatabaseSettings,
    server: &Arc<Server>,
) -> Result<Pool, DbError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(config, Connector(server.clone()), recycling);
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
