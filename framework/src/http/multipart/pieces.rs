//! The body of a request as a stream for the parser: in small pieces, and counted where that matters.
//!
//! The parser collects everything that the stream has ready, and everything up to the end of a part's head.
//! A piece is therefore followed by a pause, and [`HeadLimit`] ends a head that grows too long.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body as _;

use crate::{BoxError, http::Body};

/// The largest piece that the parser gets at once, in bytes.
const PIECE: usize = 64 * 1024;
/// The bytes that may arrive while the parser looks for the end of a part's head. Django's limit is 1,024.
const MAX_HEAD: usize = 8 * 1024;

/// The pieces in which they may arrive. The parser searches all of its bytes again after each piece.
const MAX_HEAD_PIECES: usize = 256;

/// The head of a part is too long.
#[derive(Debug, thiserror::Error)]
#[error("the head of a part is longer than {MAX_HEAD} bytes or comes in more than {MAX_HEAD_PIECES} pieces")]
pub(super) struct HeadTooLong;

/// How many bytes and pieces the stream may still hand out.
#[derive(Clone, Default)]
pub(super) struct HeadLimit(Arc<Left>);

#[derive(Default)]
struct Left {
    bytes: AtomicUsize,
    pieces: AtomicUsize,
}

impl HeadLimit {
    /// Begins a head.
    pub(super) fn begin(&self) {
        self.set(MAX_HEAD, MAX_HEAD_PIECES);
    }

    /// Ends a head: the data of a part may have any length.
    pub(super) fn end(&self) {
        self.set(usize::MAX, usize::MAX);
    }

    fn set(&self, bytes: usize, pieces: usize) {
        self.0.bytes.store(bytes, Relaxed);
        self.0.pieces.store(pieces, Relaxed);
    }

    /// Returns whether `bytes` may be handed out.
    fn take(&self, bytes: usize) -> bool {
        let (left, pieces) = (self.0.bytes.load(Relaxed), self.0.pieces.load(Relaxed));
        if left != usize::MAX {
            self.set(left.saturating_sub(bytes), pieces.saturating_sub(1));
        }
        left > 0 && pieces > 0
    }
}

/// The stream.
pub(super) struct Pieces {
    body: Body,
    rest: Bytes,
    pauses: bool,
    limit: HeadLimit,
}

impl Pieces {
    pub(super) fn new(body: Body, limit: HeadLimit) -> Self {
        Self { body, rest: Bytes::new(), pauses: false, limit }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if std::mem::take(&mut this.pauses) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        if !this.limit.take(piece.len()) {
            return Poll::Ready(Some(Err(HeadTooLong.into())));
        }
        this.pauses = true;
        Poll::Ready(Some(Ok(piece)))
    }
}
