//! `manage.py`'s role for Nuages: `startproject`, `migrate`, `runserver`, `clearsessions` and the rest.
//!
//! There are two doors to the same commands. A project's own program calls [`run`] (or [`Manage`], to add
//! commands of its own) and knows its URLs; the installed `manage` works from `settings.toml` alone and
//! hands to the project's program what needs more.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     manage::run(|settings| nuages::App::new(settings))
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod cli;
mod command;
mod commands;
mod delegate;
mod logging;
mod progress;
mod project;
mod scaffold;
mod style;

use std::process::ExitCode;

pub use clap;
pub use cli::Manage;
pub use command::{BoxFuture, Command, CommandError};
pub use progress::Progress;
pub use project::Project;
pub use style::{Painted, Style};

/// The version of Nuages, as `manage --version` prints it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs the command that the arguments of the process name, for the project whose application `app` builds.
pub fn run<F>(app: F) -> ExitCode
where
    F: Fn(nuages::settings::Settings) -> nuages::App + Send + Sync + 'static,
{
    Manage::new(app).run()
}

/// The definitions of the built-in commands, with their arguments: docs/commands.md is checked against them.
pub fn commands() -> Vec<clap::Command> {
    commands::entries().iter().map(|entry| entry.command.define()).collect()
}
