//! Writes log lines on a thread of its own, so that a reader who stops reading stops no request.
//!
//! The lines wait in a queue of limited size. Lines that find it full are dropped and counted; the count is
//! written in their place once the output can be written again. `logging` formats the lines.

use std::{
    io::Write,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// The size of the queue. A line of the access log has some 100 bytes.
const QUEUE_BYTES: usize = 1 << 20;
/// A write that takes longer than this waits for the reader.
const STALLED_AFTER: Duration = Duration::from_millis(100);
/// How long `finish` waits for the queue to be written.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// The queue and its thread. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct LogWriter {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    text: String,
    /// How many lines were dropped since the thread last took the text. They came after it.
    lost: u64,
    /// Since when the thread has been writing.
    writing_since: Option<Instant>,
}

impl LogWriter {
    /// Starts the thread, which writes to `output`. `lost` formats the line that says how many were dropped.
    ///
    /// # Errors
    ///
    /// Where the system cannot start a thread.
    pub(crate) fn start(
        output: impl Write + Send + 'static,
        lost: impl Fn(u64) -> String + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Self { shared: Arc::clone(&shared) };
        thread::Builder::new().name("nuages-log".into()).spawn(move || write_all(&shared, output, lost))?;
        Ok(writer)
    }

    /// Adds a line, which ends in a line break, or drops it if the queue is full. Never waits for the output.
    pub(crate) fn push(&self, line: &str) {
        let mut queue = self.shared.lock();
        // Once a line is dropped the following are, too: the count stands where all of them are missing.
        if queue.lost > 0 || queue.text.len() + line.len() > QUEUE_BYTES {
            queue.lost += 1;
        } else {
            queue.text.push_str(line);
        }
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Returns whether the reader of the output has stopped reading: another write would wait for it.
    pub(crate) fn is_stalled(&self) -> bool {
        let queue = self.shared.lock();
        queue.lost > 0 || queue.writing_since.is_some_and(|since| since.elapsed() > STALLED_AFTER)
    }

    /// Waits until all lines are written, for a second at most: the process must end without a reader, too.
    pub(crate) fn finish(&self) {
        let is_busy = |queue: &mut Queue| !queue.text.is_empty() || queue.writing_since.is_some();
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), FINISH_TIMEOUT, is_busy);
        drop(waited);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // The text is whole even if a thread panicked while it held the lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread: takes all waiting lines, writes them, and so on until the process ends.
fn write_all(shared: &Shared, mut output: impl Write, lost: impl Fn(u64) -> String) {
    loop {
        let mut queue = shared.lock();
        queue.writing_since = None;
        shared.changed.notify_all();
        let mut queue = shared
            .changed
            .wait_while(queue, |queue| queue.text.is_empty() && queue.lost == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let mut text = mem::take(&mut queue.text);
        let dropped = mem::take(&mut queue.lost);
        queue.writing_since = Some(Instant::now());
        drop(queue);
        if dropped > 0 {
            text += &lost(dropped);
        }
        // A closed output cannot show the lines, nor the error.
        let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// An output that takes a write only when the test receives it.
    struct Pipe(SyncSender<String>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn start() -> (LogWriter, Receiver<String>) {
        let (sender, receiver) = sync_channel(0);
        let writer = LogWriter::start(Pipe(sender), |count| format!("lost {count}\n"));
        (writer.expect("a thread"), receiver)
    }

    #[test]
    fn a_full_queue_drops_counts_and_says_so_in_the_right_place() {
        let (writer, output) = start();
        writer.push("first\n");
        // The thread waits for its reader now.
        while writer.shared.lock().writing_since.is_none() {
            thread::yield_now();
        }
        let line = format!("{}\n", "x".repeat(QUEUE_BYTES / 4));
        (0..10).for_each(|_| writer.push(&line));
        writer.push("short\n");
        assert!(writer.is_stalled());
        assert_eq!(output.recv().expect("the first line"), "first\n");
        let rest = output.recv().expect("the queue");
        assert_eq!(rest.matches('x').count(), 3 * (QUEUE_BYTES / 4));
        assert!(rest.ends_with("x\nlost 8\n"), "{}", &rest[rest.len() - 20..]);
        writer.push("last\n");
        assert_eq!(output.recv().expect("the last line"), "last\n");
        writer.finish();
        assert!(!writer.is_stalled());
    }

    #[test]
    fn finishing_does_not_wait_for_a_reader_for_ever() {
        let (writer, _output) = start();
        writer.push("unread\n");
        let begun = Instant::now();
        writer.finish();
        assert!(begun.elapsed() >= FINISH_TIMEOUT && begun.elapsed() < FINISH_TIMEOUT * 5);
    }
}
