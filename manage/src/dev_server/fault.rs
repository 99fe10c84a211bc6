//! The reasons why there is no program to answer requests. `pages` and `terminal` show them.

use std::{path::PathBuf, sync::Arc};

use super::protocol::StartFailure;

/// A reason why the project has no running program.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The compiler found errors.
    Compile(Vec<Arc<Diagnostic>>),
    /// Cargo failed for another reason; its messages, with ANSI colours.
    Cargo(String),
    /// The program reported an error, in the settings for example.
    Start(StartFailure),
    /// The program ended without a report.
    Ended(Ended),
    /// A command that a page started has failed; its output, with ANSI colours.
    Migrate(String),
}

/// A program that ended by itself.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// `exit status: 101`.
    pub(super) status: String,
    /// The end of its stderr, with ANSI colours.
    pub(super) stderr: String,
    /// Whether it had answered requests.
    pub(super) was_ready: bool,
}

/// A message of the compiler.
#[derive(Clone, Debug)]
pub(super) struct Diagnostic {
    pub(super) is_error: bool,
    /// The message alone, without the code around the error.
    pub(super) message: String,
    /// The compiler's own rendering, with ANSI colours.
    pub(super) rendered: String,
    /// The place of the error, if it has one.
    pub(super) place: Option<Place>,
    /// The folder that relative paths in `rendered` begin at.
    pub(super) base: PathBuf,
    pub(super) suggestions: Vec<Suggestion>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A change that the compiler is sure of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suggestion {
    pub(super) message: String,
    pub(super) changes: Vec<ChangedLine>,
}

/// A line as it is and as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChangedLine {
    pub(super) place: Place,
    pub(super) before: String,
    pub(super) after: String,
}

impl Fault {
    /// Returns a heading that says what is wrong.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Compile(diagnostics) => match diagnostics.len() {
                1 => "The project does not compile".to_owned(),
                errors => format!("The project does not compile: {errors} errors"),
            },
            Self::Cargo(_) => "Cargo cannot build the project".to_owned(),
            Self::Start(_) => "The project cannot start".to_owned(),
            Self::Ended(ended) if ended.was_ready => "The program has ended".to_owned(),
            Self::Ended(ended) if ended.stderr.contains("panicked at") => {
                "The program panicked while it started".to_owned()
            }
            Self::Ended(_) => "The program ended while it started".to_owned(),
            Self::Migrate(_) => "The migrations cannot be applied".to_owned(),
        }
    }

    /// Returns whether another start of the same program may succeed, after a change of a template for example.
    pub(super) fn is_of_the_program(&self) -> bool {
        !matches!(self, Self::Compile(_) | Self::Cargo(_))
    }
}
