//! `sqlmigrate`: prints the SQL of one migration, and runs none of it.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::migrations::{Direction, MigrationError, MigrationStep, MigrationTarget, Migrations};

use super::database::{database_argument, settings_of};
use crate::{BoxFuture, Command, CommandError, Project};

/// `manage sqlmigrate app_label migration_name`.
pub(crate) struct SqlMigrate;

impl Command for SqlMigrate {
    fn define(&self) -> clap::Command {
        clap::Command::new("sqlmigrate")
            .about("Print the SQL of a migration")
            .arg(Arg::new("app_label").required(true).help("The app of the migration"))
            .arg(
                Arg::new("migration_name")
                    .required(true)
                    .help("The migration's name, or enough of its beginning"),
            )
            .arg(database_argument())
            .arg(
                Arg::new("backwards")
                    .long("backwards")
                    .action(ArgAction::SetTrue)
                    .help("Print the SQL that undoes the migration"),
            )
            .after_help("The database is not opened.\n\nExample:\n  manage sqlmigrate sessions 0001")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let (_, database) = settings_of(project, args)?;
            let migrations = Migrations::discover(project.settings()?).map_err(cannot_print)?;
            let text = |name| args.get_one::<String>(name).map(String::as_str);
            let (app, name) = (text("app_label"), text("migration_name"));
            let target = migrations.target(app, name).map_err(cannot_print)?;
            let MigrationTarget::Exact(migration) = target else {
                return Err(CommandError::new(format!("{} is no migration", name.unwrap_or_default()))
                    .hint("`manage showmigrations` lists the migrations of each app"));
            };
            let backwards = args.get_flag("backwards");
            let direction = if backwards { Direction::Backwards } else { Direction::Forwards };
            let step = MigrationStep { migration, direction };
            let sql = step.sql(database.engine).map_err(cannot_print)?;
            project.say(sql.trim_end());
            Ok(())
        })
    }
}

fn cannot_print(error: MigrationError) -> CommandError {
    CommandError::because("cannot print the SQL", error)
}
