//! Finds the values of settings in the tree and remembers where each comes from.
//!
//! The groups call it through the typed methods of `values.rs`. A value of the wrong kind becomes an error
//! and is read as its default, so that one run finds all mistakes.

use std::{collections::BTreeMap, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::settings::{
    error::ConfigError,
    schema::{ALIAS, Setting, Typed, ValueKind},
    source::{MASK, Provenance, Sources, ValueOrigin, shown, to_toml},
};

/// Reads settings out of one tree.
pub(in crate::settings) struct Reader<'a> {
    tree: &'a DeTable<'a>,
    pub(super) sources: &'a Arc<Sources>,
    area: &'static str,
    /// The names of the tables around the settings that are read: none, or `DATABASES` and an alias.
    table: Vec<String>,
    /// The settings that were declared; only collected for the schema.
    declared: Option<Vec<Setting>>,
    pub(in crate::settings) errors: Vec<ConfigError>,
    pub(in crate::settings) provenance: Vec<Provenance>,
}

impl<'a> Reader<'a> {
    pub(in crate::settings) fn new(tree: &'a DeTable<'a>, sources: &'a Arc<Sources>) -> Self {
        Self {
            tree,
            sources,
            area: "core",
            table: Vec::new(),
            declared: None,
            errors: Vec::new(),
            provenance: Vec::new(),
        }
    }

    /// A reader that collects what is declared. Databases and caches are read once, under [`ALIAS`].
    pub(super) fn declaring(tree: &'a DeTable<'a>, sources: &'a Arc<Sources>) -> Self {
        Self { declared: Some(Vec::new()), ..Self::new(tree, sources) }
    }

    pub(super) fn into_declared(self) -> Vec<Setting> {
        self.declared.unwrap_or_default()
    }

    /// Begins a section of the documentation.
    pub(super) fn area(&mut self, area: &'static str) -> &mut Self {
        self.area = area;
        self
    }

    /// Reads each table of `DATABASES` or `CACHES`, by alias. `implied` is the alias that is there if the
    /// settings have no such table at all.
    pub(super) fn each<T>(
        &mut self,
        table: &'static str,
        implied: Option<&str>,
        read: impl Fn(&mut Self) -> T,
    ) -> BTreeMap<String, T> {
        let mut aliases = Vec::new();
        if self.declared.is_some() {
            aliases.push(ALIAS.to_owned());
        } else if let Some(value) = self.tree.get(table) {
            let entries = value.get_ref().as_table().into_iter().flatten();
            let tables = entries.filter(|(_, value)| value.get_ref().is_table());
            aliases.extend(tables.map(|(name, _)| name.get_ref().to_string()));
        } else {
            aliases.extend(implied.map(str::to_owned));
        }
        let entry = |alias: String| {
            self.table = vec![table.to_owned(), alias.clone()];
            let entry = read(self);
            self.table.clear();
            (alias, entry)
        };
        aliases.into_iter().map(entry).collect()
    }

    /// Whether the schema is being collected: then nothing is read.
    pub(super) fn is_declaring(&self) -> bool {
        self.declared.is_some()
    }

    /// Whether the settings contain the table whose entries are read.
    pub(super) fn is_table_set(&self) -> bool {
        self.find(&self.table).is_some()
    }

    /// Whether the file or the environment sets it.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.find(&self.path(name)).is_some()
    }

    /// Adds an error if a setting that must be there is missing, at the table where it should be.
    pub(super) fn require(&mut self, name: &str, kind: ValueKind, hint: Option<&str>) {
        if self.is_set(name) || self.declared.is_some() {
            return;
        }
        let message = format!("missing: expected {}", kind.describe());
        let mut error = ConfigError::new(self.path(name).join("."), message);
        error.hint = hint.map(|hint| hint.trim_end_matches('.').to_owned());
        self.errors.push(match self.find(&self.table) {
            Some(table) => error.at(self.sources.origin_of(table)),
            None => error,
        });
    }

    fn path(&self, name: &str) -> Vec<String> {
        self.table.iter().cloned().chain(name.split('.').map(str::to_owned)).collect()
    }

    fn find(&self, path: &[String]) -> Option<&'a Spanned<DeValue<'a>>> {
        let (last, tables) = path.split_last()?;
        let mut table = self.tree;
        for name in tables {
            table = table.get(name.as_str())?.get_ref().as_table()?;
        }
        table.get(last.as_str())
    }

    /// The value of a setting, if it is set and of its kind. `default` is the default for display.
    pub(super) fn value(
        &mut self,
        name: &str,
        kind: ValueKind,
        default: String,
        doc: &'static str,
    ) -> Option<Typed> {
        let path = self.path(name);
        let full = path.join(".");
        if let Some(declared) = &mut self.declared {
            declared.push(Setting::new(full, self.area, kind, default, doc));
            return None;
        }
        let Some(found) = self.find(&path) else {
            self.provenance.push(Provenance::new(full, default, ValueOrigin::Default));
            return None;
        };
        let origin = self.sources.origin_of(found);
        let value = found.get_ref();
        let secret = kind.is_secret() && value.as_str() != Some("");
        let display = if secret { MASK.to_owned() } else { to_toml(value) };
        self.provenance.push(Provenance::new(full.clone(), display, origin.clone()));
        match kind.read(value) {
            Ok(typed) => Some(typed),
            Err(refused) => {
                let mut error = ConfigError::new(full, refused.message).at(origin);
                error.value = (!kind.is_secret()).then(|| shown(value));
                error.hint = refused.hint;
                self.errors.push(error);
                None
            }
        }
    }
}
