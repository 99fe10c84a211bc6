//! One row of the schema: a setting's name, kind, default and documentation.

use super::kind::ValueKind;

/// Stands in a setting's name for the alias of a database or a cache, which the project chooses.
pub(in crate::settings) const ALIAS: &str = "<alias>";

/// A setting that `settings.toml` may contain, as `docs/settings.md` lists it.
///
/// # Examples
///
/// ```
/// let age = nuages::settings::known().find(|setting| setting.name() == "SESSION_COOKIE_AGE").unwrap();
/// assert_eq!(age.value_type(), "whole seconds, at least 1");
/// assert_eq!(age.default_text(), "1209600");
/// ```
#[derive(Debug)]
pub struct Setting {
    name: String,
    area: &'static str,
    kind: ValueKind,
    default: String,
    doc: &'static str,
}

impl Setting {
    pub(in crate::settings) fn new(
        name: String,
        area: &'static str,
        kind: ValueKind,
        default: String,
        doc: &'static str,
    ) -> Self {
        Self { name, area, kind, default, doc }
    }

    /// Its name, with dots for tables: `DATABASES.<alias>.NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The section of `docs/settings.md` that lists it, such as `session`.
    pub fn area(&self) -> &'static str {
        self.area
    }

    /// The values that it takes, in words.
    pub fn value_type(&self) -> String {
        let words = self.kind.describe();
        words.strip_prefix("a ").unwrap_or(&words).to_owned()
    }

    /// Its default as TOML, or in words where no value stands for it.
    pub fn default_text(&self) -> &str {
        &self.default
    }

    /// What it does, in one line.
    pub fn doc(&self) -> &'static str {
        self.doc
    }

    pub(in crate::settings) fn kind(&self) -> ValueKind {
        self.kind
    }

    pub(super) fn begins_with(&self, path: &[impl AsRef<str>]) -> bool {
        let mut parts = self.name.split('.');
        path.iter().all(|name| parts.next().is_some_and(|part| part == ALIAS || part == name.as_ref()))
    }

    pub(super) fn depth(&self) -> usize {
        self.name.split('.').count()
    }
}
