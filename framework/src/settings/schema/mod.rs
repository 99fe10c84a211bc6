//! The schema of `settings.toml`: every setting with its name, the kind of its value, its default and its
//! documentation.
//!
//! The rows come from `groups/`, which declare and read settings in one place. This module only stores and
//! finds them, for misspelled names, for environment variables and for the documentation.

mod choice;
mod kind;
mod policy;
mod refused;
mod setting;

pub(super) use choice::{Choice, Word, choices};
pub(super) use kind::{Typed, ValueKind, separated};
pub(super) use policy::NONCE;
pub(super) use setting::ALIAS;
pub use setting::Setting;

/// The table of the project's own settings.
pub(super) const PROJECT: &str = "project";

/// Every setting that `settings.toml` may contain.
pub(super) struct Schema {
    settings: Vec<Setting>,
}

impl Schema {
    pub(super) fn new(settings: Vec<Setting>) -> Self {
        Self { settings }
    }

    pub(super) fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }

    /// The setting at this path of the tree.
    pub(super) fn find(&self, path: &[impl AsRef<str>]) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.depth() == path.len() && setting.begins_with(path))
    }

    /// The names that the table at `path` may contain.
    pub(super) fn names_below(&self, path: &[impl AsRef<str>]) -> impl Iterator<Item = &str> {
        let below = self.settings.iter().filter(|setting| setting.begins_with(path));
        let project = path.is_empty().then_some(PROJECT);
        below.filter_map(|setting| setting.name().split('.').nth(path.len())).chain(project)
    }
}
