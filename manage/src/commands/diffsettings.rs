//! `diffsettings`: the settings in force, and where each comes from.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::settings::ValueOrigin;

use crate::{BoxFuture, Command, CommandError, Project};

/// `manage diffsettings`.
pub(crate) struct DiffSettings;

impl Command for DiffSettings {
    fn define(&self) -> clap::Command {
        clap::Command::new("diffsettings")
            .about("Show the settings that differ from the defaults, and where each was set")
            .arg(
                Arg::new("all")
                    .long("all")
                    .action(ArgAction::SetTrue)
                    .help("Show those at their defaults too"),
            )
            .after_help("Secrets are masked.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let style = project.style();
            let rows = project.settings()?.provenance().iter();
            for row in rows.filter(|row| args.get_flag("all") || row.origin != ValueOrigin::Default) {
                let origin = style.dimmed(format!("# {}", row.origin)).to_string();
                project.say(format_args!("{} = {}  {origin}", style.label(&row.name), row.value));
            }
            Ok(())
        })
    }
}
