//! `showmigrations`: lists the migrations and whether each is applied, in Django's format.

use std::fmt::Write;

use clap::{Arg, ArgAction, ArgMatches};
use nuages::migrations::{Migration, MigrationError, Migrations};

use super::database::{database_argument, open};
use crate::{BoxFuture, Command, CommandError, Project};

/// `manage showmigrations [app_label ...]`.
pub(crate) struct ShowMigrations;

impl Command for ShowMigrations {
    fn define(&self) -> clap::Command {
        let flag = |name: &'static str, short, help| {
            Arg::new(name).long(name).short(short).action(ArgAction::SetTrue).help(help)
        };
        clap::Command::new("showmigrations")
            .about("List all migrations and whether they are applied")
            .arg(
                Arg::new("app_label")
                    .num_args(0..)
                    .help("List only the migrations of these apps [default: of every app]"),
            )
            .arg(database_argument())
            .arg(flag("list", 'l', "List them by app (the default)").conflicts_with("plan"))
            .arg(flag("plan", 'p', "List them in the order in which they are applied"))
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let (databases, database) = open(project, args)?;
            let migrations = Migrations::discover(project.settings()?).map_err(cannot_list)?;
            let mut apps: Vec<&str> =
                args.get_many::<String>("app_label").into_iter().flatten().map(String::as_str).collect();
            for app in &apps {
                migrations.check_app(app).map_err(cannot_list)?;
            }
            if apps.is_empty() {
                apps = migrations.apps();
            }
            apps.sort_unstable();
            apps.dedup();
            let state = migrations.state(&database).await;
            databases.close().await;
            let state = state.map_err(cannot_list)?;
            if args.get_flag("plan") {
                let chosen = state.iter().filter(|(migration, _)| apps.contains(&migration.app()));
                for (migration, applied) in chosen {
                    let mark = if applied.is_some() { "[X]" } else { "[ ]" };
                    project.say(format_args!("{mark}  {migration}"));
                }
            } else {
                for app in apps {
                    project.say(list(project, app, &state));
                }
            }
            Ok(())
        })
    }
}

fn list(project: &Project, app: &str, state: &[(Migration, Option<String>)]) -> String {
    let mut text = project.style().label(app).to_string();
    for (migration, applied) in state.iter().filter(|(migration, _)| migration.app() == app) {
        let mark = if applied.is_some() { "[X]" } else { "[ ]" };
        let moment = match applied {
            Some(moment) if project.verbosity() >= 2 => format!(" (applied at {moment})"),
            _ => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n {mark} {}{moment}", migration.name());
    }
    text
}

fn cannot_list(error: MigrationError) -> CommandError {
    CommandError::because("cannot list the migrations", error)
}
