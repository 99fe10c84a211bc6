//! SQLite: a pool of reading connections, and one thread that writes.
//!
//! [`Sqlite`] is the public handle; `readers` and `group_commit` do the work. The file is opened at the
//! first read or write.

use std::{fmt, sync::Arc};

use rusqlite::Connection;
use tokio::{sync::oneshot, task};

use crate::{
    db::{DbError, query_count::QueryTimer},
    settings::DatabaseSettings,
};

mod begin;
mod failure;
mod file;
mod group_commit;
mod job;
mod readers;
mod transaction_guard;
mod writer;

pub(crate) use begin::begin_until;
use failure::Access;
use file::DatabaseFile;
use readers::Readers;
pub(crate) use transaction_guard::without_transaction_statements;
use writer::Writer;

/// A SQLite database. Cheap to clone; clones share the connections.
///
/// # Examples
///
/// ```no_run
/// # async fn example(sqlite: nuages::db::Sqlite) -> Result<(), nuages::db::DbError> {
/// sqlite.write(|db| db.execute("INSERT INTO visits (page) VALUES (?1)", ["/"])).await?;
/// let visits: i64 = sqlite
///     .read(|db| db.prepare_cached("SELECT count(*) FROM visits")?.query_row([], |row| row.get(0)))
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sqlite {
    inner: Arc<Inner>,
}

struct Inner {
    file: Arc<DatabaseFile>,
    readers: Arc<Readers>,
    writer: Writer,
}

impl Sqlite {
    /// A handle of the database that `settings` describe. Opens no file yet. A database named `:memory:`
    /// lives as long as this value and its clones.
    pub fn open(alias: &str, settings: &DatabaseSettings) -> Self {
        let file = Arc::new(DatabaseFile::new(alias, settings));
        let readers = Arc::new(Readers::new(file.clone(), settings.pool_size));
        let writer = Writer::new(file.clone());
        Self { inner: Arc::new(Inner { file, readers, writer }) }
    }

    /// The alias in `DATABASES`.
    pub fn alias(&self) -> &str {
        &self.inner.file.alias
    }

    /// Runs `f` on a connection that cannot write, and returns its result.
    ///
    /// `f` should take microseconds, because it may run on the async worker itself; slow queries belong in
    /// [`read_long`](Self::read_long). Statements made with `prepare_cached` stay prepared.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the file cannot be read now, or no connection becomes free within
    /// `OPTIONS.timeout`; [`DbError::Sqlite`] for other errors of `f`.
    pub async fn read<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self.inner.file.path {
            Some(_) => {
                let _timer = QueryTimer::start();
                self.inner.readers.read(f).await
            }
            None => self.write(f).await,
        }
    }

    /// Runs a slow read, such as a scan of a whole table, on a blocking thread. All slow reads together use
    /// at most half of the connections.
    ///
    /// # Errors
    ///
    /// As [`Sqlite::read`].
    pub async fn read_long<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self.inner.file.path {
            Some(_) => {
                let _timer = QueryTimer::start();
                self.inner.readers.read_long(f).await
            }
            None => self.write(f).await,
        }
    }

    /// Runs `f` in a transaction on the writer thread, and returns its result after COMMIT.
    ///
    /// An error or a panic of `f` undoes all its changes. `f` shares its transaction with other writes: it
    /// must be short and must not begin or end a transaction (savepoints are allowed). If this future is
    /// dropped before `f` begins, `f` does not run.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the database is full, read-only, or locked for longer than
    /// `OPTIONS.timeout`; nothing was written then. [`DbError::Sqlite`] for other errors of `f`,
    /// [`DbError::Panicked`] where it panics.
    pub async fn write<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let _timer = QueryTimer::start();
        let (job, answer) = job::job(f, self.inner.file.timeout);
        self.inner.writer.submit(job)?;
        answer.wait(&self.inner.file).await
    }

    /// Runs `f` on a connection of its own, outside of a transaction and without foreign keys. SQLite
    /// ignores `PRAGMA foreign_keys` inside transactions. A database in memory has only one connection: its
    /// other writes wait then.
    pub(crate) async fn without_foreign_keys<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let work = move |opened: rusqlite::Result<&Connection>| {
            let done = opened.and_then(|connection| {
                connection.pragma_update(None, "foreign_keys", false)?;
                let done = f(connection);
                connection.pragma_update(None, "foreign_keys", true)?;
                Ok(done)
            });
            // The caller may have stopped waiting: then the log has the error.
            if let Err(Err(error)) = sender.send(done) {
                tracing::warn!(target: "nuages.db", %error, "a change that nobody waits for failed");
            }
        };
        let file = self.inner.file.clone();
        if file.path.is_some() {
            task::spawn_blocking(move || match file.open_writer() {
                Ok(connection) => work(Ok(&connection)),
                Err(error) => work(Err(error)),
            });
        } else {
            self.inner.writer.submit_alone(Box::new(work))?;
        }
        match receiver.await {
            Ok(done) => done.map_err(|error| self.write_error(error)),
            Err(_) => Err(self.inner.file.unavailable("the thread that writes has ended")),
        }
    }

    /// Translates an error of a statement that wrote.
    pub(crate) fn write_error(&self, error: rusqlite::Error) -> DbError {
        self.inner.file.error(error, Access::Write)
    }

    /// Waits for running writes and closes the connections; the next use opens them again. The last
    /// process that closes a database deletes its journal.
    pub async fn close(&self) {
        self.inner.readers.close();
        if self.inner.file.path.is_some() {
            self.inner.writer.close().await;
        }
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("alias", &self.alias()).field("path", &self.inner.file.path).finish()
    }
}
