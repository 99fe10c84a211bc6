//! `runserver`: serves the project until Ctrl-C or SIGTERM, and follows its changes.
//!
//! In a project's folder it becomes the development server, which starts the project's program as `hosted`. With
//! `--noreload`, or without a Cargo.toml, the program serves the port itself: `direct`.

mod direct;
mod hosted;
mod prepare;

use clap::{Arg, ArgAction, ArgMatches};

use super::listen_address::{self, Caller};
use crate::{
    BoxFuture, Command, CommandError, Project, delegate,
    dev_server::{self, Options, PublicPort, program},
};

/// `manage runserver`.
pub(crate) struct RunServer;

impl Command for RunServer {
    fn define(&self) -> clap::Command {
        clap::Command::new("runserver")
            .about("Serve the project until Ctrl-C, and follow its changes")
            .arg(
                Arg::new("address").value_name("[ADDRESS:]PORT").help(
                    "The address to listen on: 8080, 0.0.0.0:8000, [::1]:8000 [default: 127.0.0.1:8000]",
                ),
            )
            .arg(
                Arg::new("noreload")
                    .long("noreload")
                    .action(ArgAction::SetTrue)
                    .help("Serve the program that is built, and do not follow changes"),
            )
            .after_help(
                "A change of the project builds and starts it again while requests wait; pages load again by \
                 themselves, and show what does not compile. See docs/dev-server.md.",
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            if let Some(invitation) = program::invitation() {
                return hosted::serve(project, &invitation).await;
            }
            let address = listen_address::parse(
                args.get_one::<String>("address").map(String::as_str),
                Caller::RunServer,
            )?;
            let manifest = delegate::find_manifest(project.named_settings_file())?;
            match manifest.filter(|_| !args.get_flag("noreload")) {
                Some(manifest) => {
                    let port = PublicPort::bind(&address).await;
                    let port =
                        port.map_err(|error| listen_address::io_error(&address, error, Caller::RunServer))?;
                    let profile =
                        if project.has_app() { dev_server::profile_of_this_program() } else { Vec::new() };
                    dev_server::run(project, Options { manifest, port, profile }).await
                }
                None if project.has_app() => direct::serve(project, &address).await,
                None => delegate::manifest(project.named_settings_file()).map(drop),
            }
        })
    }
}
