//! `makemigration`: writes an empty migration with the next number, to be filled with SQL.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use clap::{Arg, ArgAction, ArgMatches};
use nuages::migrations::{MigrationError, Migrations};

use crate::{BoxFuture, Command, CommandError, Project};

/// `manage makemigration app_label [name]`.
pub(crate) struct MakeMigration;

impl Command for MakeMigration {
    fn define(&self) -> clap::Command {
        let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        clap::Command::new("makemigration")
            .about("Write an empty migration with the next number")
            .arg(Arg::new("app_label").required(true).help("The app, which names the folder in migrations/"))
            .arg(
                Arg::new("name")
                    .value_name("NAME")
                    .help("What the migration does, such as add_price [default for the first one: initial]"),
            )
            .arg(flag("down", "Write a second file for the SQL that undoes the migration"))
            .arg(flag("per-engine", "Write one file for SQLite and one for PostgreSQL"))
            .after_help(
                "No file is ever overwritten. Fill in the SQL before you run `manage migrate`.\n\n\
                 Example:\n  manage makemigration shop add_price --down",
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let app = args.get_one::<String>("app_label").map_or("", String::as_str);
            check_app(app)?;
            let migrations = Migrations::discover(project.settings()?).map_err(cannot_make)?;
            let folder = project.settings()?.base_dir.join("migrations").join(app);
            if migrations.check_app(app).is_ok() && !folder.is_dir() {
                return Err(CommandError::new(format!(
                    "the app {app} is built in: Nuages has its migrations"
                ))
                .hint("use a name of your own, such as the module's"));
            }
            let last = migrations.iter().filter(|migration| migration.app() == app).map(|m| m.number()).max();
            let name = match (args.get_one::<String>("name"), last) {
                (Some(name), _) => name.as_str(),
                (None, None) => "initial",
                (None, Some(_)) => {
                    return Err(CommandError::new(format!("the app {app} has migrations: name the new one"))
                        .hint(format!("for example `manage makemigration {app} add_price`")));
                }
            };
            check_name(name)?;
            let name = format!("{:04}_{name}", last.unwrap_or(0) + 1);
            let engines: &[&str] =
                if args.get_flag("per-engine") { &[".sqlite", ".postgresql"] } else { &[""] };
            fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, error))?;
            for engine in engines {
                write(project, &folder.join(format!("{name}{engine}.sql")), UP)?;
                if args.get_flag("down") {
                    write(project, &folder.join(format!("{name}{engine}.down.sql")), DOWN)?;
                }
            }
            Ok(())
        })
    }
}

const UP: &str = "-- Describe the change here: `migrate --plan` prints this line.\n";
const DOWN: &str = "-- The SQL that undoes the migration.\n";

fn write(project: &Project, path: &Path, text: &str) -> Result<(), CommandError> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    created
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| cannot_write(path, error))?;
    if project.verbosity() > 0 {
        let base = &project.settings()?.base_dir;
        project.say(format_args!("Wrote {}", path.strip_prefix(base).unwrap_or(path).display()));
    }
    Ok(())
}

fn check_app(app: &str) -> Result<(), CommandError> {
    if is_name(app) && !app.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(());
    }
    Err(CommandError::new(format!("{app:?} cannot be the name of an app"))
        .hint("use letters, digits and underscores; the first is no digit"))
}

fn check_name(name: &str) -> Result<(), CommandError> {
    if is_name(name) {
        return Ok(());
    }
    Err(CommandError::new(format!("{name:?} cannot be the name of a migration"))
        .hint("use letters, digits and underscores, such as add_price; the number is added"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn cannot_make(error: MigrationError) -> CommandError {
    CommandError::because("cannot make a migration", error)
}

fn cannot_write(path: &Path, error: io::Error) -> CommandError {
    CommandError::because(format!("{} cannot be written", path.display()), error)
}
