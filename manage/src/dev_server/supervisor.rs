//! Decides when to build, start and stop the program. It owns all processes; everything else reads the state
//! that it sets.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

use super::{
    browser,
    build::{self, Built, Outcome},
    cargo_project::CargoProject,
    child::{Child, Starter},
    event::DevEvent,
    fault::{Ended, Fault},
    files,
    keys::Key,
    migrate::migrate,
    protocol::{FromProgram, ProgramReady, StartFailure, WatchedFiles},
    state::{DevSite, RunningProgram, SitePhase, Wish},
    terminal::Terminal,
    watch::{self, Change, Watcher},
};
use crate::CommandError;

/// How long the old program may take to end before the new one starts beside it.
const STOP_GRACE: Duration = Duration::from_millis(250);
/// How long requests that the old program has received may take before it is stopped.
const ANSWER_GRACE: Duration = Duration::from_millis(200);
/// How often edits may start a build over. The next one is finished.
const MAX_RESTARTS: u32 = 2;
/// How long after the first signal the effect of a second one is named.
const NOTICE_DELAY: Duration = Duration::from_millis(300);

/// The development server.
pub(super) struct Supervisor<'a> {
    pub(super) project: Arc<CargoProject>,
    /// The public port.
    pub(super) address: SocketAddr,
    pub(super) site: Arc<DevSite>,
    pub(super) watcher: Arc<Watcher>,
    pub(super) starter: Starter,
    pub(super) terminal: Terminal<'a>,
    pub(super) events: mpsc::UnboundedSender<DevEvent>,
    /// The tasks of builds and commands. They end with the supervisor.
    pub(super) tasks: JoinSet<()>,
    pub(super) memory: Memory,
}

/// What the supervisor remembers.
#[derive(Default)]
pub(super) struct Memory {
    /// The build that runs: its number and its task.
    build: Option<(u64, AbortHandle)>,
    builds: u64,
    /// How often the build that runs was started over.
    restarts: u32,
    /// Another build is due after this one.
    again: bool,
    program: Option<PathBuf>,
    current: Option<Child>,
    /// Old programs that still finish requests.
    old: Vec<Child>,
    children: u64,
    sources: Vec<PathBuf>,
    watched: WatchedFiles,
    failed_build: bool,
    built_in: Option<Duration>,
    failure: Option<StartFailure>,
}

impl Memory {
    pub(super) fn new(watched: WatchedFiles) -> Self {
        Self { watched, ..Self::default() }
    }
}

