//! `dbshell`: becomes the database's own client, connected as the settings say.

use std::{ffi::OsString, process};

use clap::{Arg, ArgMatches, value_parser};
use nuages::settings::{DatabaseEngine, DatabaseSettings, SslMode};

use super::database::{database_argument, settings_of};
use crate::{BoxFuture, Command, CommandError, Project, delegate};

/// `manage dbshell`.
pub(crate) struct DbShell;

impl Command for DbShell {
    fn define(&self) -> clap::Command {
        clap::Command::new("dbshell")
            .about("Run the database's own client: sqlite3 or psql")
            .arg(database_argument())
            .arg(
                Arg::new("parameters")
                    .value_name("PARAMETERS")
                    .num_args(0..)
                    .last(true)
                    .value_parser(value_parser!(OsString))
                    .help("Arguments for the client, after `--`"),
            )
            .after_help(
                "The password of PostgreSQL is in the client's environment, not in its arguments.\n\n\
                 Example:\n  manage dbshell -- -c 'SELECT count(*) FROM django_session'",
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let (alias, database) = settings_of(project, args)?;
            let parameters = args.get_many::<OsString>("parameters").into_iter().flatten();
            let (client, package) = match database.engine {
                DatabaseEngine::Sqlite => (sqlite(alias, database, parameters)?, "sqlite3"),
                _ => (psql(database, parameters), "postgresql-client"),
            };
            let hint = format!("install the client, on Debian `apt-get install {package}`");
            delegate::become_process(client, &hint).map(drop)
        })
    }
}

fn sqlite<'a>(
    alias: &str,
    database: &DatabaseSettings,
    parameters: impl Iterator<Item = &'a OsString>,
) -> Result<process::Command, CommandError> {
    let Some(file) = &database.path else {
        return Err(CommandError::new(format!(
            "the database '{alias}' is in the server's memory: no other program can open it"
        ))
        .hint(format!("name a file in the settings: DATABASES.{alias}.NAME = \"db.sqlite3\"")));
    };
    let mut client = process::Command::new("sqlite3");
    client.args(parameters).arg(file);
    Ok(client)
}

/// As `settings_to_cmd_args_env` in django/db/backends/postgresql/client.py.
fn psql<'a>(database: &DatabaseSettings, parameters: impl Iterator<Item = &'a OsString>) -> process::Command {
    let mut client = process::Command::new("psql");
    for (option, value) in [("-U", &database.user), ("-h", &database.host)] {
        if !value.is_empty() {
            client.arg(option).arg(value);
        }
    }
    if database.port != 0 {
        client.arg("-p").arg(database.port.to_string());
    }
    client.args(parameters).arg(&database.name);
    if !database.password.is_empty() {
        client.env("PGPASSWORD", &database.password);
    }
    if let Some(mode) = database.sslmode {
        client.env("PGSSLMODE", SslMode::as_str(mode));
    }
    client
}
