//! Writes to stdout for commands, and remembers the first failure, so that no command has to check each write.
//!
//! `cli` asks for the failure at the end of every command and turns it into an error.

use std::{
    fmt,
    io::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use crate::CommandError;

/// The stdout of a command.
#[derive(Debug, Default)]
pub(crate) struct Output {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Open,
    /// The reader has closed its end of the pipe, as `head` does. Not an error.
    Closed,
    /// The error of a write that failed.
    Failed(Option<io::Error>),
}

impl Output {
    /// Writes the text and flushes it. After a failure, nothing more is written.
    pub(crate) fn write(&self, text: fmt::Arguments<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*state, State::Open) {
            return;
        }
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_fmt(text).and_then(|()| stdout.flush()) {
            *state = State::from(error);
        }
    }

    /// Returns whether everything could be written so far. If not, a command can stop reading what it
    /// would print.
    pub(crate) fn is_open(&self) -> bool {
        matches!(*self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Open)
    }

    /// Returns the first failure, once.
    ///
    /// # Errors
    ///
    /// Where a write failed for another reason than a closed pipe.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        match &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Failed(error) => error.take().map_or(Ok(()), |error| Err(write_error(error))),
            State::Open | State::Closed => Ok(()),
        }
    }
}

impl From<io::Error> for State {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Failed(Some(error)) }
    }
}

fn write_error(error: io::Error) -> CommandError {
    CommandError::because("the output cannot be written", error)
}
