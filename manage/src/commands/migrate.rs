//! `migrate`: brings the database to the migrations, with Django's words for what it does.
//!
//! What is to be done and how is `nuages::migrations`' business; here it is asked for and told.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::{
    db::{Database, Databases},
    migrations::{
        Direction, MigrationEvent, MigrationOutcome, MigrationStep, MigrationTarget, Migrations, Mode,
    },
};

use crate::{BoxFuture, Command, CommandError, Project};

/// `manage migrate [app_label] [migration_name]`.
pub(crate) struct Migrate;

impl Command for Migrate {
    fn define(&self) -> clap::Command {
        let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        clap::Command::new("migrate")
            .about("Apply the migrations of built-in apps and of this project to the database")
            .arg(Arg::new("app_label").help("The app whose migrations to apply; without it, every app's"))
            .arg(Arg::new("migration_name").requires("app_label").help(
                "Bring the app to the state after this migration (the beginning of its name will do); \
                 `zero` undoes all of them",
            ))
            .arg(database_arg())
            .arg(flag("plan", "Show what would be done, and do nothing"))
            .arg(flag("check", "Fail if there are unapplied migrations, and do nothing"))
            .arg(flag("fake", "Record the migrations as applied without running them"))
            .arg(flag(
                "fake-initial",
                "Django's flag: here a built-in table that is there already is always recorded only",
            ))
            .arg(flag("noinput", "Django's flag: nothing is ever asked here").visible_alias("no-input"))
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
            let done = if args.get_flag("plan") || args.get_flag("check") {
                let steps = migrations.plan(&database, &target).await.map_err(cannot_migrate);
                steps.and_then(|steps| tell_plan(project, args, &database, &steps))
            } else {
                let mode = if args.get_flag("fake") { Mode::Fake } else { Mode::Run };
                apply(project, &migrations, &database, &target, mode).await
            };
            databases.close().await;
            done
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
    let (style, loud) = (project.style(), project.verbosity() > 0);
    if loud {
        project.say(style.heading("Operations to perform:"));
        let (what, which) = operations(migrations, target);
        project.say(format_args!("  {}{which}", style.label(what)));
        project.say(style.heading("Running migrations:"));
    }
    let (mut steps, mut in_line) = (0, false);
    let result = migrations
        .apply(database, target, mode, &mut |event| {
            if !loud {
                return;
            }
            match event {
                MigrationEvent::Started(step) => {
                    steps += 1;
                    in_line = true;
                    let verb = match step.direction {
                        Direction::Forwards => "Applying",
                        Direction::Backwards => "Unapplying",
                    };
                    project.write(format_args!("  {verb} {}...", step.migration));
                }
                MigrationEvent::Finished(_, outcome) => {
                    in_line = false;
                    project.say(format_args!(" {}", style.success(word_of(outcome))));
                }
                _ => {}
            }
        })
        .await;
    if in_line {
        project.say("");
    }
    if loud && steps == 0 && result.is_ok() {
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

fn word_of(outcome: MigrationOutcome) -> &'static str {
    match outcome {
        MigrationOutcome::Faked | MigrationOutcome::Adopted => "FAKED",
        MigrationOutcome::DoneElsewhere => "OK (by another process)",
        _ => "OK",
    }
}

fn tell_plan(
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
        let one = if steps.len() == 1 { "migration is" } else { "migrations are" };
        return Err(CommandError::new(format!("{} {one} not applied", steps.len()))
            .hint("run `migrate` (`migrate --plan` shows what it would do)"));
    }
    Ok(())
}

/// `--database ALIAS`.
pub(super) fn database_arg() -> Arg {
    Arg::new("database")
        .long("database")
        .value_name("ALIAS")
        .default_value("default")
        .help("The database, by its name in DATABASES")
}

/// The database that `--database` names, and all of them, to be closed at the end.
pub(super) fn open(project: &Project, args: &ArgMatches) -> Result<(Databases, Database), CommandError> {
    let databases = Databases::open(project.settings()?)
        .map_err(|error| CommandError::because("the databases cannot be used", error))?;
    let alias = args.get_one::<String>("database").map_or("default", String::as_str);
    match databases.get(alias).cloned() {
        Some(database) => Ok((databases, database)),
        None => {
            let known: Vec<_> = databases.aliases().collect();
            let hint = match known[..] {
                [] => format!("add [DATABASES.{alias}] to the settings"),
                _ => format!("DATABASES has {}", known.join(", ")),
            };
            Err(CommandError::new(format!("no database '{alias}' in DATABASES")).hint(hint))
        }
    }
}

fn cannot_migrate(error: nuages::migrations::MigrationError) -> CommandError {
    CommandError::because("cannot migrate", error)
}
