//! The state that the supervisor changes and everything else reads: whether there is a program to answer
//! requests, how far the build is, and which version of the site an open page should show.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde::Serialize;
use tokio::sync::{Notify, mpsc, watch};

use super::fault::Fault;

/// What happens to a request that arrives now.
#[derive(Clone, Debug)]
pub(super) enum SitePhase {
    /// Cargo runs, or a change was found: the request waits.
    Building,
    /// The new program starts: the request waits.
    Starting,
    /// The program answers it.
    Running(Arc<RunningProgram>),
    /// The response says what is wrong.
    Broken(Arc<Fault>),
    /// The development server ends.
    Ending,
}

/// A program that answers requests.
#[derive(Debug)]
pub(super) struct RunningProgram {
    pub(super) address: SocketAddr,
    /// Proves to the program that a request comes from the supervisor.
    pub(super) token: String,
    pub(super) debug: bool,
    pub(super) unapplied: Vec<(String, usize)>,
    unanswered: AtomicUsize,
    answered: Notify,
}

/// A request that the program has not answered yet.
pub(super) struct Unanswered(Arc<RunningProgram>);

impl RunningProgram {
    pub(super) fn new(
        address: SocketAddr,
        token: String,
        debug: bool,
        unapplied: Vec<(String, usize)>,
    ) -> Self {
        let (unanswered, answered) = (AtomicUsize::new(0), Notify::new());
        Self { address, token, debug, unapplied, unanswered, answered }
    }

    fn begin(self: &Arc<Self>) -> Unanswered {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        Unanswered(Arc::clone(self))
    }

    /// Resolves when every request that was passed on has a response.
    pub(super) async fn all_answered(&self) {
        loop {
            let answered = self.answered.notified();
            if self.unanswered.load(Ordering::SeqCst) == 0 {
                return;
            }
            answered.await;
        }
    }
}

impl Unanswered {
    pub(super) fn version(&self) -> &Arc<RunningProgram> {
        &self.0
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if self.0.unanswered.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.answered.notify_waiters();
        }
    }
}

/// How far the build is.
#[derive(Clone, Debug, Default)]
pub(super) struct BuildProgress {
    pub(super) since: Option<Instant>,
    /// Crates that are done, and all of them. Zero if cargo has not said.
    pub(super) done: u32,
    pub(super) total: u32,
    pub(super) current: String,
    /// Cargo waits for another cargo, an editor's for example.
    pub(super) blocked: bool,
}

/// What an open page compares itself with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Live {
    /// Changes when pages must be loaded again.
    pub(super) page: u64,
    /// Changes when only style sheets have changed.
    pub(super) css: u64,
}

/// Something that a page or a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Migrate,
    Restart,
    Rebuild,
}

/// The state of the development server.
#[derive(Debug)]
pub(super) struct DevSite {
    phase: watch::Sender<SitePhase>,
    /// A change was found that the supervisor has not heard of yet.
    stale: AtomicBool,
    pub(super) progress: watch::Sender<BuildProgress>,
    pub(super) live: watch::Sender<Live>,
    /// Proves that an action comes from one of our own pages.
    pub(super) token: String,
    pub(super) wishes: mpsc::UnboundedSender<Wish>,
}

impl DevSite {
    pub(super) fn new(token: String, wishes: mpsc::UnboundedSender<Wish>) -> Self {
        // Begins at another number in each run: a page of an earlier run is loaded again.
        let page = u64::from(u32::from_str_radix(&token[..8], 16).unwrap_or_default());
        Self {
            phase: watch::Sender::new(SitePhase::Building),
            stale: AtomicBool::new(false),
            progress: watch::Sender::default(),
            live: watch::Sender::new(Live { page, css: 0 }),
            token,
            wishes,
        }
    }

    pub(super) fn phases(&self) -> watch::Receiver<SitePhase> {
        self.phase.subscribe()
    }

    pub(super) fn phase(&self) -> SitePhase {
        self.phase.borrow().clone()
    }

    /// Resolves when the development server ends.
    pub(super) async fn ending(&self) {
        let mut phases = self.phases();
        // An error would mean that the sender is gone, which is in `self`.
        let _ = phases.wait_for(|phase| matches!(phase, SitePhase::Ending)).await;
    }

    /// Sets the phase. Pages load again if they would look different.
    pub(super) fn set_phase(&self, phase: SitePhase) {
        let shows = matches!(phase, SitePhase::Running(_) | SitePhase::Broken(_));
        self.phase.send_replace(phase);
        if shows {
            self.reload_pages();
        }
    }

    /// Returns the running version, with a request counted as unanswered. The count is taken before the phase
    /// can change, so that no version is stopped while a request is on its way to it.
    pub(super) fn enter(phases: &mut watch::Receiver<SitePhase>) -> Result<Unanswered, SitePhase> {
        match &*phases.borrow_and_update() {
            SitePhase::Running(version) => Ok(version.begin()),
            other => Err(other.clone()),
        }
    }

    /// Lets requests wait: a file that the program is made of has changed. The supervisor hears of it later.
    pub(super) fn hold(&self) {
        self.stale.store(true, Ordering::SeqCst);
        self.phase.send_if_modified(|phase| {
            let waits = matches!(phase, SitePhase::Building | SitePhase::Ending);
            if !waits {
                *phase = SitePhase::Building;
            }
            !waits
        });
    }

    /// Returns whether [`DevSite::hold`] was called since [`DevSite::acknowledge`].
    pub(super) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::SeqCst)
    }

    pub(super) fn acknowledge(&self) {
        self.stale.store(false, Ordering::SeqCst);
    }

    pub(super) fn reload_pages(&self) {
        self.live.send_modify(|live| live.page += 1);
    }

    pub(super) fn swap_css(&self) {
        self.live.send_modify(|live| live.css += 1);
    }
}
