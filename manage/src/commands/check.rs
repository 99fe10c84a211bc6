//! `check`: finds mistakes in settings, URLs and engines, and reports all of them together.

use clap::ArgMatches;

use crate::{BoxFuture, Command, CommandError, Project};

/// `manage check`.
pub(crate) struct Check;

impl Command for Check {
    fn define(&self) -> clap::Command {
        clap::Command::new("check").about("Check settings, URLs and engines for mistakes")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        _args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let (_, warnings) = project.check_app()?;
            project.say_checked(warnings);
            Ok(())
        })
    }
}
