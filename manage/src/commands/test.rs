//! `test`: runs the project's tests with cargo.

use std::ffi::OsString;

use clap::{Arg, ArgMatches, value_parser};

use crate::{BoxFuture, Command, CommandError, Project, delegate};

/// `manage test [arguments of cargo test]`.
pub(crate) struct Test;

impl Command for Test {
    fn define(&self) -> clap::Command {
        clap::Command::new("test")
            .about("Run the project's tests: cargo test")
            .arg(
                Arg::new("arguments")
                    .value_name("ARGUMENTS")
                    .num_args(0..)
                    .trailing_var_arg(true)
                    .allow_hyphen_values(true)
                    .value_parser(value_parser!(OsString))
                    .help("Arguments of `cargo test`, such as a part of a test's name"),
            )
            .after_help("Examples:\n  manage test\n  manage test visits -- --nocapture")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let settings = project.settings_file()?;
            let mut cargo = delegate::cargo();
            cargo.arg("test").arg("--manifest-path").arg(delegate::manifest(Some(&settings))?);
            cargo.args(args.get_many::<OsString>("arguments").into_iter().flatten());
            delegate::become_process(cargo, delegate::CARGO_HINT).map(drop)
        })
    }
}
