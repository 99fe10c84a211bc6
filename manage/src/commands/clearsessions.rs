//! `clearsessions`: removes the expired sessions, or all.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::sessions::{Clear, SessionEngine, StoreError};

use super::{
    confirm::{confirm, noinput_argument},
    session_count::session_count,
    skipped::Skipped,
};
use crate::{BoxFuture, Command, CommandError, Progress, Project, logging::Logging};

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
                    .help("Remove every session: every user is logged out. Asks first"),
            )
            .arg(noinput_argument("Do not ask before --all"))
            .after_help("The site can serve while this runs: sessions are removed in batches. Run it daily.")
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
                    "the engine {} keeps sessions in the visitors' cookies: there is nothing on the server to remove",
                    engine.name()
                ))
                .hint("a new SECRET_KEY without SECRET_KEY_FALLBACKS ends all of them"));
            }
            if !all && promises.self_clearing {
                let name = engine.name();
                project
                    .say(format_args!("Nothing to do: the engine {name} drops expired sessions by itself."));
                return Ok(());
            }
            if all && !args.get_flag("noinput") {
                confirm_all(project, session_count(&engine).await)?;
            }
            let (which, kind) = if all { (Clear::All, "") } else { (Clear::Expired, "expired ") };
            // The store's warnings say which sessions it cannot read.
            let log = Logging::plain(project.verbosity(), project.error_style()).install()?;
            let cleared = clear(&engine, which, project.verbosity()).await;
            log.finish();
            let (removed, skipped) = cleared?;
            let noun = if removed == 1 { "session" } else { "sessions" };
            project.say(format_args!("Removed {removed} {kind}{noun}."));
            skipped.finish("removed")
        })
    }
}

/// Returns how many sessions were removed, and those that were skipped.
async fn clear(engine: &SessionEngine, which: Clear, verbosity: u8) -> Result<(u64, Skipped), CommandError> {
    let (mut bar, mut unreadable) = (None, 0);
    let result = engine
        .clear(which, |progress| {
            unreadable = progress.skipped;
            bar.get_or_insert_with(|| Progress::new("Removing sessions", progress.total, verbosity))
                .set(progress.removed);
        })
        .await;
    drop(bar);
    let mut skipped = Skipped::default();
    skipped.add_logged(unreadable);
    Ok((result.map_err(store_error)?, skipped))
}

fn store_error(error: StoreError) -> CommandError {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut missing = false;
    while let Some(cause) = next {
        missing |= cause.downcast_ref().is_some_and(nuages::db::DbError::is_missing_table);
        next = cause.source();
    }
    let error = CommandError::because("the sessions cannot be cleared", error);
    if missing { error.hint("run `manage migrate`: it creates their table") } else { error }
}

fn confirm_all(project: &Project, count: Option<u64>) -> Result<(), CommandError> {
    let which = count.map_or_else(|| "every session".to_owned(), |count| format!("every session ({count})"));
    let question = format!("This removes {which}: every user is logged out.");
    confirm(project, &question, "cancelled: no session was removed")
}
