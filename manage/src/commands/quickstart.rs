//! `quickstart`: starts a project and serves it. Each step is printed as the command that does the same.

use std::{env, net::Ipv4Addr, process};

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use super::{
    listen_address::{self, Caller, DEFAULT_PORT, is_free, port_taken},
    migrate::Migrate,
    startproject,
};
use crate::{
    BoxFuture, Command, CommandError, Project,
    delegate::{self, MANIFEST},
    dev_server::{self, Options, PublicPort},
    project::SETTINGS_FILE,
    scaffold::{Maker, Scaffold},
};

/// `manage quickstart mysite`.
pub(crate) struct QuickStart;

impl Command for QuickStart {
    fn define(&self) -> clap::Command {
        clap::Command::new("quickstart")
            .about("Start a project and serve it: startproject, migrate and runserver in one")
            .arg(startproject::name_argument())
            .arg(
                Arg::new("port")
                    .long("port")
                    .value_name("PORT")
                    .value_parser(value_parser!(u16).range(1..))
                    .help("The port to serve on [default: 8000]"),
            )
            .arg(
                Arg::new("no-run")
                    .long("no-run")
                    .action(ArgAction::SetTrue)
                    .help("Build the project, but do not serve it"),
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let name = args.get_one::<String>("name").map_or("", String::as_str);
            let port = args.get_one::<u16>("port").copied();
            let serve = !args.get_flag("no-run");
            let host = Ipv4Addr::LOCALHOST.to_string();
            // Everything that can fail is checked before the first file is written.
            let scaffold = Scaffold::plan(Maker::QuickStart, name, None)?;
            let wanted = port.unwrap_or(DEFAULT_PORT);
            if serve && !is_free(&host, wanted) {
                return Err(port_taken(&format!("{host}:{wanted}"), &format!("quickstart {name} --port ")));
            }

            step(project, &format!("manage startproject {name}"));
            scaffold.write()?;

            step(project, &format!("cd {name}"));
            env::set_current_dir(scaffold.folder())
                .map_err(|error| CommandError::because(format!("{name} cannot be entered"), error))?;

            step(project, "manage migrate");
            let created = project.with_settings_file(SETTINGS_FILE.into());
            let migrate = Migrate.define().try_get_matches_from(["migrate"]);
            let migrate = migrate
                .map_err(|error| CommandError::because("the arguments of migrate are wrong", error))?;
            Migrate.run(&created, &migrate).await?;

            if !serve {
                step(project, "cargo build");
                return build(delegate::cargo());
            }
            let port = port.map(|port| port.to_string());
            step(project, &format!("manage runserver {}", port.as_deref().unwrap_or_default()));
            project.output().check()?;
            let address = format!("{host}:{wanted}");
            let port = PublicPort::bind(&address).await;
            let port = port.map_err(|error| listen_address::io_error(&address, error, Caller::RunServer))?;
            dev_server::run(&created, Options { manifest: MANIFEST.into(), port, profile: Vec::new() }).await
        })
    }
}

fn step(project: &Project, command: &str) {
    let style = project.style();
    project.say(format_args!("{} {}", style.success("$"), style.label(command.trim_end())));
}

fn build(mut cargo: process::Command) -> Result<(), CommandError> {
    let failed = |error| CommandError::because("cargo cannot be run", error);
    let status = cargo.arg("build").status().map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    Err(CommandError::new("the project does not build").hint("see cargo's messages above"))
}
