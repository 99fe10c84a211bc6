//! `sessions revoke`: ends one session, a user's, or all.

use std::io::{self, BufRead as _};

use clap::{Arg, ArgAction, ArgGroup, ArgMatches};
use nuages::sessions::{Clear, SessionEngine};

use super::{
    facts::{plain, sessions, shown_key},
    find_one, key_argument,
    scan::{Scan, failed},
};
use crate::{CommandError, Progress, Project};

pub(super) fn define() -> clap::Command {
    clap::Command::new("revoke")
        .about("End sessions: whoever uses them is logged out at once")
        .arg(key_argument())
        .arg(
            Arg::new("user").long("user").value_name("ID").help("Every session of this user: by primary key"),
        )
        .arg(Arg::new("all").long("all").action(ArgAction::SetTrue).help("Every session of everybody"))
        .group(ArgGroup::new("which").args(["key", "user", "all"]).required(true))
        .arg(
            Arg::new("noinput")
                .long("noinput")
                .visible_alias("no-input")
                .action(ArgAction::SetTrue)
                .help("Do not ask before --all"),
        )
}

pub(super) async fn run(
    project: &Project,
    engine: &SessionEngine,
    args: &ArgMatches,
) -> Result<(), CommandError> {
    if let Some(key) = args.get_one::<String>("key") {
        one(project, engine, key).await
    } else if let Some(user) = args.get_one::<String>("user") {
        of_user(project, engine, user).await
    } else {
        all(project, engine, args.get_flag("noinput")).await
    }
}

async fn one(project: &Project, engine: &SessionEngine, key: &str) -> Result<(), CommandError> {
    let info = find_one(project, engine, key).await?;
    if !engine.revoke(&info).await.map_err(failed)? {
        return Err(CommandError::new("the session has just ended by itself"));
    }
    if project.verbosity() > 0 {
        let of = info.user.as_deref().map(|user| format!(" of user {}", plain(user))).unwrap_or_default();
        project.say(format_args!("The session {}…{of} is ended.", shown_key(&info)));
    }
    Ok(())
}

async fn of_user(project: &Project, engine: &SessionEngine, user: &str) -> Result<(), CommandError> {
    let mut scan = Scan::start(project, engine, "Looking for the user").await?;
    let (mut ended, mut passed, mut cursor) = (0, 0, None);
    loop {
        let (page, next) = engine.list(cursor.as_ref()).await.map_err(failed)?;
        passed += page.len() as u64;
        for info in page.iter().filter(|info| info.user.as_deref() == Some(user)) {
            ended += u64::from(engine.revoke(info).await.map_err(failed)?);
        }
        scan.at(passed);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    drop(scan);
    if project.verbosity() > 0 {
        let user = plain(user);
        project.say(match ended {
            0 => format!("User {user} has no session."),
            1 => format!("1 session of user {user} is ended."),
            _ => format!("{} of user {user} are ended.", sessions(ended)),
        });
    }
    Ok(())
}

async fn all(project: &Project, engine: &SessionEngine, noinput: bool) -> Result<(), CommandError> {
    let total = engine.count().await.map_err(failed)?;
    if !noinput {
        let which =
            total.map_or_else(|| "every session".to_owned(), |total| format!("all {}", sessions(total)));
        project.write(format_args!("This ends {which}: everybody is logged out. Type 'yes' to go on: "));
        if !answered_yes()? {
            return Err(CommandError::new("nothing was ended").hint("--noinput does not ask"));
        }
    }
    let bar = Progress::new("Ending sessions", total, project.verbosity());
    let ended = engine.clear(Clear::All, |progress| bar.set(progress.removed)).await.map_err(failed)?;
    drop(bar);
    if project.verbosity() > 0 {
        let are = if ended == 1 { "is" } else { "are" };
        project.say(format_args!("{} {are} ended.", sessions(ended)));
    }
    Ok(())
}

/// Waits for a line on stdin; its end is a no.
fn answered_yes() -> Result<bool, CommandError> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| CommandError::because("the answer cannot be read", error))?;
    Ok(line.trim().eq_ignore_ascii_case("yes"))
}
