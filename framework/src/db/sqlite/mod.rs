//! SQLite: readers inline, one writer thread.
//!
//! The one file of `db` that says what an application may do with a SQLite database; how is said in
//! `readers.rs` and `batch.rs`. Nothing is opened before the first read or write.

use std::{fmt, sync::Arc};

use rusqlite::Connection;

use crate::{db::DbError, settings::DatabaseSettings};

mod failure;
mod file;
mod group_commit;
mod job;
mod readers;
mod writer;

pub(super) use failure::is_busy;
use file::DatabaseFile;
use readers::Readers;
use writer::Writer;

/// A SQLite database. Clones share its connections.
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
    /// The database that `settings` describe. Opens nothing yet; `:memory:` is one that lives as long as
    /// this value and its clones.
    pub fn open(alias: &str, settings: &DatabaseSettings) -> Self {
        let file = Arc::new(DatabaseFile::new(alias, settings));
        let readers = Arc::new(Readers::new(file.clone(), settings.pool_size));
        let writer = Writer::new(file.clone());
        Self { inner: Arc::new(Inner { file, readers, writer }) }
    }

    /// Its alias in `DATABASES`.
    pub fn alias(&self) -> &str {
        &self.inner.file.alias
    }

    /// Reads. `f` gets a connection that cannot write, and should take microseconds: it may run on the
    /// async worker itself. Statements made with `prepare_cached` stay prepared.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the file cannot be read now, or no connection becomes free within
    /// the database's `OPTIONS.timeout`; [`DbError::Sqlite`] for what `f` returns otherwise.
    pub async fn read<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self.inner.file.path {
            Some(_) => self.inner.readers.read(f).await,
            None => self.write(f).await,
        }
    }

    /// Reads what takes long, such as a scan of a whole table: always on a blocking thread, on at most
    /// half of the connections.
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
            Some(_) => self.inner.readers.read_long(f).await,
            None => self.write(f).await,
        }
    }

    /// Writes, and returns after COMMIT.
    ///
    /// All of `f` is done or nothing of it: an error or a panic undoes it. `f` runs in a transaction that
    /// it shares with other writes, so it must be short, and neither begin nor end one (savepoints are
    /// fine). If this future is dropped before `f` begins, `f` does not run.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] where the database is locked for longer than `OPTIONS.timeout`, full or
    /// read-only: then nothing was written. [`DbError::Sqlite`] for what `f` returns,
    /// [`DbError::Panicked`] where it panics.
    pub async fn write<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = job::job(f, self.inner.file.timeout);
        self.inner.writer.submit(job)?;
        answer.wait(&self.inner.file).await
    }

    /// Waits for the writes under way and closes the connections; the next use opens them again. The last
    /// process to close a database puts its journal away.
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
