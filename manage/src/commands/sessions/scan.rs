//! One pass over all stored sessions: a page at a time, with a progress bar on a terminal.

use std::{
    io::{self, IsTerminal as _},
    ops::ControlFlow,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nuages::{
    BoxError,
    sessions::{SessionCursor, SessionEngine, SessionInfo, StoreError},
};

use crate::CommandError;

/// How long a pass may take before it shows that it is at work.
const PATIENCE: Duration = Duration::from_millis(300);

/// A pass over the stored sessions, as a bar on stderr if that is a terminal.
pub(super) struct Scan {
    engine: SessionEngine,
    bar: ProgressBar,
    total: Option<u64>,
    started: Instant,
}

impl Scan {
    pub(super) async fn start(engine: &SessionEngine, what: &'static str) -> Result<Self, CommandError> {
        let total = engine.count().await.map_err(failed)?;
        Ok(Self::of(engine, what, total))
    }

    pub(super) fn of(engine: &SessionEngine, what: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => "{msg} [{bar:30}] {human_pos}/{human_len} {eta}",
            None => "{msg} {spinner} {human_pos}",
        };
        bar.set_style(
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        bar.set_message(what);
        Self { engine: engine.clone(), bar, total, started: Instant::now() }
    }

    /// How many there were at the start, where the store can tell.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// So many are behind.
    pub(super) fn at(&self, passed: u64) {
        // What is quick needs no bar: it would only flicker.
        if self.bar.is_hidden() && self.started.elapsed() > PATIENCE && io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(passed);
    }

    /// Takes the bar off the terminal.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows every stored session to `visit`, ended ones too, until it breaks off; whether it did.
    pub(super) async fn each<F>(&self, mut visit: F) -> Result<bool, CommandError>
    where
        F: FnMut(SessionInfo) -> ControlFlow<()> + Send,
    {
        let (mut passed, mut next) = (0, Some(self.page(None)));
        while let Some(page) = next.take() {
            let (page, cursor) =
                page.await.map_err(|error| failed(BoxError::from(error)))?.map_err(failed)?;
            // The store reads on while this page is looked at.
            next = cursor.map(|cursor| self.page(Some(cursor)));
            passed += page.len() as u64;
            for info in page {
                if visit(info).is_break() {
                    self.end();
                    return Ok(true);
                }
            }
            self.at(passed);
        }
        self.end();
        Ok(false)
    }

    fn page(&self, from: Option<SessionCursor>) -> tokio::task::JoinHandle<Page> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.list(from.as_ref()).await })
    }
}

type Page = Result<(Vec<SessionInfo>, Option<SessionCursor>), StoreError>;

/// The store failed.
pub(super) fn failed(error: impl Into<BoxError>) -> CommandError {
    CommandError::because("the stored sessions cannot be used", error)
}
