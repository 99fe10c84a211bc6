//! `clearsessions`: removes the sessions that have ended, or all.

use std::io::{self, BufRead as _};

use clap::{Arg, ArgAction, ArgMatches};
use nuages::sessions::{Clear, SessionEngine, StoreError};

use crate::{BoxFuture, Command, CommandError, Progress, Project};

/// `manage clearsessions`.
pub(crate) struct ClearSessions;

impl Command for ClearSessions {
    fn define(&self) -> clap::Command {
        clap::Command::new("clearsessions")
            .about("Remove expired sessions")
            .arg(
                Arg::new("all")
                    .long("all")
                    .action(ArgAction::SetTrue)
                    .help("Remove every session: everybody is logged out. Asks first"),
            )
            .arg(
                Arg::new("noinput")
                    .long("noinput")
                    .visible_alias("no-input")
                    .action(ArgAction::SetTrue)
                    .help("Do not ask"),
            )
            .after_help("Sessions are removed in batches: a site can serve meanwhile. Run it daily.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let engine = project.session_engine()?;
            let promises = engine.promises();
            let all = args.get_flag("all");
            if all && !promises.revocable {
                return Err(CommandError::new(format!(
                    "the engine {} keeps sessions with the visitors: there is nothing here to remove",
                    engine.name()
                ))
                .hint("a new SECRET_KEY, with no SECRET_KEY_FALLBACKS, ends them all"));
            }
            if !all && promises.self_clearing {
                let name = engine.name();
                project
                    .say(format_args!("Nothing to do: the engine {name} drops expired sessions by itself."));
                return Ok(());
            }
            if all && !args.get_flag("noinput") {
                confirm(project, engine.count().await.map_err(failed)?)?;
            }
            let (what, kind) = if all { (Clear::All, "") } else { (Clear::Expired, "expired ") };
            let removed = clear(&engine, what, project.verbosity()).await?;
            let noun = if removed == 1 { "session" } else { "sessions" };
            project.say(format_args!("Removed {removed} {kind}{noun}."));
            Ok(())
        })
    }
}

async fn clear(engine: &SessionEngine, what: Clear, verbosity: u8) -> Result<u64, CommandError> {
    let mut bar = None;
    let done = engine
        .clear(what, |so_far| {
            bar.get_or_insert_with(|| Progress::new("Removing sessions", so_far.total, verbosity))
                .set(so_far.removed);
        })
        .await;
    drop(bar);
    done.map_err(failed)
}

fn failed(error: StoreError) -> CommandError {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut missing = false;
    while let Some(cause) = next {
        missing |= cause.downcast_ref().is_some_and(nuages::db::DbError::is_missing_table);
        next = cause.source();
    }
    let told = CommandError::because("the sessions cannot be cleared", error);
    if missing { told.hint("run `manage migrate`: it creates their table") } else { told }
}

fn confirm(project: &Project, count: Option<u64>) -> Result<(), CommandError> {
    let which = count.map_or_else(|| "every session".to_owned(), |count| format!("every session ({count})"));
    project.write(format_args!(
        "This removes {which}: all visitors are logged out.\n\
         Are you sure? Type 'yes' to go on, or 'no' to cancel: "
    ));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CommandError::because("the answer cannot be read", error))?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(CommandError::new("cancelled: no session was removed").hint("--noinput does not ask"))
}
