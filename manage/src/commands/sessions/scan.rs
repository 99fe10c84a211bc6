//! One pass over all stored sessions: a page at a time, with a progress bar on a terminal.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use nuages::{
    BoxError,
    sessions::{SessionCursor, SessionEngine, SessionInfo, StoreError},
};
use tokio::task::JoinHandle;

use super::super::session_count::session_count;
use crate::{CommandError, Progress, Project};

/// How long a pass takes before the bar appears.
const BAR_DELAY: Duration = Duration::from_millis(300);

/// A pass over the stored sessions.
pub(super) struct Scan {
    engine: SessionEngine,
    label: &'static str,
    total: Option<u64>,
    verbosity: u8,
    started: Instant,
    bar: Option<Progress>,
}

type Page = Result<(Vec<SessionInfo>, Option<SessionCursor>), StoreError>;

impl Scan {
    /// Counts the sessions, so that the bar knows how many there are. `label` stands before the bar.
    pub(super) async fn start(project: &Project, engine: &SessionEngine, label: &'static str) -> Self {
        let total = session_count(engine).await;
        let (engine, verbosity) = (engine.clone(), project.verbosity());
        Self { engine, label, total, verbosity, started: Instant::now(), bar: None }
    }

    /// Shows no bar, for a command that prints while it reads: the two would run into each other.
    pub(super) fn without_bar(mut self) -> Self {
        self.verbosity = 0;
        self
    }

    /// Returns how many sessions there were at the start, if the store can count them.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Shows that this many sessions have been read.
    pub(super) fn show(&mut self, read: u64) {
        if self.bar.is_none() && self.started.elapsed() > BAR_DELAY {
            self.bar = Some(Progress::new(self.label, self.total, self.verbosity));
        }
        if let Some(bar) = &self.bar {
            bar.set(read);
        }
    }

    /// Calls `visit` for every stored session, expired ones too, until it breaks. Returns whether it did.
    pub(super) async fn each<F>(mut self, mut visit: F) -> Result<bool, CommandError>
    where
        F: FnMut(SessionInfo) -> ControlFlow<()> + Send,
    {
        let (mut read, mut next) = (0, Some(self.page(None)));
        while let Some(page) = next.take() {
            let (page, cursor) = page.await.map_err(store_error)?.map_err(store_error)?;
            // The store reads the next page while this one is visited.
            next = cursor.map(|cursor| self.page(Some(cursor)));
            read += page.len() as u64;
            for info in page {
                if visit(info).is_break() {
                    return Ok(true);
                }
            }
            self.show(read);
        }
        Ok(false)
    }

    fn page(&self, from: Option<SessionCursor>) -> JoinHandle<Page> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.list(from.as_ref()).await })
    }
}

/// Returns the error for a failure of the session store.
pub(super) fn store_error(error: impl Into<BoxError>) -> CommandError {
    CommandError::because("the session store failed", error)
}

/// Returns the error for sessions whose data cannot be decoded, if there are any: whose they are is unknown.
pub(super) fn unreadable_error(count: u64) -> Option<CommandError> {
    match count {
        0 => None,
        1 => Some(CommandError::new("1 session cannot be read: whose it is is unknown")),
        _ => Some(CommandError::new(format!("{count} sessions cannot be read: whose they are is unknown"))),
    }
}
