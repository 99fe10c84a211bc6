//! The command line of [Nuages](nuages), in the role of Django's `manage.py`: `startproject`, `migrate`,
//! `runserver`, `clearsessions` and others.
//!
//! Two programs have these commands. A project's own program calls [`run`], or uses [`Manage`] to add commands
//! that implement [`Command`]; it knows the project's URLs. The installed `manage` works from `settings.toml`
//! alone, and runs the project's program for commands that need more.
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
mod dev_server;
mod django_commands;
mod error;
mod log_file;
mod log_json;
mod log_writer;
mod logging;
mod migration_notice;
mod mistakes;
mod output;
mod progress;
mod project;
mod scaffold;
mod style;
mod text_table;
mod version;

use std::process::ExitCode;

pub use clap;
pub use cli::Manage;
pub use command::Command;
pub use error::CommandError;
pub use nuages::BoxFuture;
pub use progress::Progress;
pub use project::Project;
pub use style::{Painted, Style};
pub use version::VERSION;

/// Runs the command that the arguments of the process name. `app` builds the project's application.
///
/// # Examples
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     manage::run(|settings| nuages::App::new(settings))
/// }
/// ```
pub fn run<F>(app: F) -> ExitCode
where
    F: Fn(nuages::settings::Settings) -> nuages::App + Send + Sync + 'static,
{
    Manage::new(app).run()
}

/// Returns the definitions of the built-in commands, with their arguments.
pub fn commands() -> Vec<clap::Command> {
    commands::entries().iter().map(|entry| entry.command.define()).collect()
}
