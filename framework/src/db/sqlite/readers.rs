//! A pool of connections that read.
//!
//! Reads of a few microseconds run on the async worker itself, if the journal is WAL and a connection is
//! free. Everything that may block (opening, waiting, another journal, slow reads) runs on tokio's blocking
//! threads. A file that was replaced is opened again within a second.

use std::{
    panic,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use r2d2::{NopErrorHandler, Pool};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::Connection;
use tokio::{sync::Semaphore, task, time};

use super::{
    failure::{self, Access},
    file::{DatabaseFile, Identity},
};
use crate::db::DbError;

/// How long a read on an async worker may wait for a lock. In WAL mode, only recovery locks out readers.
const INLINE_PATIENCE: Duration = Duration::from_millis(100);
/// How often the file at the path is compared with the open one.
const CHECK_EVERY_MILLIS: u64 = 1_000;

/// The reading connections of one database file.
pub(super) struct Readers {
    file: Arc<DatabaseFile>,
    size: u32,
    open: RwLock<Option<Arc<Open>>>,
    opening: Mutex<()>,
    /// Permits for short reads on blocking threads, one for each connection.
    short: Arc<Semaphore>,
    /// Permits for slow reads, which leave half of the connections to short ones.
    long: Arc<Semaphore>,
    epoch: Instant,
    next_check: AtomicU64,
    /// No read runs on the async worker before this time, because one met a lock.
    inline_after: AtomicU64,
}

struct Open {
    pool: Pool<SqliteConnectionManager>,
    identity: Option<Identity>,
    immutable: bool,
}

impl Readers {
    pub(super) fn new(file: Arc<DatabaseFile>, size: Option<u32>) -> Self {
        let processors = thread::available_parallelism().map_or(2, |count| count.get() as u32);
        let size = size.unwrap_or(processors.saturating_mul(4)).max(1);
        Self {
            file,
            size,
            open: RwLock::new(None),
            opening: Mutex::new(()),
            short: Arc::new(Semaphore::new(size as usize)),
            long: Arc::new(Semaphore::new((size as usize / 2).max(1))),
            epoch: Instant::now(),
            next_check: AtomicU64::new(0),
            inline_after: AtomicU64::new(0),
        }
    }

    /// Runs `f` on this thread if that cannot block, else on a blocking thread.
    pub(super) async fn read<T, F>(self: &Arc<Self>, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        if let Some(open) = self.opened()
            && (self.file.is_wal() || open.immutable)
            && self.millis() >= self.inline_after.load(Ordering::Relaxed)
            && let Some(connection) = open.pool.try_get()
        {
            return self.run(&open, &connection, f, INLINE_PATIENCE);
        }
        let permits = self.short.clone();
        self.read_on_thread(permits, f).await
    }

    /// Runs a slow `f` on a blocking thread.
    pub(super) async fn read_long<T, F>(self: &Arc<Self>, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let permits = self.long.clone();
        self.read_on_thread(permits, f).await
    }

    /// Closes all connections. The next read opens them again.
    pub(super) fn close(&self) {
        self.open.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    async fn read_on_thread<T, F>(self: &Arc<Self>, permits: Arc<Semaphore>, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let deadline = Instant::now() + self.file.timeout;
        let Ok(Ok(permit)) = time::timeout(self.file.timeout, permits.acquire_owned()).await else {
            return Err(self.file.unavailable("no connection became free in time"));
        };
        let readers = self.clone();
        let work = move || {
            let _permit = permit;
            let open = readers.open()?;
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            match open.pool.get_timeout(left) {
                Ok(connection) => readers.run(&open, &connection, f, left),
                Err(error) => Err(crate::Unavailable::new(
                    format!("the database \"{}\"", readers.file.alias),
                    Some(Box::new(error) as _),
                )
                .into()),
            }
        };
        match task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(payload) => panic::resume_unwind(payload),
                Err(_) => Err(self.file.unavailable("the program is shutting down")),
            },
        }
    }

    fn run<T>(
        &self,
        open: &Arc<Open>,
        connection: &Connection,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T>,
        patience: Duration,
    ) -> Result<T, DbError> {
        let result = connection.busy_timeout(patience).and_then(|()| {
            let _reset = Reset(connection);
            f(connection)
        });
        result.map_err(|error| {
            if failure::is_busy(&error) {
                self.inline_after.store(self.millis() + CHECK_EVERY_MILLIS, Ordering::Relaxed);
            }
            if failure::is_broken(&error) {
                self.forget(open);
            }
            self.file.error(error, Access::Read)
        })
    }

    /// The open pool, unless the file was replaced since.
    fn opened(&self) -> Option<Arc<Open>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let now = self.millis();
        if now >= self.next_check.load(Ordering::Relaxed) {
            self.next_check.store(now + CHECK_EVERY_MILLIS, Ordering::Relaxed);
            if self.file.identity(open.immutable) != open.identity {
                self.forget(&open);
                return None;
            }
        }
        Some(open)
    }

    /// Opens the pool if it is not open. Blocks.
    fn open(&self) -> Result<Arc<Open>, DbError> {
        let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = self.opened() {
            return Ok(open);
        }
        // Kept until the pool has a connection: closing the last connection deletes the journal.
        let (_probe, immutable) = self.file.probe().map_err(|error| self.file.error(error, Access::Write))?;
        let (path, flags) = self.file.reader_source(immutable);
        let manager = SqliteConnectionManager::file(path)
            .with_flags(flags)
            .with_init(|connection| DatabaseFile::set_up_reader(connection));
        let pool = Pool::builder()
            .max_size(self.size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(manager);
        drop(pool.get_timeout(self.file.timeout));
        let open = Arc::new(Open { pool, identity: self.file.identity(immutable), immutable });
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(open.clone());
        Ok(open)
    }

    fn forget(&self, stale: &Arc<Open>) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(|current| Arc::ptr_eq(current, stale)) {
            *open = None;
        }
    }

    fn millis(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }
}

/// Ends a transaction that a closure left open by mistake or through a panic.
struct Reset<'a>(&'a Connection);

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "cannot roll back a transaction that a read left open");
        }
    }
}
