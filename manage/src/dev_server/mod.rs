//! The development server: `runserver` and `quickstart` run it in the project's folder.
//!
//! It binds the port first and never lets go of it. It watches the files of the project, runs cargo, starts the
//! project's program on a private port and passes requests on to it; while there is no program, requests wait,
//! and pages show how far the build is or what is wrong. It reads no settings of the project: mistakes in them
//! end the program, not the development server.
//!
//! - `supervisor` decides; `state` is what it decides from, and what all others read.
//! - `watch` finds changed files, `build` runs cargo, `child` starts programs, which dial back to `control`.
//! - `listener` answers requests, with `pages` and `live_reload`.
//! - `program` is the other side: the project's program, when a supervisor has started it.

mod browser;
mod build;
mod cargo_project;
mod child;
mod control;
mod event;
mod fault;
mod files;
mod group;
mod keys;
mod listener;
mod live_reload;
mod migrate;
mod pages;
mod process;
pub(crate) mod program;
pub(crate) mod protocol;
mod state;
mod supervisor;
mod terminal;
mod watch;

use std::{ffi::OsString, io, path::PathBuf, sync::Arc, time::Duration};

use nuages::server;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

use self::{
    cargo_project::CargoProject,
    child::Starter,
    control::Control,
    event::DevEvent,
    listener::Front,
    pages::Pages,
    process::Call,
    state::DevSite,
    supervisor::{Memory, Supervisor},
    terminal::Terminal,
    watch::Watcher,
};
pub(crate) use self::{cargo_project::profile_of_this_program, listener::PublicPort};
use crate::{CommandError, Project};

/// How long clients may take to read the last responses.
const LAST_BYTES: Duration = Duration::from_secs(2);

/// What to run.
pub(crate) struct Options {
    pub(crate) manifest: PathBuf,
    pub(crate) port: PublicPort,
    /// `--release`, for a project's program that was built so.
    pub(crate) profile: Vec<String>,
    /// Open the site in the browser.
    pub(crate) open: bool,
}

/// Runs the development server until Ctrl-C, SIGTERM or the end of the terminal.
///
/// # Errors
///
/// Where the system refuses what it needs. Mistakes in the project are no error.
pub(crate) async fn run(project: &Project, options: Options) -> Result<(), CommandError> {
    let cannot_start = |error: io::Error| CommandError::because("the development server cannot start", error);
    let cargo_project = Arc::new(CargoProject::open(&options.manifest, options.profile)?);
    let (wishes, wished) = mpsc::unbounded_channel();
    let (events, happened) = mpsc::unbounded_channel();
    let no_random = |error| CommandError::because("the system has no random bytes", error);
    let site = Arc::new(DevSite::new(protocol::new_token().map_err(no_random)?, wishes));
    let watched = files::first_watched(project, &cargo_project.folder);
    let plan = files::plan(&cargo_project, &[], &watched, true);
    let (held, changes) = (Arc::clone(&site), events.clone());
    let watcher = Watcher::start(
        plan,
        move || held.hold(),
        // The supervisor may have ended.
        move |change| drop(changes.send(DevEvent::Changed(change))),
    );
    let watcher = Arc::new(watcher.map_err(cannot_start)?);
    let call = Call { options: call_options(project), colors: project.error_style().is_colored() };
    let starter = Starter { control: Control::listen().await?, call };

    let no_signals = |error| CommandError::because("the development server cannot start", error);
    let (mut first, mut second) =
        (server::signals().map_err(no_signals)?, server::signals().map_err(no_signals)?);
    let mut hangup = signal(SignalKind::hangup()).map_err(cannot_start)?;

    let terminal = Terminal::new(project);
    let address = options.port.address;
    terminal.banner(address);
    let pages = Pages::from_environment();
    let front = Arc::new(Front { site: Arc::clone(&site), watcher: Arc::clone(&watcher), pages });
    let serving = tokio::spawn(options.port.serve(front));
    let stop = async move {
        tokio::select! {
            _ = first.next() => {}
            _ = hangup.recv() => {}
        }
    };
    let at_once = async move {
        second.next().await;
        second.next().await;
    };
    if options.open {
        let url = browser::site_url(address);
        terminal.opened(&url, browser::open(&url));
    }
    let memory = Memory::new(watched);
    let tasks = JoinSet::new();
    let supervisor = Supervisor {
        project: cargo_project,
        address,
        site,
        watcher,
        starter,
        terminal,
        events,
        tasks,
        memory,
    };
    let result = supervisor.run(happened, wished, keys::read(), stop, at_once).await;
    // The program has answered; a client may still be reading.
    let _ = timeout(LAST_BYTES, serving).await;
    result
}

/// The options that the program gets as this process got them.
fn call_options(project: &Project) -> Vec<OsString> {
    let mut options: Vec<OsString> = Vec::new();
    if let Some(file) = project.named_settings_file() {
        options.extend(["--settings".into(), file.into()]);
    }
    options.extend(["--verbosity".into(), project.verbosity().to_string().into()]);
    if !project.has_colors() {
        options.push("--no-color".into());
    }
    options
}
