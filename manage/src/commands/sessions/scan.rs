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

use crate::{CommandError, Progress, Project};

/// How long a pass may take before it shows that it is at work: what is quick needs no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// A pass over the stored sessions.
pub(super) struct Scan {
    engine: SessionEngine,
    what: &'static str,
    total: Option<u64>,
    verbosity: u8,
    started: Instant,
    bar: Option<Progress>,
}

type Page = Result<(Vec<SessionInfo>, Option<SessionCursor>), StoreError>;

impl Scan {
    pub(super) async fn start(
        project: &Project,
        engine: &SessionEngine,
        what: &'static str,
    ) -> Result<Self, CommandError> {
        let total = engine.count().await.map_err(failed)?;
        let (engine, verbosity) = (engine.clone(), project.verbosity());
        Ok(Self { engine, what, total, verbosity, started: Instant::now(), bar: None })
    }

    /// Shows no bar: what is printed meanwhile would run into it.
    pub(super) fn without_bar(mut self) -> Self {
        self.verbosity = 0;
        self
    }

    /// How many there were at the start, where the store can tell.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// So many are behind.
    pub(super) fn at(&mut self, passed: u64) {
        if self.bar.is_none() && self.started.elapsed() > PATIENCE {
            self.bar = Some(Progress::new(self.what, self.total, self.verbosity));
        }
        if let Some(bar) = &self.bar {
            bar.set(passed);
        }
    }

    /// Shows every stored session to `visit`, ended ones too, until it breaks off; whether it did.
    pub(super) async fn each<F>(mut self, mut visit: F) -> Result<bool, CommandError>
    where
        F: FnMut(SessionInfo) -> ControlFlow<()> + Send,
    {
        let (mut passed, mut next) = (0, Some(self.page(None)));
        while let Some(page) = next.take() {
            let (page, cursor) = page.await.map_err(failed)?.map_err(failed)?;
            // The store reads on while this page is looked at.
            next = cursor.map(|cursor| self.page(Some(cursor)));
            passed += page.len() as u64;
            for info in page {
                if visit(info).is_break() {
                    return Ok(true);
                }
            }
            self.at(passed);
        }
        Ok(false)
    }

    fn page(&self, from: Option<SessionCursor>) -> JoinHandle<Page> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.list(from.as_ref()).await })
    }
}

/// The store failed.
pub(super) fn failed(error: impl Into<BoxError>) -> CommandError {
    CommandError::because("the stored sessions cannot be used", error)
}
