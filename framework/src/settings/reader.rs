//! Takes values out of the tree by name, with the table's defaults, and remembers where each came from.
//!
//! A value of the wrong kind is noted as an error and read as its default, so that all mistakes are found.

use std::{path::PathBuf, time::Duration};

use toml::de::{DeTable, DeValue};

use super::{
    error::{ConfigError, Origin},
    kind::{Kind, Typed},
    provenance::Provenance,
    redact,
    source::Source,
    table::{self, ALIAS, Fallback, Setting},
};

/// Reads settings out of one tree.
pub(super) struct Reader<'a> {
    pub(super) tree: &'a DeTable<'a>,
    pub(super) source: &'a Source,
    pub(super) errors: Vec<ConfigError>,
    pub(super) provenance: Vec<Provenance>,
    /// What `<alias>` stands for.
    pub(super) alias: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tree: &'a DeTable<'a>, source: &'a Source) -> Self {
        Self { tree, source, errors: Vec::new(), provenance: Vec::new(), alias: String::new() }
    }

    /// The entries of `DATABASES` or `CACHES` that are tables.
    pub(super) fn aliases(&self, table: &str) -> Vec<String> {
        let Some(table) = self.tree.get(table).and_then(|value| value.get_ref().as_table()) else {
            return Vec::new();
        };
        let tables = table.iter().filter(|(_, value)| value.get_ref().is_table());
        tables.map(|(name, _)| name.get_ref().to_string()).collect()
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        matches!(self.value(name), Typed::Flag(true))
    }

    pub(super) fn maybe_text(&mut self, name: &str) -> Option<String> {
        match self.value(name) {
            Typed::Text(text) => text,
            other => wrong(name, &other),
        }
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        self.maybe_text(name).unwrap_or_default()
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        match self.value(name) {
            Typed::List(items) => items,
            other => wrong(name, &other),
        }
    }

    pub(super) fn paths(&mut self, name: &str) -> Vec<PathBuf> {
        self.list(name).into_iter().map(PathBuf::from).collect()
    }

    pub(super) fn maybe_seconds(&mut self, name: &str) -> Option<Duration> {
        match self.value(name) {
            Typed::Seconds(duration) => duration,
            other => wrong(name, &other),
        }
    }

    pub(super) fn seconds(&mut self, name: &str) -> Duration {
        self.maybe_seconds(name).unwrap_or_default()
    }

    /// A count; the kind's greatest value fits into the field's type.
    pub(super) fn maybe_count<N: TryFrom<u64>>(&mut self, name: &str) -> Option<N> {
        match self.value(name) {
            Typed::Count(number) => number.and_then(|number| N::try_from(number).ok()),
            other => wrong(name, &other),
        }
    }

    pub(super) fn count<N: TryFrom<u64> + Default>(&mut self, name: &str) -> N {
        self.maybe_count(name).unwrap_or_default()
    }

    /// Whether the project says anything about it.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.find(&self.path(name)).is_some()
    }

    /// The error that a setting which must be there is not, at the table where it is missing.
    pub(super) fn missing(&self, name: &str) -> ConfigError {
        let setting = table::row(name).expect("the loader reads settings of the table only");
        let path = self.path(name);
        let error =
            ConfigError::new(path.join("."), format!("missing: expected {}", setting.kind.describe()));
        let error = match setting.kind {
            Kind::Text => error.with_hint(setting.doc().trim_end_matches('.')),
            _ => error,
        };
        match self.find(&path[..path.len() - 1]) {
            Some(table) => error.at(self.source.origin_of(table)),
            None => error,
        }
    }

    fn path(&self, name: &str) -> Vec<String> {
        name.split('.').map(|part| if part == ALIAS { self.alias.clone() } else { part.to_owned() }).collect()
    }

    fn find(&self, path: &[String]) -> Option<&'a toml::Spanned<DeValue<'a>>> {
        let (last, tables) = path.split_last()?;
        let mut table = self.tree;
        for name in tables {
            table = table.get(name.as_str())?.get_ref().as_table()?;
        }
        table.get(last.as_str())
    }

    fn value(&mut self, name: &str) -> Typed {
        let setting = table::row(name).expect("the loader reads settings of the table only");
        let path = self.path(name);
        let full = path.join(".");
        let Some(found) = self.find(&path) else {
            let shown = setting.default_text().to_owned();
            self.provenance.push(Provenance::new(full, shown, Origin::Default));
            return default_of(setting);
        };
        let origin = self.source.origin_of(found);
        let value = found.get_ref();
        let secret = setting.kind.is_secret() && value.as_str() != Some("");
        let shown = if secret { redact::MASK.to_owned() } else { redact::toml(value) };
        self.provenance.push(Provenance::new(full.clone(), shown, origin.clone()));
        setting.kind.read(value).unwrap_or_else(|refused| {
            let mut error = ConfigError::new(full, refused.message).at(origin);
            error.value = (!setting.kind.is_secret()).then(|| redact::shown(value));
            error.hint = refused.hint;
            self.errors.push(error);
            default_of(setting)
        })
    }
}

fn default_of(setting: &Setting) -> Typed {
    let Fallback::Toml(text) = setting.default else {
        return setting.kind.nothing();
    };
    let value = DeValue::parse(text).expect("the table's defaults are TOML: its tests read each");
    setting.kind.read(value.get_ref()).expect("the table's defaults are of their kind: its tests read each")
}

fn wrong<T>(name: &str, value: &Typed) -> T {
    unreachable!("{name} is read as another kind than its row says: {value:?}")
}
