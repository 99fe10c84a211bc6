//! `startproject`: a new project's folder.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, value_parser};

use crate::{BoxFuture, Command, CommandError, Project, scaffold::Scaffold};

/// `manage startproject mysite`.
pub(crate) struct StartProject;

impl Command for StartProject {
    fn define(&self) -> clap::Command {
        clap::Command::new("startproject")
            .about("Write the files of a new project")
            .arg(name_argument())
            .arg(
                Arg::new("folder")
                    .value_name("DIR")
                    .value_parser(value_parser!(PathBuf))
                    .help("Where to [default: a new folder of that name]"),
            )
            .after_help("Nothing is ever overwritten.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let name = args.get_one::<String>("name").map_or("", String::as_str);
            let folder = args.get_one::<PathBuf>("folder").map(PathBuf::as_path);
            let scaffold = Scaffold::plan(name, folder)?;
            scaffold.write()?;
            if project.verbosity() > 0 {
                let folder = scaffold.folder().display();
                project.say(format_args!("{name} is in {folder}. Next:"));
                project.say(format_args!("    cd {folder}"));
                project.say("    cargo run -- migrate");
                project.say("    cargo run -- runserver");
            }
            Ok(())
        })
    }
}

/// The name of a project; `quickstart` takes it too.
pub(super) fn name_argument() -> Arg {
    Arg::new("name")
        .value_name("NAME")
        .required(true)
        .help("The project's name: it names package and program")
}
