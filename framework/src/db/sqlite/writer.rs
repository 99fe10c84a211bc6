//! The bounded queue of the writer thread, which the first job starts.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::oneshot;

use super::{
    file::DatabaseFile,
    group_commit::GroupCommit,
    job::{AloneWork, Job, WriterMessage},
};
use crate::db::DbError;

/// The number of jobs that may wait. Further jobs fail as unavailable.
const MAX_QUEUED: usize = 10_000;

/// Sends jobs to the writer thread of one database.
pub(super) struct Writer {
    file: Arc<DatabaseFile>,
    queue: Mutex<Option<Queue>>,
}

struct Queue {
    sender: mpsc::Sender<WriterMessage>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    pub(super) fn new(file: Arc<DatabaseFile>) -> Self {
        Self { file, queue: Mutex::new(None) }
    }

    /// Queues a job, and starts the thread if it is not running.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        self.send(WriterMessage::Run(job))
    }

    /// Queues a closure that runs while no transaction is open.
    pub(super) fn submit_alone(&self, work: AloneWork) -> Result<(), DbError> {
        self.send(WriterMessage::Alone(work))
    }

    fn send(&self, mut message: WriterMessage) -> Result<(), DbError> {
        let mut slot = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = slot.as_ref() {
            if queue.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_QUEUED {
                queue.waiting.fetch_sub(1, Ordering::Relaxed);
                return Err(self.file.unavailable("too many writes are waiting"));
            }
            match queue.sender.send(message) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(unsent)) => message = unsent,
            }
        }
        let queue = self.start()?;
        queue.waiting.store(1, Ordering::Relaxed);
        let sent = queue.sender.send(message);
        *slot = Some(queue);
        sent.map_err(|_| self.file.unavailable("the writer thread has ended"))
    }

    /// Waits until all queued jobs are answered and the connection is closed.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let sent = match self.queue.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(queue) => queue.sender.send(WriterMessage::Close(done)).is_ok(),
            None => false,
        };
        if sent {
            // An error means that the thread has ended, which closed the connection.
            let _ = closed.await;
        }
    }

    fn start(&self) -> Result<Queue, DbError> {
        let (sender, inbox) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let batches = GroupCommit::new(self.file.clone(), inbox, waiting.clone());
        match thread::Builder::new().name("nuages-writer".into()).spawn(move || batches.run()) {
            Ok(_) => Ok(Queue { sender, waiting }),
            Err(error) => {
                tracing::error!(%error, "cannot start the writer thread");
                Err(self.file.unavailable("the writer thread cannot be started"))
            }
        }
    }
}
