//! The question before a command that cannot be undone, and the option that leaves it out.

use std::io::{self, BufRead as _};

use clap::{Arg, ArgAction};

use crate::{CommandError, Project};

/// `--noinput`, with Django's name.
pub(super) fn noinput_argument(help: &'static str) -> Arg {
    Arg::new("noinput").long("noinput").visible_alias("no-input").action(ArgAction::SetTrue).help(help)
}

/// Prints `question` and waits for a line on stdin; `declined` is the message unless the answer is `yes`.
///
/// # Errors
///
/// Where the answer is anything else, stdin ends, or one of them cannot be written or read.
pub(super) fn confirm(project: &Project, question: &str, declined: &str) -> Result<(), CommandError> {
    project.write(format_args!("{question}\nAre you sure? Type 'yes' to go on, or 'no' to cancel: "));
    // Without the question there can be no answer.
    project.output().check()?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CommandError::because("the answer cannot be read", error))?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(CommandError::new(declined).hint("--noinput leaves the question out"))
}
