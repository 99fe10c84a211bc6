//! The error of a command: its message, the causes and a hint. `cli` prints it; nothing here does.

use std::fmt;

use nuages::BoxError;

/// An error that ends a command: a message, optionally a hint and the error that caused it.
///
/// The command line prints it on stderr as `error: message: cause` and `hint: …`, and exits with code 1.
///
/// # Examples
///
/// ```
/// use manage::CommandError;
///
/// let cause = std::io::Error::other("the disk is full");
/// let error = CommandError::because("the report cannot be written", cause)
///     .hint("name another file with --output");
/// assert_eq!(error.with_causes(), "the report cannot be written: the disk is full");
/// assert_eq!(error.hint_text(), Some("name another file with --output"));
/// ```
#[derive(Debug)]
pub struct CommandError {
    message: String,
    hint: Option<String>,
    source: Option<BoxError>,
}

impl CommandError {
    /// Creates an error that has no cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, source: None }
    }

    /// Creates an error that `source` caused.
    pub fn because(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self { message: message.into(), hint: None, source: Some(source.into()) }
    }

    /// Adds a hint: what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the message and all its causes as `message: cause: cause`. A cause of several lines is
    /// indented below the message.
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

    /// Returns the hint, if there is one.
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
