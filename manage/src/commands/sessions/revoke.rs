//! `sessions revoke`: ends one session, all of one user, or all.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches};
use nuages::{
    OneLine,
    sessions::{Clear, SessionEngine},
};

use super::{
    super::{
        confirm::{confirm, noinput_argument},
        session_count::session_count,
        skipped::Skipped,
    },
    arguments::{key_argument, user_argument},
    find::find_one,
    format::{sessions, shown_key},
    scan::{Scan, store_error, unreadable_error},
};
use crate::{CommandError, Progress, Project};

/// The most passes over the sessions, for those that change their key in between.
const MAX_PASSES: usize = 20;

pub(super) fn define() -> clap::Command {
    clap::Command::new("revoke")
        .about("End sessions: their users are logged out at once")
        .arg(key_argument())
        .arg(user_argument("End every session of this user, given by primary key"))
        .arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .help("End every session of every user. Asks first"),
        )
        .group(ArgGroup::new("which").args(["key", "user", "all"]).required(true))
        .arg(noinput_argument("Do not ask before --all"))
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
    if !engine.revoke(&info).await.map_err(store_error)? {
        return Err(CommandError::new("the session has just ended by itself"));
    }
    if project.verbosity() > 0 {
        let of =
            info.user.as_deref().map(|user| format!(" of user {}", OneLine::new(user))).unwrap_or_default();
        project.say(format_args!("The session {}…{of} is ended.", shown_key(&info)));
    }
    Ok(())
}

async fn of_user(project: &Project, engine: &SessionEngine, user: &str) -> Result<(), CommandError> {
    let mut scan = Scan::start(project, engine, "Looking for the user").await;
    let (mut ended, mut unreadable) = (0, 0);
    let mut skipped = Skipped::default();
    // A session that gets a new key in between can move to the part that has been read. So the search is
    // repeated until it finds nothing, and at least once.
    for pass in 0..MAX_PASSES {
        let (mut found, mut read, mut cursor) = (0_u64, 0, None);
        unreadable = 0;
        loop {
            let (page, next) = engine.list(cursor.as_ref()).await.map_err(store_error)?;
            read += page.len() as u64;
            unreadable += page.iter().filter(|info| info.data.is_none()).count() as u64;
            for info in page.iter().filter(|info| info.user.as_deref() == Some(user)) {
                match engine.revoke(info).await {
                    Ok(was_there) => {
                        // One that is no longer there may have got a new key: the next pass finds it.
                        found += 1;
                        ended += u64::from(was_there);
                    }
                    // The next pass meets it again.
                    Err(error) if pass == 0 => skipped.add(error),
                    Err(_) => {}
                }
            }
            scan.show(read);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        if found == 0 && pass > 0 {
            break;
        }
    }
    drop(scan);
    if project.verbosity() > 0 {
        let user = OneLine::new(user);
        project.say(match ended {
            0 if skipped.is_empty() && unreadable == 0 => format!("User {user} has no session."),
            1 => format!("1 session of user {user} is ended."),
            _ => format!("{} of user {user} are ended.", sessions(ended)),
        });
    }
    skipped.finish("ended")?;
    unreadable_error(unreadable)
        .map_or(Ok(()), |error| Err(error.hint("`sessions revoke --all` ends every session, these too")))
}

async fn all(project: &Project, engine: &SessionEngine, noinput: bool) -> Result<(), CommandError> {
    let total = session_count(engine).await;
    if !noinput {
        let which =
            total.map_or_else(|| "every session".to_owned(), |total| format!("all {}", sessions(total)));
        let question = format!("This ends {which}: every user is logged out.");
        confirm(project, &question, "cancelled: no session was ended")?;
    }
    let bar = Progress::new("Ending sessions", total, project.verbosity());
    let mut unreadable = 0;
    let ended = engine
        .clear(Clear::All, |progress| {
            unreadable = progress.skipped;
            bar.set(progress.removed);
        })
        .await
        .map_err(store_error)?;
    drop(bar);
    let mut skipped = Skipped::default();
    skipped.add_logged(unreadable);
    if project.verbosity() > 0 {
        let are = if ended == 1 { "is" } else { "are" };
        project.say(format_args!("{} {are} ended.", sessions(ended)));
    }
    skipped.finish("ended")
}
