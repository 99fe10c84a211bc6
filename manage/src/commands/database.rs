//! `--database ALIAS`: the option, and opening the database that it names.

use clap::{Arg, ArgMatches};
use nuages::{
    db::{Database, Databases},
    settings::DatabaseSettings,
};

use crate::{CommandError, Project};

/// `--database ALIAS`.
pub(super) fn database_argument() -> Arg {
    Arg::new("database")
        .long("database")
        .value_name("ALIAS")
        .default_value("default")
        .help("The database, by its name in DATABASES")
}

/// Returns the alias that `--database` names, and the settings of that database. Opens nothing.
pub(super) fn settings_of<'a>(
    project: &'a Project,
    args: &'a ArgMatches,
) -> Result<(&'a str, &'a DatabaseSettings), CommandError> {
    let databases = &project.settings()?.databases;
    let alias = args.get_one::<String>("database").map_or("default", String::as_str);
    let database = databases.get(alias);
    let known = databases.keys().map(String::as_str);
    database.map(|database| (alias, database)).ok_or_else(|| unknown(alias, known))
}

/// Opens the databases of the settings. Returns all of them, for closing them at the end, and the one that
/// `--database` names.
pub(super) fn open(project: &Project, args: &ArgMatches) -> Result<(Databases, Database), CommandError> {
    let databases = Databases::open(project.settings()?)
        .map_err(|error| CommandError::because("the databases cannot be used", error))?;
    let alias = args.get_one::<String>("database").map_or("default", String::as_str);
    match databases.get(alias).cloned() {
        Some(database) => Ok((databases, database)),
        None => Err(unknown(alias, databases.aliases())),
    }
}

fn unknown<'a>(alias: &str, known: impl Iterator<Item = &'a str>) -> CommandError {
    let known: Vec<_> = known.collect();
    let hint = match known[..] {
        [] => format!("add [DATABASES.{alias}] to the settings"),
        _ => format!("DATABASES has {}", known.join(", ")),
    };
    CommandError::new(format!("no database '{alias}' in DATABASES")).hint(hint)
}