impl Supervisor<'_> {
    /// Runs until `stop` resolves; `at_once` then ends it without waiting for requests.
    pub(super) async fn run(
        mut self,
        mut happened: mpsc::UnboundedReceiver<DevEvent>,
        mut wishes: mpsc::UnboundedReceiver<Wish>,
        mut keys: mpsc::UnboundedReceiver<Key>,
        stop: impl Future<Output = ()>,
        at_once: impl Future<Output = ()>,
    ) -> Result<(), CommandError> {
        self.start_build();
        let mut stop = std::pin::pin!(stop);
        let mut progress = self.site.progress.subscribe();
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(event) = happened.recv() => self.take(event).await?,
                Some(wish) = wishes.recv() => self.grant(wish).await?,
                Ok(()) = progress.changed() => self.terminal.progress(&progress.borrow_and_update()),
                Some(key) = keys.recv() => match key {
                    Key::Quit => break,
                    Key::Rebuild => self.grant(Wish::Rebuild).await?,
                    Key::Open => {
                        let url = browser::site_url(self.address);
                        self.terminal.opened(&url, browser::open(&url));
                    }
                    Key::Help => self.terminal.help(),
                },
            }
        }
        self.end(at_once).await;
        Ok(())
    }

    async fn take(&mut self, event: DevEvent) -> Result<(), CommandError> {
        match event {
            DevEvent::Changed(change) => self.change(&change).await,
            DevEvent::Built(number, outcome) => self.built(number, *outcome).await,
            DevEvent::Program(id, message) => {
                self.hear(id, message);
                Ok(())
            }
            DevEvent::Ended(id, status) => {
                self.ended(id, status);
                Ok(())
            }
            DevEvent::Migrated(Ok(())) if self.memory.build.is_none() => self.start_program().await,
            DevEvent::Migrated(Ok(())) => Ok(()),
            DevEvent::Migrated(Err(text)) => {
                self.break_down(Fault::Migrate(text));
                Ok(())
            }
        }
    }

    async fn change(&mut self, change: &Change) -> Result<(), CommandError> {
        let held = self.site.is_stale();
        self.site.acknowledge();
        // Cargo writes it while it builds.
        let is_lock = |file: &PathBuf| file.ends_with("Cargo.lock");
        if self.memory.build.is_some() && change.files().all(is_lock) {
            return Ok(());
        }
        self.terminal.changed(change, &self.project.folder);
        let phase = self.site.phase();
        if !change.sources.is_empty() || (held && !change.needs_program()) {
            if self.memory.build.is_none() {
                self.start_build();
            } else if self.memory.restarts < MAX_RESTARTS {
                self.memory.restarts += 1;
                self.start_build();
            } else {
                self.memory.again = true;
            }
        } else if self.memory.build.is_some() {
            // The program that is being built will read the file.
        } else if !change.start.is_empty()
            || matches!(&phase, SitePhase::Broken(fault) if fault.is_of_the_program())
        {
            return self.start_program().await;
        } else if !change.assets.is_empty() {
            let only_css =
                change.assets.iter().all(|file| file.extension().is_some_and(|kind| kind == "css"));
            if only_css { self.site.swap_css() } else { self.site.reload_pages() }
        }
        Ok(())
    }

    fn start_build(&mut self) {
        if let Some((_, running)) = self.memory.build.take() {
            running.abort();
        }
        self.memory.again = false;
        self.memory.builds += 1;
        let number = self.memory.builds;
        self.site.progress.send_replace(Default::default());
        self.site.set_phase(SitePhase::Building);
        let (project, site) = (Arc::clone(&self.project), Arc::clone(&self.site));
        let events = self.events.clone();
        let task = self.tasks.spawn(async move {
            let outcome = build::build(project, site).await;
            // The supervisor may have ended.
            let _ = events.send(DevEvent::Built(number, Box::new(outcome)));
        });
        self.memory.build = Some((number, task));
    }

    async fn built(&mut self, number: u64, outcome: Outcome) -> Result<(), CommandError> {
        if self.memory.build.as_ref().is_none_or(|(running, _)| *running != number) {
            return Ok(());
        }
        self.memory.build = None;
        self.memory.restarts = 0;
        self.terminal.built();
        self.terminal.warnings(&outcome.warnings);
        let result = match outcome.result {
            Ok(Built { program }) => {
                self.memory.sources = watch::dependencies(&program).unwrap_or_default();
                self.memory.failed_build = false;
                self.memory.program = Some(program);
                self.memory.built_in = Some(outcome.took);
                Ok(())
            }
            Err(fault) => {
                self.memory.failed_build = true;
                Err(fault)
            }
        };
        self.watch(outcome.begun);
        match result {
            Ok(()) => self.start_program().await?,
            Err(fault) => self.break_down(fault),
        }
        Ok(())
    }

    /// Watches the files that matter now.
    fn watch(&self, since: SystemTime) {
        let memory = &self.memory;
        let plan = files::plan(&self.project, &memory.sources, &memory.watched, memory.failed_build);
        // Cargo writes it while it builds.
        let lock: Vec<PathBuf> =
            plan.sources.iter().filter(|file| file.ends_with("Cargo.lock")).cloned().collect();
        self.watcher.watch(plan, since, lock);
    }

    async fn start_program(&mut self) -> Result<(), CommandError> {
        let Some(program) = self.memory.program.clone() else {
            self.start_build();
            return Ok(());
        };
        let phase = self.site.phase();
        self.site.set_phase(SitePhase::Starting);
        if let SitePhase::Running(version) = phase {
            // Requests that are on their way get there.
            let _ = timeout(ANSWER_GRACE, version.all_answered()).await;
        }
        // One that has answered no request is killed.
        if let Some(old) = self.memory.current.take().filter(|old| old.ready) {
            old.stop();
            if timeout(STOP_GRACE, old.process.ended()).await.is_err() {
                self.memory.old.push(old);
            }
        }
        self.memory.failure = None;
        self.memory.children += 1;
        match self.starter.start(&program, self.memory.children, &self.events) {
            Ok(child) => self.memory.current = Some(child),
            Err(error) => {
                let failure = StartFailure { error: error.with_causes(), hint: None, watched: None };
                self.break_down(Fault::Start(failure));
            }
        }
        Ok(())
    }

    /// Takes a message of a program.
    fn hear(&mut self, id: u64, message: FromProgram) {
        let Some(child) = self.memory.current.as_mut().filter(|child| child.id == id) else { return };
        match message {
            FromProgram::Hello(_) => {}
            FromProgram::Ready(ready) => {
                child.ready = true;
                let (token, started) = (child.token.clone(), child.begun.elapsed());
                self.ready(ready, token, started);
            }
            FromProgram::Failed(failure) => self.memory.failure = Some(failure),
        }
    }

    fn ready(&mut self, ready: ProgramReady, token: String, started: Duration) {
        self.terminal.ready(&ready, self.memory.built_in.take(), started);
        if self.memory.watched != ready.watched {
            self.memory.watched = ready.watched;
            self.watch(SystemTime::now() - started);
        }
        let version = RunningProgram::new(ready.address, token, ready.debug, ready.unapplied);
        // A change that was seen while it started leads to the next program.
        if !self.site.is_stale() && self.memory.build.is_none() {
            self.site.set_phase(SitePhase::Running(Arc::new(version)));
        }
        if self.memory.again {
            self.start_build();
        }
    }

    /// Handles the end of a program.
    fn ended(&mut self, id: u64, status: String) {
        self.memory.old.retain(|old| old.id != id);
        let Some(child) = self.memory.current.take_if(|child| child.id == id) else { return };
        let fault = match self.memory.failure.take() {
            Some(failure) => {
                if let Some(watched) =
                    failure.watched.clone().filter(|watched| *watched != self.memory.watched)
                {
                    self.memory.watched = watched;
                    self.watch(SystemTime::now() - child.begun.elapsed());
                }
                Fault::Start(failure)
            }
            None => {
                let stderr = child.process.stderr();
                Fault::Ended(Ended { status, stderr, was_ready: child.ready })
            }
        };
        self.break_down(fault);
    }

    fn break_down(&mut self, fault: Fault) {
        self.terminal.fault(&fault);
        if !self.site.is_stale() && self.memory.build.is_none() {
            self.site.set_phase(SitePhase::Broken(Arc::new(fault)));
        }
    }

    async fn grant(&mut self, wish: Wish) -> Result<(), CommandError> {
        self.site.acknowledge();
        if self.memory.build.is_some() {
            return Ok(());
        }
        match (wish, self.memory.program.clone()) {
            (Wish::Restart, Some(_)) => return self.start_program().await,
            (Wish::Migrate, Some(program)) => {
                self.site.set_phase(SitePhase::Starting);
                let (command, events) =
                    (self.starter.call.command(&program, &["migrate", "--noinput"]), self.events.clone());
                self.tasks.spawn(async move {
                    // The supervisor may have ended.
                    let _ = events.send(DevEvent::Migrated(migrate(command).await));
                });
            }
            (Wish::Rebuild, _) | (_, None) => self.start_build(),
        }
        Ok(())
    }

    /// Ends all processes: the program when its requests have ended, or when `at_once` resolves.
    async fn end(&mut self, at_once: impl Future<Output = ()>) {
        self.site.set_phase(SitePhase::Ending);
        self.tasks.shutdown().await;
        let children: Vec<Child> =
            self.memory.current.take().into_iter().chain(self.memory.old.drain(..)).collect();
        let (children, starting): (Vec<Child>, Vec<Child>) =
            children.into_iter().partition(|child| child.ready);
        for child in starting {
            child.kill(STOP_GRACE).await;
        }
        children.iter().for_each(Child::stop);
        let ends: Vec<_> = children.iter().map(|child| child.process.ended()).collect();
        let all = async {
            for end in ends {
                end.await;
            }
        };
        let notice = async {
            sleep(NOTICE_DELAY).await;
            self.terminal.stopping();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = all => {}
            () = at_once => {}
            () = notice => {}
        }
        let begun = Instant::now();
        for child in children {
            child.kill(STOP_GRACE.saturating_sub(begun.elapsed())).await;
        }
    }
}
