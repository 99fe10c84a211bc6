//! `version`: prints the version of Nuages.

use clap::ArgMatches;

use crate::{BoxFuture, Command, CommandError, Project, VERSION};

/// `manage version`, the same as `manage --version`.
pub(crate) struct Version;

impl Command for Version {
    fn define(&self) -> clap::Command {
        clap::Command::new("version").about("Print the version of Nuages")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        _args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            project.say(VERSION);
            Ok(())
        })
    }
}
