//! The development server's messages on the terminal.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use time::{OffsetDateTime, macros::format_description};

use super::{
    fault::{Diagnostic, Fault},
    keys, pages,
    protocol::ProgramReady,
    watch::Change,
};
use crate::{Project, VERSION, migration_notice::migration_notice, project::SETTINGS_FILE};

/// The terminal of one run.
pub(super) struct Terminal<'a> {
    project: &'a Project,
    /// What the notice of migrations said last.
    unapplied: Vec<(String, usize)>,
    warned_of_sessions: bool,
    checked: bool,
    warnings: Vec<String>,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(project: &'a Project) -> Self {
        let (unapplied, warnings) = (Vec::new(), Vec::new());
        Self { project, unapplied, warnings, warned_of_sessions: false, checked: false }
    }

    fn say(&self, text: impl std::fmt::Display) {
        if self.project.verbosity() > 0 {
            self.project.say(text);
        }
    }

    /// Django's banner.
    pub(super) fn banner(&self, address: SocketAddr) {
        let form = format_description!("[month repr:long] [day], [year] - [hour]:[minute]:[second]");
        let file = self.project.settings_file().unwrap_or_else(|_| SETTINGS_FILE.into());
        let file = file.file_name().map_or(file.as_path(), Path::new);
        self.say("Watching for file changes with snapshots\n");
        self.say(OffsetDateTime::now_utc().format(form).unwrap_or_default());
        self.say(format_args!("Nuages version {}, using settings '{}'", VERSION, file.display()));
        self.say(format_args!("Starting development server at http://{address}/"));
        self.say("Quit the server with CONTROL-C.\n");
    }

    /// A change that leads to a build or a new start.
    pub(super) fn changed(&self, change: &Change, folder: &Path) {
        let Some(file) = change.files().next() else { return };
        let others = change.files().count() - 1;
        let more = if others > 0 { format!(" and {others} more") } else { String::new() };
        let file = file.strip_prefix(folder).unwrap_or(file).display();
        self.say(self.project.style().dimmed(format_args!("{file}{more} changed")));
    }

    /// The compiler's warnings, unless they were shown before.
    pub(super) fn warnings(&mut self, warnings: &[Arc<Diagnostic>]) {
        let texts: Vec<String> = warnings.iter().map(|warning| warning.rendered.clone()).collect();
        for text in texts.iter().filter(|text| !self.warnings.contains(text)) {
            self.say(self.colored(text.trim_end()));
        }
        self.warnings = texts;
    }

    /// A program that answers requests now.
    pub(super) fn ready(&mut self, ready: &ProgramReady, built: Option<Duration>, started: Duration) {
        let style = self.project.style();
        let again = std::mem::replace(&mut self.checked, true);
        if self.project.verbosity() > 0 && (!again || ready.warnings > 0) {
            self.project.say_checked(ready.warnings);
        }
        if ready.unapplied != self.unapplied {
            self.unapplied.clone_from(&ready.unapplied);
            if let Some(notice) = migration_notice(&ready.unapplied) {
                self.say(style.notice(notice));
            }
        }
        if let Some(place) = ready.forgets_sessions.as_ref().filter(|_| !self.warned_of_sessions) {
            self.warned_of_sessions = true;
            let text =
                format!("warning: sessions are stored in {place}: each reload of the program loses them");
            self.say(style.warning(text));
        }
        let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        let text = match built {
            Some(built) => format!("Built in {}, started in {}.", seconds(built), seconds(started)),
            None => format!("Started in {}.", seconds(started)),
        };
        self.say(style.success(text));
    }

    /// The reason why there is no program.
    pub(super) fn fault(&self, fault: &Fault) {
        let text = match fault {
            Fault::Compile(found) => {
                let texts: Vec<&str> = found.iter().map(|found| found.rendered.as_str()).collect();
                texts.concat()
            }
            Fault::Cargo(text) | Fault::Migrate(text) => text.clone(),
            // The program has said it itself.
            Fault::Start(_) => String::new(),
            Fault::Ended(ended) => format!("The program has ended: {}", ended.status),
        };
        let text = text.trim_end();
        if !text.is_empty() {
            self.project.say(self.colored(text));
        }
        let title = self.project.style().error(fault.title());
        self.say(format_args!("{title}. The server goes on when a file is saved."));
    }

    fn colored(&self, text: &str) -> String {
        if self.project.style().is_colored() { text.to_owned() } else { pages::plain(text) }
    }

    /// The result of opening the browser.
    pub(super) fn opened(&self, url: &str, result: std::io::Result<()>) {
        match result {
            Ok(()) => self.say(format_args!("Opened {url}")),
            Err(error) => {
                let text = format!("warning: no browser can be opened: {error}. The address is {url}");
                self.say(self.project.style().warning(text));
            }
        }
    }

    /// The help for the keys.
    pub(super) fn help(&self) {
        self.say(keys::HELP);
    }

    /// A note that the user can end it faster.
    pub(super) fn stopping(&self) {
        self.say("The program finishes its requests. Press CONTROL-C again to stop at once.");
    }
}
