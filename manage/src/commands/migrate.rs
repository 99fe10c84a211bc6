//! `migrate`: applies migrations to the database, and reports each in Django's words.
//!
//! `nuages::migrations` plans and runs them; this command reads the arguments and prints the progress.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::{
    db::Database,
    migrations::{
        Direction, MigrationEvent, MigrationOutcome, MigrationStep, MigrationTarget, Migrations, Mode,
    },
};

use super::{
    confirm::noinput_argument,
    database::{database_argument, open},
};
use crate::{BoxFuture, Command, CommandError, Project};

/// `manage migrate [app_label] [migration_name]`.
pub(crate) struct Migrate;

impl Command for Migrate {
    fn define(&self) -> clap::Command {
        let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        clap::Command::new("migrate")
            .about("Apply the migrations of built-in apps and of this project to the database")
            .arg(Arg::new("app_label").help("Apply only the migrations of this app [default: of every app]"))
            .arg(Arg::new("migration_name").requires("app_label").help(
                "Bring the app to the state after this migration, given by its name or the beginning of it; \
                 `zero` undoes all of them",
            ))
            .arg(database_argument())
            .arg(flag("plan", "Print the migrations that would run, and change nothing"))
            .arg(flag("check", "Fail if there are unapplied migrations; change nothing"))
            .arg(flag("fake", "Record the migrations as applied without running them"))
            .arg(flag(
                "fake-initial",
                "Accepted as in Django. A built-in table that exists is always recorded only",
            ))
            .arg(noinput_argument("Accepted as in Django. This command never asks"))
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let (databases, database) = open(project, args)?;
            let migrations = Migrations::discover(project.settings()?).map_err(cannot_migrate)?;
            let text = |name| args.get_one::<String>(name).map(String::as_str);
            let target =
                migrations.target(text("app_label"), text("migration_name")).map_err(cannot_migrate)?;
            let result = if args.get_flag("plan") || args.get_flag("check") {
                let steps = migrations.plan(&database, &target).await.map_err(cannot_migrate);
                steps.and_then(|steps| report_plan(project, args, &database, &steps))
            } else {
                let mode = if args.get_flag("fake") { Mode::Fake } else { Mode::Run };
                apply(project, &migrations, &database, &target, mode).await
            };
            databases.close().await;
            result
        })
    }
}

async fn apply(
    project: &Project,
    migrations: &Migrations,
    database: &Database,
    target: &MigrationTarget,
    mode: Mode,
) -> Result<(), CommandError> {
    let (style, verbose) = (project.style(), project.verbosity() > 0);
    if verbose {
        project.say(style.heading("Operations to perform:"));
        let (operation, which) = operations(migrations, target);
        project.say(format_args!("  {}{which}", style.label(operation)));
        project.say(style.heading("Running migrations:"));
    }
    let (mut steps, mut line_is_open) = (0, false);
    let result = migrations
        .apply(database, target, mode, &mut |event| {
            if !verbose {
                return;
            }
            match event {
                MigrationEvent::Started(step) => {
                    steps += 1;
                    line_is_open = true;
                    let verb = match step.direction {
                        Direction::Forwards => "Applying",
                        Direction::Backwards => "Unapplying",
                    };
                    project.write(format_args!("  {verb} {}...", step.migration));
                }
                MigrationEvent::Finished(_, outcome) => {
                    line_is_open = false;
                    project.say(format_args!(" {}", style.success(outcome_word(outcome))));
                }
                _ => {}
            }
        })
        .await;
    if line_is_open {
        project.say("");
    }
    if verbose && steps == 0 && result.is_ok() {
        project.say("  No migrations to apply.");
    }
    result.map_err(cannot_migrate)
}

fn operations(migrations: &Migrations, target: &MigrationTarget) -> (&'static str, String) {
    match target {
        MigrationTarget::App(app) => ("Apply all migrations: ", app.clone()),
        MigrationTarget::Zero(app) => ("Unapply all migrations: ", app.clone()),
        MigrationTarget::Exact(migration) => {
            ("Target specific migration: ", format!("{}, from {}", migration.name(), migration.app()))
        }
        _ => ("Apply all migrations: ", migrations.apps().join(", ")),
    }
}

fn outcome_word(outcome: MigrationOutcome) -> &'static str {
    match outcome {
        MigrationOutcome::Faked | MigrationOutcome::Adopted => "FAKED",
        MigrationOutcome::DoneElsewhere => "OK (by another process)",
        _ => "OK",
    }
}

fn report_plan(
    project: &Project,
    args: &ArgMatches,
    database: &Database,
    steps: &[MigrationStep],
) -> Result<(), CommandError> {
    let style = project.style();
    if args.get_flag("plan") {
        project.say(style.heading("Planned operations:"));
        if steps.is_empty() {
            project.say("  No planned migration operations.");
        }
        for step in steps {
            let undo = if step.direction == Direction::Backwards { "Undo " } else { "" };
            project.say(style.label(&step.migration));
            project.say(format_args!("    {undo}{}", step.migration.description(database.engine())));
        }
    }
    if args.get_flag("check") && !steps.is_empty() {
        let migrations = if steps.len() == 1 { "migration is" } else { "migrations are" };
        return Err(CommandError::new(format!("{} {migrations} not applied", steps.len()))
            .hint("run `migrate` (`migrate --plan` shows what it would do)"));
    }
    Ok(())
}

fn cannot_migrate(error: nuages::migrations::MigrationError) -> CommandError {
    CommandError::because("cannot migrate", error)
}
