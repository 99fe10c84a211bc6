//! One write on its way through the writer thread, and the caller's side of waiting for it.

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
/// The writer answers a late job itself, with the reason; only where it cannot, the caller gives up.
const GRACE: Duration = Duration::from_millis(250);

/// An order to the writer thread.
pub(super) enum WriterMessage {
    /// Run a job.
    Run(Box<dyn Job>),
    /// Close the connection once nothing waits.
    Close(oneshot::Sender<()>),
}

/// A write, whatever its closure and its result are.
pub(super) trait Job: Send {
    /// When it is too late to begin.
    fn deadline(&self) -> Instant;
    /// Whether somebody still waits for it; after that it is begun and its caller stays.
    fn begin(&self) -> bool;
    /// Runs the closure and keeps its result for [`Job::answer`].
    fn run(&mut self, connection: &Connection) -> JobEnd;
    /// Sends the result of the closure, or `failure` in its place.
    fn answer(self: Box<Self>, file: &DatabaseFile, failure: Option<DbError>);
}

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

/// The caller's side of a job.
pub(super) struct JobHandle<T> {
    receiver: oneshot::Receiver<Result<T, DbError>>,
    state: Arc<AtomicU8>,
}

/// Makes a job of a closure.
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
    /// Waits for COMMIT. A job that has not begun in time will not begin any more.
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
        // A caller that has gone needs no answer.
        let _ = self.answer.send(result);
    }
}
