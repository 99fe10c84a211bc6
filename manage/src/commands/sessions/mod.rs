//! `sessions`: looks at the stored sessions, and ends them.
//!
//! Works from the settings alone, on every engine that keeps sessions on a server, also on a Django site's.
//! Stored sessions are read a page at a time: a million of them need no more memory than a thousand.

mod arguments;
mod find;
mod format;
mod list;
mod mask;
mod revoke;
mod scan;
mod show;
mod stats;

use clap::ArgMatches;
use nuages::sessions::SessionEngine;

use crate::{BoxFuture, Command, CommandError, Project, logging::Logging};

/// `manage sessions list | show | revoke | stats`.
pub(crate) struct Sessions;

impl Command for Sessions {
    fn define(&self) -> clap::Command {
        clap::Command::new("sessions")
            .about("Look at the stored sessions, and end them")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([list::define(), show::define(), revoke::define(), stats::define()])
            .after_help("No command prints a whole session key: a reader of the key could use the session.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let engine = engine(project)?;
            // The store's warnings say which sessions it cannot read.
            let log = Logging::plain(project.verbosity(), project.error_style()).install()?;
            let result = match args.subcommand() {
                Some(("list", args)) => list::run(project, &engine, args).await,
                Some(("show", args)) => show::run(project, &engine, args).await,
                Some(("revoke", args)) => revoke::run(project, &engine, args).await,
                Some(("stats", args)) => stats::run(project, &engine, args).await,
                _ => Err(CommandError::new("expected list, show, revoke or stats")),
            };
            log.finish();
            result
        })
    }
}

/// Returns the project's engine if it keeps sessions where this process can see them.
fn engine(project: &Project) -> Result<SessionEngine, CommandError> {
    let engine = project.session_engine()?;
    let (name, promises) = (engine.name(), engine.promises());
    if !promises.revocable {
        return Err(CommandError::new(format!(
            "SESSION_ENGINE = {name:?} keeps sessions in the visitors' cookies: there is nothing on the server"
        ))
        .hint("a new SECRET_KEY ends all of them; any other engine lets you look at them and end them"));
    }
    if !promises.shared {
        return Err(CommandError::new(format!(
            "SESSION_ENGINE = {name:?} keeps sessions in the memory of the server's process: they cannot be \
             seen from here"
        ))
        .hint("keep them in a cache on a server, or use the engine \"db\""));
    }
    Ok(engine)
}
