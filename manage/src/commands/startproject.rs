//! `startproject`: writes the files of a new project.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, value_parser};

use crate::{
    BoxFuture, Command, CommandError, Project,
    project::current_dir,
    scaffold::{Maker, Scaffold},
};

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
                    .help("The folder to write to [default: a new one with the project's name]"),
            )
            .after_help("No file is ever overwritten.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let name = args.get_one::<String>("name").map_or("", String::as_str);
            let folder = args.get_one::<PathBuf>("folder").map(PathBuf::as_path);
            let scaffold = Scaffold::plan(Maker::StartProject, name, folder)?;
            scaffold.write()?;
            if project.verbosity() > 0 {
                let folder = scaffold.folder();
                if is_current(folder) {
                    project.say(format_args!("{name} is in this folder. Next:"));
                } else {
                    project.say(format_args!("{name} is in {}. Next:", folder.display()));
                    project.say(format_args!("    cd {}", folder.display()));
                }
                project.say("    cargo run -- migrate");
                project.say("    cargo run -- runserver");
            }
            Ok(())
        })
    }
}

/// Returns whether `folder` is the current folder: `.`, or another name for it.
fn is_current(folder: &Path) -> bool {
    let canonical = folder.canonicalize();
    canonical.is_ok_and(|folder| current_dir().is_ok_and(|here| here.canonicalize().ok() == Some(folder)))
}

/// `NAME`, for `startproject` and `quickstart`.
pub(super) fn name_argument() -> Arg {
    Arg::new("name")
        .value_name("NAME")
        .required(true)
        .help("The project's name, which the package and the program get")
}
