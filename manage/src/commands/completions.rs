//! `completions`: prints the script that lets a shell complete commands and options.

use clap::{Arg, ArgMatches, value_parser};
use clap_complete::Shell;

use crate::{BoxFuture, Command, CommandError, Project};

/// `manage completions bash`.
pub(crate) struct Completions;

impl Command for Completions {
    fn define(&self) -> clap::Command {
        clap::Command::new("completions")
            .about("Print a shell's completion script")
            .arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .value_parser(value_parser!(Shell))
                    .required(true)
                    .help("The shell that the script is for"),
            )
            .after_help("For example, in bash:\n    source <(manage completions bash)")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let mut definition = project.command_line().clone();
            let program = definition.get_bin_name().unwrap_or("manage").to_owned();
            let mut script = Vec::new();
            if let Some(shell) = args.get_one::<Shell>("shell") {
                clap_complete::generate(*shell, &mut definition, program, &mut script);
            }
            project.write(String::from_utf8_lossy(&script));
            Ok(())
        })
    }
}
