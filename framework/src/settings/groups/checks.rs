//! Collects the mistakes that only show when values are compared, after all of them have been read.
//!
//! Each group checks its own settings. Nothing here opens a file or a connection: whether an engine's name is
//! known, and whether the aliases that settings mention exist, is checked where they are opened.

use crate::settings::{
    error::ConfigError,
    source::{Provenance, ValueOrigin, error_about},
};

/// The mistakes that the groups have found.
pub(in crate::settings) struct Checks<'a> {
    provenance: &'a [Provenance],
    /// The errors of reading. A setting that has one is not checked again.
    before: &'a [ConfigError],
    found: Vec<ConfigError>,
}

impl<'a> Checks<'a> {
    pub(in crate::settings) fn new(provenance: &'a [Provenance], before: &'a [ConfigError]) -> Self {
        Self { provenance, before, found: Vec::new() }
    }

    pub(in crate::settings) fn into_errors(self) -> Vec<ConfigError> {
        self.found
    }

    /// Adds a mistake in the setting of this name, which has dots for tables.
    pub(super) fn error(&mut self, name: &str, message: impl Into<String>) {
        self.add(name, error_about(self.provenance, name, message));
    }

    pub(super) fn error_with_hint(
        &mut self,
        name: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(name, error_about(self.provenance, name, message).with_hint(hint));
    }

    /// Adds a mistake if the setting has a value although nothing uses it under `because`.
    pub(super) fn unused(&mut self, name: &str, because: &str, has_value: bool) {
        if has_value && self.is_set(name) {
            self.error_with_hint(name, format!("does nothing with {because}"), "remove it");
        }
    }

    /// Whether the file or the environment sets it.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.provenance.iter().any(|row| row.name == name && row.origin != ValueOrigin::Default)
    }

    /// Whether it was read without an error.
    pub(super) fn is_sound(&self, name: &str) -> bool {
        !self.before.iter().any(|error| error.is_about(name))
    }

    fn add(&mut self, name: &str, error: ConfigError) {
        if self.is_sound(name) {
            self.found.push(error);
        }
    }
}
