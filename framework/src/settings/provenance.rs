//! Where each setting in force came from: what `diffsettings` prints.

use toml::de::{DeTable, DeValue};

use super::{error::Origin, redact, source::Source, table::PROJECT};

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// Its name, with dots into tables: `DATABASES.default.NAME`.
    pub name: String,
    /// Its value as TOML, or the default's words; secrets are masked.
    pub value: String,
    /// Who set it.
    pub origin: Origin,
}

impl Provenance {
    pub(super) fn new(name: String, value: String, origin: Origin) -> Self {
        Self { name, value, origin }
    }
}

/// The rows of the `[project]` table, each of its own tables value by value.
pub(super) fn of_project(tree: &DeTable<'_>, source: &Source) -> Vec<Provenance> {
    let mut rows = Vec::new();
    if let Some(DeValue::Table(table)) = tree.get(PROJECT).map(|value| value.get_ref()) {
        add_rows(table, PROJECT, false, source, &mut rows);
    }
    rows
}

fn add_rows(table: &DeTable<'_>, above: &str, secret: bool, source: &Source, rows: &mut Vec<Provenance>) {
    for (key, value) in table {
        let name = format!("{above}.{}", key.get_ref());
        let secret = secret || redact::is_secret_name(key.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            add_rows(inner, &name, secret, source, rows);
            continue;
        }
        let shown = if secret { redact::MASK.to_owned() } else { redact::toml(value.get_ref()) };
        rows.push(Provenance::new(name, shown, source.origin_of(value)));
    }
}
