//! One command: its arguments and what it does. Built-in commands and a project's own are alike.

use std::{fmt, future::Future, pin::Pin};

use clap::ArgMatches;
use nuages::BoxError;

use crate::Project;

/// A future that can be stored and sent.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A command such as `migrate`.
pub trait Command: Send + Sync {
    /// Its name on the command line, its help and its arguments.
    fn define(&self) -> clap::Command;
    /// Does it.
    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>>;
}

/// Why a command failed: a message, perhaps a hint (a way out), perhaps a source.
///
/// Printed as `error: message: source` and `hint: …` on stderr; the exit code is 1.
#[derive(Debug)]
pub struct CommandError {
    message: String,
    hint: Option<String>,
    source: Option<BoxError>,
}

impl CommandError {
    /// An error with a message of its own.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, source: None }
    }

    /// An error caused by another.
    pub fn because(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self { message: message.into(), hint: None, source: Some(source.into()) }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The message and all its causes, `message: cause: cause`; a cause of several lines stands below.
    pub fn with_causes(&self) -> String {
        let mut text = self.message.clone();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            let words = cause.to_string();
            text += &if words.contains('\n') {
                format!(":\n  {}", words.replace('\n', "\n  "))
            } else {
                format!(": {words}")
            };
            next = cause.source();
        }
        text
    }

    /// The way out, if there is one to name.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
