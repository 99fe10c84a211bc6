//! One write on its way to the writer thread, and the handle with which its caller waits for it.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::{sync::oneshot, time};

use super::{failure::Access, file::DatabaseFile};
use crate::{db::DbError, error::panic_message};

const QUEUED: u8 = 0;
const STARTED: u8 = 1;
const GIVEN_UP: u8 = 2;
/// The writer answers a late job itself, with the reason. The caller gives up after this additional time.
const GRACE: Duration = Duration::from_millis(250);

/// A closure that gets the connection outside of a transaction, or the error of opening it.
pub(super) type AloneWork = Box<dyn FnOnce(rusqlite::Result<&Connection>) + Send>;

/// An order to the writer thread.
pub(super) enum WriterMessage {
    /// Run a job.
    Run(Box<dyn Job>),
    /// Run a closure while no transaction is open.
    Alone(AloneWork),
    /// Close the connection when no job waits.
    Close(oneshot::Sender<()>),
}

/// A write with any closure and result type.
pub(super) trait Job: Send {
    /// The job must begin before this time.
    fn deadline(&self) -> Instant;
    /// Marks the job as begun. Returns false where its caller has stopped waiting.
    fn begin(&self) -> bool;
    /// Runs the closure and stores its result for [`Job::answer`].
    fn run(&mut self, connection: &Connection) -> JobEnd;
    /// Sends `failure` to the caller, or else the result of the closure.
    fn answer(self: Box<Self>, file: &DatabaseFile, failure: Option<DbError>);
}

/// How the closure of a job ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JobEnd {
    Done,
    Failed,
}

enum Failure {
    Sqlite(rusqlite::Error),
    Panic(String),
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, Failure>>,
    answer: oneshot::Sender<Result<T, DbError>>,
    state: Arc<AtomicU8>,
    deadline: Instant,
}

/// The caller's handle of a job.
pub(super) struct JobHandle<T> {
    receiver: oneshot::Receiver<Result<T, DbError>>,
    state: Arc<AtomicU8>,
}

/// Makes a job of a closure, with the handle to wait for it.
pub(super) fn job<T, F>(work: F, timeout: Duration) -> (Box<dyn Job>, JobHandle<T>)
where
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    T: Send + 'static,
{
    let (answer, receiver) = oneshot::channel();
    let state = Arc::new(AtomicU8::new(QUEUED));
    let deadline = Instant::now() + timeout;
    let task = Task { work: Some(work), result: None, answer, state: state.clone(), deadline };
    (Box::new(task), JobHandle { receiver, state })
}

impl<T> JobHandle<T> {
    /// Waits for the job's result, which comes after COMMIT. A job that has not begun in time is cancelled.
    pub(super) async fn wait(mut self, file: &DatabaseFile) -> Result<T, DbError> {
        let received = match time::timeout(file.timeout + GRACE, &mut self.receiver).await {
            Ok(received) => received,
            Err(_) => {
                let given_up =
                    self.state.compare_exchange(QUEUED, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire);
                if given_up.is_ok() {
                    return Err(file.unavailable("the writer did not begin in time"));
                }
                self.receiver.await
            }
        };
        received.unwrap_or_else(|_| Err(file.unavailable("the writer thread has ended")))
    }
}

impl<T, F> Job for Task<T, F>
where
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn begin(&self) -> bool {
        !self.answer.is_closed()
            && self.state.compare_exchange(QUEUED, STARTED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn run(&mut self, connection: &Connection) -> JobEnd {
        let Some(work) = self.work.take() else { return JobEnd::Failed };
        let result = match panic::catch_unwind(AssertUnwindSafe(|| work(connection))) {
            Ok(result) => result.map_err(Failure::Sqlite),
            Err(payload) => Err(Failure::Panic(panic_message(&*payload).to_owned())),
        };
        let ran = if result.is_ok() { JobEnd::Done } else { JobEnd::Failed };
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, file: &DatabaseFile, failure: Option<DbError>) {
        let result = match (failure, self.result) {
            (Some(failure), _) => Err(failure),
            (None, Some(result)) => result.map_err(|failure| match failure {
                Failure::Sqlite(error) => file.error(error, Access::Write),
                Failure::Panic(message) => DbError::Panicked { alias: file.alias.clone(), message },
            }),
            (None, None) => Err(file.unavailable("the write was not begun")),
        };
        // The caller may have stopped waiting: then the log has the error.
        if let Err(Err(error)) = self.answer.send(result) {
            tracing::debug!(target: "nuages.db", %error, "a write that nobody waits for failed");
        }
    }
}
