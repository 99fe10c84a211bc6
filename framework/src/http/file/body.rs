//! Sends a file piece by piece: one piece is in memory, and no thread waits for a slow client.

use std::{
    fs::File,
    io::{self, Read as _},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

const PIECE_BYTES: u64 = 64 * 1024;

/// A body of the next `left` bytes of a file.
pub(super) struct FileBody {
    source: Source,
    left: u64,
}

enum Source {
    Idle(File),
    Reading(JoinHandle<io::Result<(File, Bytes)>>),
    Done,
}

impl FileBody {
    pub(super) fn new(file: File, length: u64) -> Self {
        Self { source: Source::Idle(file), left: length }
    }
}

/// Reads a piece. A file that became shorter is an error, since the header with its length has been sent.
fn read(mut file: File, count: u64) -> io::Result<(File, Bytes)> {
    let mut piece = vec![0; usize::try_from(count).unwrap_or(usize::MAX)];
    file.read_exact(&mut piece)?;
    Ok((file, Bytes::from(piece)))
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        loop {
            self.source = match std::mem::replace(&mut self.source, Source::Done) {
                Source::Done => return Poll::Ready(None),
                Source::Idle(file) => {
                    let count = self.left.min(PIECE_BYTES);
                    Source::Reading(spawn_blocking(move || read(file, count)))
                }
                Source::Reading(mut task) => {
                    let read = Pin::new(&mut task).poll(cx);
                    if read.is_pending() {
                        self.source = Source::Reading(task);
                    }
                    let (file, piece) = ready!(read).map_err(io::Error::other)??;
                    self.left -= piece.len() as u64;
                    self.source = Source::Idle(file);
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
