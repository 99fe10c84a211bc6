//! The writer thread: commits many jobs in one transaction.
//!
//! It runs all waiting jobs in one transaction, each after the first in a savepoint so that a failing job does
//! not harm the others, commits, and then answers them. Where it cannot write (a lock, a full disk, a
//! read-only file), jobs fail with [`Unavailable`](crate::Unavailable) within the database's timeout and the
//! next job tries again, so that no fault needs a restart.

use std::{
    cell::Cell,
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::{
    begin::begin_until,
    failure::{self, Access},
    file::{DatabaseFile, Identity},
    job::{AloneWork, Job, JobEnd, WriterMessage},
    transaction_guard::without_transaction_statements,
};
use crate::db::DbError;

/// Limits of one transaction: its number of jobs, and the time during which it accepts more.
const MAX_BATCH: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(5);
/// The size of the WAL, in pages of usually 4 KiB, from which it is copied into the database, and from
/// which the writer also waits shortly for readers to leave the WAL, so that it can be restarted.
const CHECKPOINT_PAGES: i32 = 2_000;
const RESTART_PAGES: i32 = 8_000;
/// Pages written between checkpoints that readers prevent from completing: each checkpoint costs an fsync.
const CHECKPOINT_STEP: i32 = 500;
/// How long a checkpoint may wait for readers.
const RESTART_PATIENCE: Duration = Duration::from_millis(20);
/// How often the writer tries again to change the journal to WAL after another process prevented it.
const WAL_RETRY: Duration = Duration::from_secs(10);
/// How long jobs get a transaction each after one of many made COMMIT fail.
const ALONE: Duration = Duration::from_secs(60);

/// Unlike any text that a job may prepare: a job that found this statement in the connection's cache would
/// get past the check that refuses to end the transaction.
const COMMIT: &str = "COMMIT -- the group";

thread_local! {
    /// The size of the WAL in pages after this thread's last COMMIT.
    static WAL_PAGES: Cell<i32> = const { Cell::new(0) };
}

/// The state of the writer thread.
pub(super) struct GroupCommit {
    file: Arc<DatabaseFile>,
    inbox: mpsc::Receiver<WriterMessage>,
    waiting: Arc<AtomicUsize>,
    pending: VecDeque<Box<dyn Job>>,
    alone: Vec<AloneWork>,
    closing: Vec<oneshot::Sender<()>>,
    open: Option<Open>,
    locked: Option<Arc<rusqlite::Error>>,
    alone_until: Option<Instant>,
}

/// The open connection of the writer.
struct Open {
    connection: Connection,
    identity: Option<Identity>,
    next_wal: Instant,
    last_pages: i32,
    next_checkpoint: i32,
}

impl GroupCommit {
    pub(super) fn new(
        file: Arc<DatabaseFile>,
        inbox: mpsc::Receiver<WriterMessage>,
        waiting: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            file,
            inbox,
            waiting,
            pending: VecDeque::with_capacity(MAX_BATCH),
            alone: Vec::new(),
            closing: Vec::new(),
            open: None,
            locked: None,
            alone_until: None,
        }
    }

    /// Runs until the last sender is dropped.
    pub(super) fn run(mut self) {
        loop {
            if self.pending.is_empty() {
                self.run_alone();
                if !self.closing.is_empty() {
                    self.open = None;
                    for done in self.closing.drain(..) {
                        // The caller may have stopped waiting.
                        let _ = done.send(());
                    }
                }
                match self.inbox.recv() {
                    Ok(message) => self.accept(message),
                    Err(mpsc::RecvError) => return,
                }
            }
            self.take_waiting();
            self.answer_late();
            if let Some(first) = self.pending.front() {
                let deadline = first.deadline();
                self.commit_batch(deadline);
            }
        }
    }

    fn accept(&mut self, message: WriterMessage) {
        match message {
            WriterMessage::Run(job) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.pending.push_back(job);
            }
            WriterMessage::Alone(work) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.alone.push(work);
            }
            WriterMessage::Close(done) => self.closing.push(done),
        }
    }

    fn take_waiting(&mut self) {
        while self.pending.len() < MAX_BATCH {
            match self.inbox.try_recv() {
                Ok(message) => self.accept(message),
                Err(_) => return,
            }
        }
    }

    /// Answers jobs whose deadline has passed. Jobs wait in the order of their deadlines.
    fn answer_late(&mut self) {
        let now = Instant::now();
        while let Some(job) = self.pending.pop_front_if(|job| job.deadline() <= now) {
            let failure = match &self.locked {
                Some(error) => self.file.error(error.clone(), Access::Write),
                None => self.file.unavailable("the writer did not begin in time"),
            };
            job.answer(&self.file, Some(failure));
        }
    }

    fn commit_batch(&mut self, deadline: Instant) {
        match self.begin(deadline) {
            Ok(()) => self.locked = None,
            // Only the first job's deadline has passed: the others can still wait.
            Err(error) if failure::is_busy(&error) => {
                self.locked = Some(Arc::new(error));
                return;
            }
            Err(error) => {
                if self.file.path.is_some() {
                    self.open = None;
                }
                let error = Arc::new(error);
                for job in self.pending.drain(..) {
                    job.answer(&self.file, Some(self.file.error(error.clone(), Access::Write)));
                }
                return;
            }
        }
        let Some(open) = self.open.take() else { return };
        let mut batch = Vec::with_capacity(self.pending.len());
        let loss = match self.run_jobs(&open.connection, &mut batch) {
            Ok(()) => self.commit(&open.connection, batch.len()).err(),
            Err(loss) => Some(loss),
        };
        match loss {
            None => {
                self.open = Some(open);
                batch.into_iter().for_each(|job| job.answer(&self.file, None));
                self.checkpoint();
            }
            Some(loss) => {
                let usable = roll_back(&open.connection);
                // Files are opened again. A database in memory would be lost with its connection.
                let kept = self.file.path.is_none() || matches!(loss, Loss::Undone);
                self.open = (kept && usable).then_some(open);
                self.answer_lost(batch, &loss);
            }
        }
    }

    /// Begins a transaction on the file that is at the path now, and opens it if necessary.
    fn begin(&mut self, deadline: Instant) -> rusqlite::Result<()> {
        let identity = self.file.identity(false);
        if self.open.as_ref().is_some_and(|open| open.identity != identity) {
            tracing::warn!(alias = %self.file.alias, "the database file was replaced, opening the new one");
            self.open = None;
        }
        let mut open = self.take_open()?;
        if !self.file.is_wal() && self.file.path.is_some() && open.next_wal <= Instant::now() {
            open.next_wal = Instant::now() + WAL_RETRY;
            self.file.try_wal(&open.connection, Duration::ZERO)?;
        }
        let begun = begin_until(&open.connection, deadline);
        self.open = Some(open);
        begun
    }

    /// The open connection, or a new one.
    fn take_open(&mut self) -> rusqlite::Result<Open> {
        if let Some(open) = self.open.take() {
            return Ok(open);
        }
        let connection = self.file.open_writer()?;
        WAL_PAGES.set(0);
        connection.wal_hook(Some(|_, pages| {
            WAL_PAGES.set(pages);
            Ok(())
        }));
        Ok(Open {
            connection,
            identity: self.file.identity(false),
            next_wal: Instant::now() + WAL_RETRY,
            last_pages: 0,
            next_checkpoint: CHECKPOINT_PAGES,
        })
    }

    /// Runs work that needs the connection outside of a transaction.
    fn run_alone(&mut self) {
        for work in std::mem::take(&mut self.alone) {
            match self.take_open() {
                Ok(open) => {
                    work(Ok(&open.connection));
                    self.open = Some(open);
                }
                Err(error) => work(Err(error)),
            }
        }
    }

    /// Runs the waiting jobs, and those that arrive while they run.
    fn run_jobs(&mut self, connection: &Connection, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Loss> {
        let started = Instant::now();
        let most = match self.alone_until {
            Some(until) if started < until => 1,
            _ => MAX_BATCH,
        };
        while let Some(mut job) = self.pending.pop_front() {
            if !job.begin() {
                continue;
            }
            // The first job is all of the transaction until it has succeeded: it needs no savepoint.
            let first = batch.is_empty();
            if !first {
                execute(connection, "SAVEPOINT job")?;
            }
            let ran = without_transaction_statements(|| job.run(connection));
            batch.push(job);
            if connection.is_autocommit() {
                return Err(if ran == JobEnd::Done { Loss::Ended } else { Loss::RolledBack });
            }
            match (first, ran) {
                (true, JobEnd::Done) => {}
                (true, JobEnd::Failed) => return Err(Loss::Undone),
                (false, JobEnd::Done) => execute(connection, "RELEASE job")?,
                (false, JobEnd::Failed) => {
                    execute(connection, "ROLLBACK TO job")?;
                    execute(connection, "RELEASE job")?;
                }
            }
            if batch.len() >= most || started.elapsed() >= BATCH_TIME {
                break;
            }
            if self.pending.is_empty() {
                self.take_waiting();
            }
        }
        Ok(())
    }

    fn commit(&mut self, connection: &Connection, jobs: usize) -> Result<(), Loss> {
        let Err(error) = execute(connection, COMMIT) else { return Ok(()) };
        // COMMIT checks deferred foreign keys, and its error does not say which job broke one.
        if jobs > 1 && error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
            self.alone_until = Some(Instant::now() + ALONE);
            return Err(Loss::Constraint);
        }
        Err(error.into())
    }

    fn answer_lost(&self, mut batch: Vec<Box<dyn Job>>, loss: &Loss) {
        let culprit = match loss {
            Loss::Ended => batch
                .pop()
                .map(|job| (job, Some(DbError::TransactionEnded { alias: self.file.alias.clone() }))),
            Loss::RolledBack | Loss::Undone => batch.pop().map(|job| (job, None)),
            Loss::Sqlite(_) | Loss::Constraint => None,
        };
        for job in batch {
            job.answer(&self.file, Some(loss.error(&self.file)));
        }
        if let Some((job, own)) = culprit {
            job.answer(&self.file, own);
        }
    }

    /// Copies a large WAL into the database. Called after the jobs have been answered.
    fn checkpoint(&mut self) {
        let Some(open) = &mut self.open else { return };
        let pages = WAL_PAGES.get();
        if pages < open.last_pages {
            open.next_checkpoint = CHECKPOINT_PAGES;
        }
        open.last_pages = pages;
        if pages < open.next_checkpoint {
            return;
        }
        open.next_checkpoint = pages + CHECKPOINT_STEP;
        // RESTART blocks the writers of all processes while it copies, so PASSIVE copies most pages first.
        let steps: &[&str] = if pages >= RESTART_PAGES { &["PASSIVE", "RESTART"] } else { &["PASSIVE"] };
        for how in steps {
            let copied = open.connection.busy_timeout(RESTART_PATIENCE).and_then(|()| {
                open.connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
                    Ok((row.get::<_, i32>(1)?, row.get::<_, i32>(2)?))
                })
            });
            match copied {
                Ok((pages, copied)) => tracing::debug!(pages, copied, how, "checkpoint"),
                Err(error) => {
                    tracing::warn!(%error, alias = %self.file.alias, "cannot copy the WAL into the database")
                }
            }
        }
    }
}

/// The reason why a transaction was not committed.
enum Loss {
    /// A statement failed.
    Sqlite(Arc<rusqlite::Error>),
    /// One of several jobs broke a foreign key.
    Constraint,
    /// The last job ended the transaction.
    Ended,
    /// The last job failed with an error that makes SQLite roll everything back.
    RolledBack,
    /// The first job failed, and no other has run.
    Undone,
}

impl Loss {
    fn error(&self, file: &DatabaseFile) -> DbError {
        match self {
            Self::Sqlite(error) => file.error(error.clone(), Access::Write),
            Self::Constraint => file.unavailable("a write beside this one broke a foreign key"),
            Self::Ended => file.unavailable("a write beside this one ended the transaction"),
            Self::RolledBack | Self::Undone => {
                file.unavailable("a write beside this one made SQLite roll back")
            }
        }
    }
}

impl From<rusqlite::Error> for Loss {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

/// Rolls back a transaction that was not committed. Returns false where that fails too.
fn roll_back(connection: &Connection) -> bool {
    connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok()
}
