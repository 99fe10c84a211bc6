//! One SQLite file: opens it, recognises when it is replaced, and translates its errors.
//!
//! Used by the readers and the writer. Runs PRAGMAs, but no other statements.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    failure::{Access, cannot_share, is_busy, is_unavailable},
    transaction_guard,
};
use crate::{
    Unavailable,
    db::DbError,
    settings::{DatabaseSettings, Synchronous},
};

/// Characters that are escaped in SQLite's URI file names (sqlite.org/uri.html).
const IN_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');
/// The number of statements that each connection keeps prepared.
const STATEMENT_CACHE: usize = 64;
/// How long changing the journal to WAL may wait for other processes. Without WAL everything works, slower.
const WAL_PATIENCE: Duration = Duration::from_millis(250);

/// A database file and its settings.
pub(super) struct DatabaseFile {
    pub(super) alias: Arc<str>,
    /// `None` for a database in memory.
    pub(super) path: Option<PathBuf>,
    pub(super) timeout: Duration,
    synchronous: Synchronous,
    /// Whether the journal is in WAL mode now: readers and the writer do not wait for each other then.
    wal: AtomicBool,
}

/// The identity of an opened file. Another file at the same path has another identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    file: (u64, u64),
    /// Only for files opened as immutable, which SQLite does not check for changes: the modification time,
    /// the length, and whether a journal has appeared.
    content: Option<(u128, u64, bool)>,
}

impl DatabaseFile {
    pub(super) fn new(alias: &str, settings: &DatabaseSettings) -> Self {
        Self {
            alias: alias.into(),
            path: settings.path.clone(),
            timeout: settings.timeout,
            synchronous: settings.synchronous,
            wal: AtomicBool::new(false),
        }
    }

    pub(super) fn is_wal(&self) -> bool {
        self.wal.load(Ordering::Relaxed)
    }

    /// Opens the connection of the writer. Creates the file if it is missing, as Django does.
    pub(super) fn open_writer(&self) -> rusqlite::Result<Connection> {
        let Some(path) = &self.path else {
            let connection = Connection::open_in_memory()?;
            set_up(&connection)?;
            transaction_guard::install(&connection)?;
            return Ok(connection);
        };
        let connection = Connection::open_with_flags(path, read_write())?;
        set_up(&connection)?;
        self.try_wal(&connection, WAL_PATIENCE)?;
        connection.pragma_update(None, "journal_size_limit", 32 << 20)?;
        let synchronous = match self.synchronous {
            Synchronous::Normal => "NORMAL",
            Synchronous::Full => "FULL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        transaction_guard::install(&connection)?;
        Ok(connection)
    }

    /// Opens the file before its readers do, and returns whether they must open it as immutable. A WAL
    /// database in a read-only folder can be read in no other way.
    pub(super) fn probe(&self) -> rusqlite::Result<(Connection, bool)> {
        let path = self.path.as_deref().unwrap_or_else(|| ":memory:".as_ref());
        let connection = Connection::open_with_flags(path, read_write())?;
        set_up(&connection)?;
        connection.busy_timeout(self.timeout)?;
        match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
            Ok(()) => {
                self.try_wal(&connection, WAL_PATIENCE)?;
                Ok((connection, false))
            }
            Err(error) if cannot_share(&error) && path.is_file() && !self.has_journal() => {
                self.wal.store(true, Ordering::Relaxed);
                Ok((connection, true))
            }
            Err(error) => Err(error),
        }
    }

    /// Prepares a connection for the pool of readers.
    pub(super) fn set_up_reader(connection: &Connection) -> rusqlite::Result<()> {
        set_up(connection)?;
        connection.pragma_update(None, "query_only", true)
    }

    /// The file name and the flags with which readers open the file.
    pub(super) fn reader_source(&self, immutable: bool) -> (PathBuf, OpenFlags) {
        let path = self.path.clone().unwrap_or_default();
        if !immutable {
            return (path, read_write());
        }
        let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), IN_URI).to_string();
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        (format!("file:{encoded}?immutable=1").into(), flags)
    }

    /// The identity of the file that is at the path now; `None` where there is none.
    pub(super) fn identity(&self, immutable: bool) -> Option<Identity> {
        let metadata = fs::metadata(self.path.as_ref()?).ok()?;
        let content = immutable.then(|| {
            let changed = metadata.modified().ok().and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
            (changed.unwrap_or_default().as_nanos(), metadata.len(), self.has_journal())
        });
        Some(Identity { file: file_number(&metadata), content })
    }

    /// Changes the journal to WAL. It is no error where other processes prevent that now.
    pub(super) fn try_wal(&self, connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
        let until = Instant::now() + patience;
        connection.busy_timeout(patience.min(Duration::from_millis(50)))?;
        let wal = loop {
            let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
            let mode = match mode {
                Ok(mode) if mode != "wal" => {
                    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))
                }
                other => other,
            };
            match mode {
                Ok(mode) => break mode == "wal",
                // SQLite does not wait by itself where two processes change the journal at the same time.
                Err(error) if is_busy(&error) && Instant::now() < until => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) if is_busy(&error) || is_unavailable(&error, Access::Write) => break false,
                Err(error) => return Err(error),
            }
        };
        self.wal.store(wal, Ordering::Relaxed);
        Ok(())
    }

    /// Translates an error of SQLite for the caller.
    pub(super) fn error(&self, error: impl Into<Arc<rusqlite::Error>>, access: Access) -> DbError {
        let source = error.into();
        if is_unavailable(&source, access) {
            return Unavailable::new(self.describe(), Some(Box::new(source) as _)).into();
        }
        // Only the transaction guard denies statements.
        if source.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) {
            return DbError::TransactionEnded { alias: self.alias.clone() };
        }
        DbError::Sqlite { alias: self.alias.clone(), source }
    }

    /// The error where a wait took too long, or a thread has ended.
    pub(super) fn unavailable(&self, reason: &'static str) -> DbError {
        Unavailable::new(self.describe(), Some(reason.into())).into()
    }

    fn describe(&self) -> String {
        match &self.path {
            Some(path) => format!("the database \"{}\" ({})", self.alias, path.display()),
            None => format!("the database \"{}\" (in memory)", self.alias),
        }
    }

    fn has_journal(&self) -> bool {
        let Some(path) = &self.path else { return false };
        let mut journal = path.clone().into_os_string();
        journal.push("-wal");
        fs::metadata(journal).is_ok_and(|metadata| metadata.len() > 0)
    }
}

fn read_write() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Sets up every connection. Foreign keys are enforced, as in Django.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.pragma_update(None, "foreign_keys", true)
}

#[cfg(unix)]
fn file_number(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Uses the time of creation where files have no numbers.
#[cfg(not(unix))]
fn file_number(metadata: &fs::Metadata) -> (u64, u64) {
    let created = metadata.created().ok().and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    (0, created.map_or(0, |since| since.as_millis() as u64))
}
