//! The thread that looks at the watched files: at short intervals, and whenever a request asks.

use std::{
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::oneshot;

use super::{
    plan::WatchPlan,
    snapshot::{Change, Snapshot},
};

/// How long to wait between two looks.
const INTERVAL: Duration = Duration::from_millis(50);
/// A look may take this part of the time: a slow file system is looked at less often.
const MAX_SHARE: u32 = 25;
/// How long files must stay the same before a change is reported: editors write several times.
const SETTLE: Duration = Duration::from_millis(50);
const SETTLE_STEP: Duration = Duration::from_millis(10);
/// The longest time to wait for that.
const MAX_SETTLE: Duration = Duration::from_secs(2);

enum Ask {
    Look(oneshot::Sender<()>),
    Plan { plan: WatchPlan, since: SystemTime, written: Vec<PathBuf> },
}

/// Watches files until it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    asks: mpsc::Sender<Ask>,
}

impl Watcher {
    /// Starts to watch. `hold` is called as soon as a changed file is seen that needs a new program, and
    /// `changed` once the files have settled.
    ///
    /// # Errors
    ///
    /// Where the system cannot start a thread.
    pub(crate) fn start(
        plan: WatchPlan,
        hold: impl Fn() + Send + 'static,
        changed: impl Fn(Change) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (asks, receiver) = mpsc::channel();
        let known = Snapshot::take(&plan, true, &Snapshot::default());
        let mut thread = Looking { plan, known, hold, changed };
        thread::Builder::new().name("nuages-watch".into()).spawn(move || thread.run(&receiver))?;
        Ok(Self { asks })
    }

    /// Looks now. When this returns, a change that was made before the call has called `hold`.
    pub(crate) async fn look(&self) {
        let (answer, done) = oneshot::channel();
        if self.asks.send(Ask::Look(answer)).is_ok() {
            // An error means that the thread has ended with the process.
            let _ = done.await;
        }
    }

    /// Watches other files from now on. Files that were not watched before count as changed if they were modified
    /// after `since`; those in `written` count as unchanged.
    pub(crate) fn watch(&self, plan: WatchPlan, since: SystemTime, written: Vec<PathBuf>) {
        // An error means that the thread has ended with the process.
        let _ = self.asks.send(Ask::Plan { plan, since, written });
    }
}

struct Looking<H, C> {
    plan: WatchPlan,
    known: Snapshot,
    hold: H,
    changed: C,
}

impl<H: Fn(), C: Fn(Change)> Looking<H, C> {
    fn run(&mut self, asks: &mpsc::Receiver<Ask>) {
        let mut pause = INTERVAL;
        let mut next = Instant::now() + pause;
        loop {
            let first = match asks.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(ask) => Some(ask),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let whole = Instant::now() >= next;
            // All that wait now are answered by one look.
            let mut waiting = Vec::new();
            for ask in first.into_iter().chain(std::iter::from_fn(|| asks.try_recv().ok())) {
                match ask {
                    Ask::Look(answer) => waiting.push(answer),
                    Ask::Plan { plan, since, written } => {
                        let now = Snapshot::take(&plan, true, &self.known);
                        self.known = self.known.adopt(&now, since, &written);
                        self.plan = plan;
                    }
                }
            }
            let begun = Instant::now();
            let now = Snapshot::take(&self.plan, whole, &self.known);
            if whole {
                pause = INTERVAL.max(begun.elapsed() * MAX_SHARE);
                next = Instant::now() + pause;
            }
            let change = now.since(&self.known);
            if change.needs_program() {
                (self.hold)();
            }
            for answer in waiting {
                // A request that was given up does not wait.
                let _ = answer.send(());
            }
            if !change.is_empty() {
                self.settle(now);
            }
        }
    }

    /// Waits until the files stay the same, and reports the change.
    fn settle(&mut self, mut last: Snapshot) {
        let begun = Instant::now();
        let mut quiet_since = begun;
        while quiet_since.elapsed() < SETTLE && begun.elapsed() < MAX_SETTLE {
            thread::sleep(SETTLE_STEP);
            let now = Snapshot::take(&self.plan, true, &last);
            if !now.since(&last).is_empty() {
                quiet_since = Instant::now();
            }
            last = now;
        }
        let change = last.since(&self.known);
        if change.needs_program() {
            (self.hold)();
        }
        self.known = last;
        (self.changed)(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, sync::mpsc::channel};

    #[tokio::test]
    async fn a_look_sees_a_change_that_was_made_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, page) = (folder.path().join("main.rs"), folder.path().join("pages"));
        fs::create_dir(&page).expect("created");
        fs::write(&source, "one").expect("written");
        let plan =
            WatchPlan { sources: vec![source.clone()], assets: vec![page.clone()], ..WatchPlan::default() };
        let ((holds, held), (changes, changed)) = (channel(), channel());
        let hold = move || holds.send(()).expect("the test listens");
        let watcher = Watcher::start(plan, hold, move |change| drop(changes.send(change))).expect("a thread");
        watcher.look().await;
        assert!(held.try_recv().is_err());
        fs::write(&source, "longer").expect("written");
        watcher.look().await;
        assert!(held.try_recv().is_ok(), "the look has seen the change");
        let limit = Duration::from_secs(10);
        assert_eq!(changed.recv_timeout(limit).expect("a change").sources, [source]);
        fs::write(page.join("a.html"), "new").expect("written");
        let change = changed.recv_timeout(limit).expect("a change");
        assert_eq!(
            (change.assets.as_slice(), change.needs_program()),
            ([page.join("a.html")].as_slice(), false)
        );
    }

    #[test]
    fn a_file_that_joins_the_plan_counts_as_changed_if_it_was_modified_since() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("new.rs");
        fs::write(&file, "text").expect("written");
        let plan = WatchPlan { sources: vec![file.clone()], ..WatchPlan::default() };
        let now = Snapshot::take(&plan, true, &Snapshot::default());
        let hour = Duration::from_secs(3600);
        let before = Snapshot::default().adopt(&now, SystemTime::now() + hour, &[]);
        assert!(now.since(&before).is_empty());
        let before = Snapshot::default().adopt(&now, SystemTime::now() - hour, &[]);
        assert_eq!(now.since(&before).sources, std::slice::from_ref(&file));
        let before = Snapshot::default().adopt(&now, SystemTime::now() - hour, &[file]);
        assert!(now.since(&before).is_empty());
    }
}
