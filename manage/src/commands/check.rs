//! `check`: finds mistakes in settings, URLs and engines, and reports all of them together. With `--deploy`
//! also settings that are unsafe in production.

use clap::{Arg, ArgAction, ArgMatches, builder::PossibleValuesParser};
use nuages::{
    App,
    sessions::ExpiryMismatch,
    settings::{CheckLevel, DatabaseEngine, Settings, SystemCheck},
};
use serde_json::json;

use crate::{BoxFuture, Command, CommandError, Project};

/// `manage check`.
pub(crate) struct CheckProject;

impl Command for CheckProject {
    fn define(&self) -> clap::Command {
        let levels = CheckLevel::ALL.map(CheckLevel::as_str);
        clap::Command::new("check")
            .about("Check settings, URLs and engines for mistakes")
            .arg(
                Arg::new("deploy")
                    .long("deploy")
                    .action(ArgAction::SetTrue)
                    .help("Check the settings for production, too"),
            )
            .arg(
                Arg::new("fail-level")
                    .long("fail-level")
                    .value_name("LEVEL")
                    .value_parser(PossibleValuesParser::new(levels))
                    .ignore_case(true)
                    .hide_possible_values(true)
                    .default_value(CheckLevel::Error.as_str())
                    .help(format!("The level from which a finding fails the command: {}", levels.join(", "))),
            )
            .arg(
                Arg::new("json")
                    .long("json")
                    .action(ArgAction::SetTrue)
                    .help("Print one JSON object for each finding"),
            )
            .after_help(
                "Stored sessions are examined too: a warning appears if their expiry does not fit USE_TZ and TIME_ZONE. \
                 SILENCED_SYSTEM_CHECKS in settings.toml lists the ids of findings that are not reported.\n\n\
                 Examples:\n  \
                 manage check --deploy\n  \
                 manage check --deploy --fail-level WARNING --settings production.toml",
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let findings = Findings::collect(project, args.get_flag("deploy")).await?;
            if args.get_flag("json") {
                findings.print_json(project);
            } else {
                findings.print(project);
            }
            let level = args.get_one::<String>("fail-level").and_then(|level| level.parse().ok());
            findings.fail_from(level.unwrap_or(CheckLevel::Error))
        })
    }
}

/// The findings of the check.
struct Findings(Vec<SystemCheck>);

impl Findings {
    async fn collect(project: &Project, deploy: bool) -> Result<Self, CommandError> {
        let (app, mut found) = project.app_and_findings()?;
        found.extend(session_warning(&app).await);
        if deploy {
            found.extend(app.deployment_checks());
        }
        found.retain(|check| !app.settings().is_silenced(&check.id));
        found.sort_by_key(|check| std::cmp::Reverse(check.level));
        Ok(Self(found))
    }

    fn print(&self, project: &Project) {
        let style = project.style();
        for check in &self.0 {
            let text = check.to_string();
            let (level, rest) = text.split_once(": ").unwrap_or(("", &text));
            let level = match check.level {
                CheckLevel::Error | CheckLevel::Critical => style.error(level).to_string(),
                _ => style.warning(level).to_string(),
            };
            project.say(format_args!("{level}: {rest}"));
        }
        project.say_checked(self.0.len());
    }

    fn print_json(&self, project: &Project) {
        for check in &self.0 {
            project.say(json!({
                "id": check.id,
                "level": check.level.as_str(),
                "message": check.message,
                "hint": check.hint,
                "fix": check.fix,
            }));
        }
    }

    fn fail_from(&self, level: CheckLevel) -> Result<(), CommandError> {
        let count = self.0.iter().filter(|check| check.level >= level).count();
        if count == 0 {
            return Ok(());
        }
        let findings = if count == 1 { "finding is" } else { "findings are" };
        Err(CommandError::new(format!("{count} {findings} of level {level} or above")).hint(
            "mend them, or list the ids of those that are right for this site in SILENCED_SYSTEM_CHECKS",
        ))
    }
}

/// The warning about stored sessions, if there is one.
async fn session_warning(app: &App) -> Option<SystemCheck> {
    // Opening a SQLite database would create its file.
    if !databases_exist(app.settings()) {
        return None;
    }
    let warning = |message: String| SystemCheck::warning("nuages.W006", message);
    let sessions = match app.sessions() {
        Ok(sessions) => sessions,
        Err(errors) => return Some(warning(errors.to_string())),
    };
    match sessions.expiry_mismatch().await {
        Ok(mismatch) => mismatch.map(|mismatch| {
            warning(describe(&mismatch)).with_hint(
                "give USE_TZ and TIME_ZONE the values of the Django site that shares these sessions",
            )
        }),
        Err(error) => Some(warning(format!("the stored sessions cannot be examined: {error}"))),
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
        "{} of {} stored sessions expire {}:{:02} hours {direction} than their age allows",
        mismatch.sessions,
        mismatch.examined,
        minutes / 60,
        minutes % 60
    )
}
