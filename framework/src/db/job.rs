//! One write on its way through the writer thread, and the caller's side of waiting for it.

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::{sync::oneshot, time};

use super::{
    DbError,
    place::{Access, Place},
};

const QUEUED: u8 = 0;
const STARTED: u8 = 1;
const GIVEN_UP: u8 = 2;
/// The writer answers a late job itself, with the reason; only where it cannot, the caller gives up.
const GRACE: Duration = Duration::from_millis(250);

/// A write, whatever its closure and its result are.
pub(super) trait Job: Send {
    /// When it is too late to begin.
    fn deadline(&self) -> Instant;
    /// Whether somebody still waits for it; after that it is begun and its caller stays.
    fn begin(&self) -> bool;
    /// Runs the closure and keeps its result for [`Job::answer`].
    fn run(&mut self, connection: &Connection) -> Ran;
    /// Sends the result of the closure, or `failure` in its place.
    fn answer(self: Box<Self>, place: &Place, failure: Option<DbError>);
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
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
pub(super) struct Answer<T> {
    receiver: oneshot::Receiver<Result<T, DbError>>,
    state: Arc<AtomicU8>,
}

/// Makes a job of a closure.
pub(super) fn job<T, F>(work: F, timeout: Duration) -> (Box<dyn Job>, Answer<T>)
where
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    T: Send + 'static,
{
    let (answer, receiver) = oneshot::channel();
    let state = Arc::new(AtomicU8::new(QUEUED));
    let deadline = Instant::now() + timeout;
    let task = Task { work: Some(work), result: None, answer, state: state.clone(), deadline };
    (Box::new(task), Answer { receiver, state })
}

impl<T> Answer<T> {
    /// Waits for COMMIT. A job that has not begun in time will not begin any more.
    pub(super) async fn wait(mut self, place: &Place) -> Result<T, DbError> {
        let received = match time::timeout(place.timeout + GRACE, &mut self.receiver).await {
            Ok(received) => received,
            Err(_) => {
                let given_up =
                    self.state.compare_exchange(QUEUED, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire);
                if given_up.is_ok() {
                    return Err(place.unavailable("the writer did not begin in time"));
                }
                self.receiver.await
            }
        };
        received.unwrap_or_else(|_| Err(place.unavailable("the writer thread has ended")))
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

    fn run(&mut self, connection: &Connection) -> Ran {
        let Some(work) = self.work.take() else { return Ran::Failed };
        let result = match panic::catch_unwind(AssertUnwindSafe(|| work(connection))) {
            Ok(result) => result.map_err(Failure::Sqlite),
            Err(payload) => Err(Failure::Panic(message_of(payload.as_ref()))),
        };
        let ran = if result.is_ok() { Ran::Done } else { Ran::Failed };
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, place: &Place, failure: Option<DbError>) {
        let result = match (failure, self.result) {
            (Some(failure), _) => Err(failure),
            (None, Some(result)) => result.map_err(|failure| match failure {
                Failure::Sqlite(error) => place.error(error, Access::Write),
                Failure::Panic(message) => DbError::Panicked { alias: place.alias.clone(), message },
            }),
            (None, None) => Err(place.unavailable("the write was not begun")),
        };
        // A caller that has gone needs no answer.
        let _ = self.answer.send(result);
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
