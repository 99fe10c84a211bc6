//! The project a command works on: its settings, read once, and the application it builds.

use nuages::settings::Settings;

use crate::CommandError;

/// The project a command works on.
pub struct Project {}

impl Project {
    /// Its settings; an error that lists every mistake where they cannot be read.
    pub fn settings(&self) -> Result<&Settings, CommandError> {
        Err(CommandError::new("no settings"))
    }
}
