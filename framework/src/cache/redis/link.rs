//! The connection to one Redis server: made at the first use, shared by all operations, replaced when lost.
//!
//! The redis crate's `ConnectionManager` is not used: it keeps a connection to a server that vanished
//! without closing it, and it does not try again after a server that refused while loading its data.
//! No command is sent twice: a write whose answer was lost may have been carried out.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, aio::MultiplexedConnection};
use tokio::time::{Instant, timeout};

use crate::{Unavailable, cache::CacheError};

/// The limit for connecting, including the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The limit for one answer.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The limit for one operation, including connecting: a dead server is reported within two seconds.
const DEADLINE: Duration = Duration::from_millis(1500);
/// After a failed attempt to connect, operations fail immediately for this duration.
const PAUSE: Duration = Duration::from_millis(250);
/// A connection that was idle for this duration is checked with PING before a command is sent on it.
const IDLE: Duration = Duration::from_secs(1);

/// The connection to a server, and what is known of it.
pub(super) struct Link {
    client: Client,
    name: String,
    config: AsyncConnectionConfig,
    state: Mutex<State>,
    /// Held while connecting, so that one attempt serves all waiting operations. Counts the connections.
    connecting: tokio::sync::Mutex<u64>,
}

enum State {
    /// Not connected: the next operation connects.
    Lost,
    /// Connected; the server last answered at `answered`.
    Up { connection: MultiplexedConnection, serial: u64, answered: Instant },
    /// The last attempt to connect failed at `since`.
    Down { error: Arc<RedisError>, since: Instant },
}

/// The connection in use by one operation; `serial` is its number.
struct Loan {
    connection: MultiplexedConnection,
    serial: u64,
    idle: bool,
}

impl Link {
    pub(super) fn new(client: Client, name: String) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_pipeline_buffer_size(1024);
        Self { client, name, config, state: Mutex::new(State::Lost), connecting: Default::default() }
    }

    /// The server's name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs `work` on a live connection. Fails after [`DEADLINE`].
    pub(super) async fn run<T, F>(
        &self,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, CacheError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let attempt = async {
            let loan = self.live().await?;
            let result = work(loan.connection).await;
            self.note(loan.serial, result)
        };
        match timeout(DEADLINE, attempt).await {
            Ok(result) => result,
            Err(elapsed) => Err(Unavailable::new(&self.name, Some(elapsed.into())).into()),
        }
    }

    /// A connection that answered within the last second, or a new one.
    async fn live(&self) -> Result<Loan, CacheError> {
        if let Some(mut loan) = self.loan()? {
            if !loan.idle {
                return Ok(loan);
            }
            let alive = redis::cmd("PING").exec_async(&mut loan.connection).await;
            if self.note(loan.serial, alive).is_ok() {
                return Ok(loan);
            }
        }
        let asked = Instant::now();
        let mut connections = match self.connecting.try_lock() {
            Ok(held) => held,
            Err(_) => self.wait()?.await,
        };
        // The operation that held the lock has connected by now, or its failure counts for this one too.
        match &*self.state() {
            State::Up { connection, serial, .. } => {
                return Ok(Loan { connection: connection.clone(), serial: *serial, idle: false });
            }
            State::Down { error, since } if *since >= asked => return Err(self.unavailable(error)),
            _ => {}
        }
        *connections += 1;
        self.connect(*connections).await
    }

    /// Waits for the attempt of another operation; fails immediately where the server is known to be down.
    fn wait(&self) -> Result<impl Future<Output = tokio::sync::MutexGuard<'_, u64>>, CacheError> {
        match &*self.state() {
            State::Down { error, .. } => Err(self.unavailable(error)),
            _ => Ok(self.connecting.lock()),
        }
    }

    async fn connect(&self, serial: u64) -> Result<Loan, CacheError> {
        let made = self.client.get_multiplexed_async_connection_with_config(&self.config).await;
        let mut state = self.state();
        let was_down = matches!(*state, State::Down { .. });
        match made {
            Ok(connection) => {
                if was_down {
                    tracing::info!(target: "nuages.cache", server = self.name, "connected again");
                }
                *state = State::Up { connection: connection.clone(), serial, answered: Instant::now() };
                Ok(Loan { connection, serial, idle: false })
            }
            Err(error) => {
                if !was_down {
                    tracing::error!(target: "nuages.cache", server = self.name, %error, "cannot connect");
                }
                let error = Arc::new(error);
                *state = State::Down { error: error.clone(), since: Instant::now() };
                Err(self.unavailable(&error))
            }
        }
    }

    /// The present connection, if there is one. Fails within [`PAUSE`] of a failed attempt.
    fn loan(&self) -> Result<Option<Loan>, CacheError> {
        match &*self.state() {
            State::Up { connection, serial, answered } => Ok(Some(Loan {
                connection: connection.clone(),
                serial: *serial,
                idle: answered.elapsed() >= IDLE,
            })),
            State::Down { error, since } if since.elapsed() < PAUSE => Err(self.unavailable(error)),
            State::Lost | State::Down { .. } => Ok(None),
        }
    }

    /// Records an answer of the connection `serial`, and drops the connection where it cannot be used again.
    fn note<T>(&self, serial: u64, result: Result<T, RedisError>) -> Result<T, CacheError> {
        let severed = result.as_ref().is_err_and(must_reconnect);
        let mut state = self.state();
        if let State::Up { serial: present, answered, .. } = &mut *state
            && *present == serial
        {
            *answered = Instant::now();
            if severed {
                *state = State::Lost;
            }
        }
        drop(state);
        result.map_err(|error| match severed || is_busy(&error) {
            true => self.unavailable(&Arc::new(error)),
            false => CacheError::Answer { cache: self.name.clone(), source: error.into() },
        })
    }

    fn unavailable(&self, error: &Arc<RedisError>) -> CacheError {
        Unavailable::new(&self.name, Some(error.clone().into())).into()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is always replaced as a whole, so a poisoned lock can be used.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the connection must be replaced: it is closed or out of step, or its server is not the
/// primary any more (`READONLY`) or wants a new login (`NOAUTH`).
fn must_reconnect(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse)
        || matches!(error.code(), Some("READONLY" | "NOAUTH"))
}

/// Whether the server answers but cannot carry out commands now.
fn is_busy(error: &RedisError) -> bool {
    let codes = ["LOADING", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"];
    error.code().is_some_and(|code| codes.contains(&code))
}
