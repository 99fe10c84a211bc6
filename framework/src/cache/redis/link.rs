//! The connection to one Redis server: made on first use, shared by all, made anew when it is lost.
//!
//! The redis crate's `ConnectionManager` is not used: it keeps a connection that only times out (a
//! server that vanished without a word), and never tries again after a server that refuses while it
//! loads its data. Nothing is sent twice: a write whose answer was lost may have been carried out.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, aio::MultiplexedConnection};
use tokio::time::{Instant, timeout};

use crate::{Unavailable, cache::CacheError};

/// Connecting, login included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// One answer.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);
/// One operation with all it waits for: a dead server is reported well within two seconds.
const DEADLINE: Duration = Duration::from_millis(1500);
/// After a failed attempt, how long operations fail at once instead of trying again.
const PAUSE: Duration = Duration::from_millis(250);
/// A connection unused for so long is asked whether it still lives before a command is risked on it.
const IDLE: Duration = Duration::from_secs(1);

/// A server's connection.
pub(super) struct Link {
    client: Client,
    name: String,
    config: AsyncConnectionConfig,
    state: Mutex<State>,
    /// Held by whoever connects, so that one attempt serves all who wait. Counts the connections.
    connecting: tokio::sync::Mutex<u64>,
}

enum State {
    /// Not connected yet, or the connection was lost: the next operation connects.
    Lost,
    /// Connected; it last answered at `answered`.
    Up { connection: MultiplexedConnection, serial: u64, answered: Instant },
    /// The last attempt failed at `since`.
    Down { error: Arc<RedisError>, since: Instant },
}

/// A connection on loan; `serial` says which one it is.
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

    /// The server, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs `work` on a live connection, within the deadline.
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

    /// A connection that answered within the last second, or was just made.
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
        // Whoever held the lock meanwhile connected, or failed for us too.
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

    /// Waits for the attempt that another operation makes; not while the server is known to be down.
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
                    tracing::info!(target: "nuages.cache", server = self.name, "the server is back");
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

    /// The present connection, if there is one; an error where the server was down a moment ago.
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

    /// Notes what the connection `serial` answered; gives it up where it is of no more use.
    fn note<T>(&self, serial: u64, result: Result<T, RedisError>) -> Result<T, CacheError> {
        let severed = result.as_ref().is_err_and(of_no_more_use);
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
        result.map_err(|error| match severed || cannot_now(&error) {
            true => self.unavailable(&Arc::new(error)),
            false => CacheError::Answer { cache: self.name.clone(), source: error.into() },
        })
    }

    fn unavailable(&self, error: &Arc<RedisError>) -> CacheError {
        Unavailable::new(&self.name, Some(error.clone().into())).into()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is replaced whole: a poisoned lock guards nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection is gone or out of step, or leads to a server that is no longer the primary
/// (`READONLY`) or no longer knows us (`NOAUTH`): a new one may do better.
fn of_no_more_use(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse)
        || matches!(error.code(), Some("READONLY" | "NOAUTH"))
}

/// The server is there but cannot serve this now.
fn cannot_now(error: &RedisError) -> bool {
    let codes = ["LOADING", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"];
    error.code().is_some_and(|code| codes.contains(&code))
}
