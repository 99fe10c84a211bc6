//! `sessions`: looking at the stored sessions, and ending them.
//!
//! Works from the settings alone, on whatever engine keeps sessions on a server, a Django site's too.
//! Stored sessions are read a page at a time: a million of them need no more memory than a thousand.

mod facts;
mod list;
mod mask;
mod revoke;
mod scan;
mod show;
mod stats;
mod table;

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, ArgMatches};
use nuages::sessions::{SessionEngine, SessionInfo};

use self::{facts::prefix, scan::Scan};
use crate::{BoxFuture, Command, CommandError, Project};

/// `manage sessions list | show | revoke | stats`.
pub(crate) struct Sessions;

impl Command for Sessions {
    fn define(&self) -> clap::Command {
        clap::Command::new("sessions")
            .about("Look at the stored sessions, and end them")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([list::define(), show::define(), revoke::define(), stats::define()])
            .after_help("No command prints a whole session key: whoever has it has the session.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let engine = engine(project)?;
            match args.subcommand() {
                Some(("list", args)) => list::run(project, &engine, args).await,
                Some(("show", args)) => show::run(project, &engine, args).await,
                Some(("revoke", args)) => revoke::run(project, &engine, args).await,
                Some(("stats", args)) => stats::run(project, &engine, args).await,
                _ => Err(CommandError::new("expected list, show, revoke or stats")),
            }
        })
    }
}

/// The project's engine, if its sessions can be seen from here.
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

/// `KEY`, as `show` and `revoke` take it.
fn key_argument() -> Arg {
    Arg::new("key").value_name("KEY").help("A session's key, or enough of its beginning to name only one")
}

/// `--json`
fn json_argument(help: &'static str) -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help(help)
}

/// The one session that `text` names.
async fn find_one(
    project: &Project,
    engine: &SessionEngine,
    text: &str,
) -> Result<SessionInfo, CommandError> {
    /// Sessions that an ambiguous prefix names in the message.
    const NAMED: usize = 5;
    let mut scan = Scan::start(project, engine, "Looking for the key").await?;
    let found = engine.find(text, NAMED + 1, |passed| scan.at(passed)).await.map_err(scan::failed)?;
    drop(scan);
    if found.len() > 1 {
        let keys: Vec<&str> = found.iter().map(|info| info.stored_key.as_str()).collect();
        // As many characters as tell them apart, and not one more.
        let different = |length: &usize| {
            keys.iter().map(|key| prefix(key, *length)).collect::<BTreeSet<_>>().len() == keys.len()
        };
        let length = (text.len()..40).find(different).unwrap_or(40);
        let cut = |key: &&str| facts::plain(prefix(key, length));
        let mut named: Vec<String> = keys.iter().take(NAMED).map(cut).collect();
        if found.len() > NAMED {
            named.push("…".to_owned());
        }
        return Err(CommandError::new(format!("{text:?} is the beginning of more than one session's key"))
            .hint(format!("give more of it: {}", named.join(", "))));
    }
    found.into_iter().next().ok_or_else(|| {
        CommandError::new("no stored session has this key, or a key that begins so")
            .hint("`manage sessions list` shows how the keys begin")
    })
}
