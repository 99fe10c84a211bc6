//! The door to a database's writer thread: a bounded queue, and the thread started by the first job.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::oneshot;

use super::{DbError, batch::Batches, job::Job, place::Place};

/// Jobs that may wait; one more is answered as unavailable.
const MAX_QUEUED: usize = 10_000;

pub(super) struct Writer {
    place: Arc<Place>,
    queue: Mutex<Option<Queue>>,
}

struct Queue {
    sender: mpsc::Sender<Message>,
    waiting: Arc<AtomicUsize>,
}

/// What the thread is asked to do.
pub(super) enum Message {
    /// Run a job.
    Run(Box<dyn Job>),
    /// Close the connection once nothing waits.
    Close(oneshot::Sender<()>),
}

impl Writer {
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self { place, queue: Mutex::new(None) }
    }

    /// Queues a job, or tells why it cannot be queued.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        let mut slot = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = Message::Run(job);
        if let Some(queue) = slot.as_ref() {
            if queue.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_QUEUED {
                queue.waiting.fetch_sub(1, Ordering::Relaxed);
                return Err(self.place.unavailable("too many writes are waiting"));
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
        sent.map_err(|_| self.place.unavailable("the writer thread has ended"))
    }

    /// Waits until all queued jobs are answered and the connection is closed.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let sent = match self.queue.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(queue) => queue.sender.send(Message::Close(done)).is_ok(),
            None => false,
        };
        if sent {
            // An error means that the thread has ended, and with it the connection.
            let _ = closed.await;
        }
    }

    fn start(&self) -> Result<Queue, DbError> {
        let (sender, inbox) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let batches = Batches::new(self.place.clone(), inbox, waiting.clone());
        match thread::Builder::new().name("nuages-writer".into()).spawn(move || batches.run()) {
            Ok(_) => Ok(Queue { sender, waiting }),
            Err(error) => {
                tracing::error!(%error, "cannot start the writer thread");
                Err(self.place.unavailable("the writer thread cannot be started"))
            }
        }
    }
}
