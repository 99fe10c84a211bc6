//! `check`: finds mistakes in settings, URLs and engines, and reports all of them together.

use clap::ArgMatches;
use nuages::{
    App,
    sessions::ExpiryMismatch,
    settings::{DatabaseEngine, Settings},
};

use crate::{BoxFuture, Command, CommandError, Project};

/// `manage check`.
pub(crate) struct CheckProject;

impl Command for CheckProject {
    fn define(&self) -> clap::Command {
        clap::Command::new("check").about("Check settings, URLs and engines for mistakes").after_help(
            "Stored sessions are examined too: a warning appears if their expiry does not fit USE_TZ and TIME_ZONE.",
        )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        _args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let (app, mut warnings) = project.check_app()?;
            if let Some(warning) = session_warning(&app).await {
                project.say(format_args!("WARNING: {warning}"));
                warnings += 1;
            }
            project.say_checked(warnings);
            Ok(())
        })
    }
}

/// The warning about stored sessions, if there is one.
async fn session_warning(app: &App) -> Option<String> {
    // Opening a SQLite database would create its file.
    if !databases_exist(app.settings()) {
        return None;
    }
    let sessions = match app.sessions() {
        Ok(sessions) => sessions,
        Err(errors) => return Some(errors.to_string()),
    };
    match sessions.expiry_mismatch().await {
        Ok(mismatch) => mismatch.map(|mismatch| describe(&mismatch)),
        Err(error) => Some(format!("the stored sessions cannot be examined: {error}")),
    }
}

fn databases_exist(settings: &Settings) -> bool {
    let mut sqlite = settings.databases.values().filter(|database| database.engine == DatabaseEngine::Sqlite);
    sqlite.all(|database| database.path.as_ref().is_none_or(|path| path.exists()))
}

fn describe(mismatch: &ExpiryMismatch) -> String {
    let (minutes, direction) =
        (mismatch.seconds.unsigned_abs() / 60, if mismatch.seconds < 0 { "earlier" } else { "later" });
    format!(
        "{} of {} stored sessions expire {}:{:02} hours {direction} than their age allows\n    \
         hint: give USE_TZ and TIME_ZONE the values of the Django site that shares these sessions",
        mismatch.sessions,
        mismatch.examined,
        minutes / 60,
        minutes % 60
    )
}
