//! One migration: its name, and the SQL that applies and undoes it on each engine.

use std::{borrow::Cow, fmt, sync::Arc};

use super::{MigrationError, error::engine_name};
use crate::settings::DatabaseEngine;

/// A migration of an app. Cheap to clone.
///
/// # Examples
///
/// ```
/// use nuages::{migrations::Migrations, settings::{DatabaseEngine, Settings}};
///
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"\nDEBUG = true";
/// let settings = Settings::from_toml(text, "/srv/shop".as_ref())?;
/// for migration in Migrations::discover(&settings)?.iter() {
///     println!("{migration}: {}", migration.description(DatabaseEngine::Sqlite));
/// }
/// # Ok::<(), nuages::Error>(())
/// ```
#[derive(Clone)]
pub struct Migration(Arc<Text>);

pub(super) struct Text {
    pub(super) app: String,
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) up: Scripts,
    pub(super) down: Scripts,
    pub(super) table: Option<ExpectedTable>,
}

/// The SQL for each engine, and the SQL for all engines.
#[derive(Default)]
pub(super) struct Scripts {
    pub(super) any: Option<Cow<'static, str>>,
    pub(super) sqlite: Option<Cow<'static, str>>,
    pub(super) postgresql: Option<Cow<'static, str>>,
}

/// The table that a migration creates. Where it exists without a record, the migration is only recorded.
#[derive(Clone, Copy)]
pub(super) struct ExpectedTable {
    pub(super) name: &'static str,
    /// Sorted.
    pub(super) columns: &'static [&'static str],
}

impl Scripts {
    pub(super) fn slot(&mut self, engine: Option<DatabaseEngine>) -> &mut Option<Cow<'static, str>> {
        match engine {
            None => &mut self.any,
            Some(DatabaseEngine::Sqlite) => &mut self.sqlite,
            Some(DatabaseEngine::Postgresql) => &mut self.postgresql,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.any.is_none() && self.sqlite.is_none() && self.postgresql.is_none()
    }

    fn get(&self, engine: DatabaseEngine) -> Option<&str> {
        let own = match engine {
            DatabaseEngine::Sqlite => &self.sqlite,
            DatabaseEngine::Postgresql => &self.postgresql,
        };
        own.as_ref().or(self.any.as_ref()).map(|text| &**text)
    }
}

impl Migration {
    pub(super) fn new(text: Text) -> Self {
        Self(Arc::new(text))
    }

    /// The name of the app, such as `sessions`.
    pub fn app(&self) -> &str {
        &self.0.app
    }

    /// The name, such as `0001_initial`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The number, such as 1.
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// The description that `migrate --plan` shows: the comment in the first line of the SQL, else the
    /// beginning of the SQL.
    pub fn description(&self, engine: DatabaseEngine) -> String {
        let sql = self.0.up.get(engine).unwrap_or_default().trim_start();
        if let Some(comment) = sql.strip_prefix("--") {
            return comment.lines().next().unwrap_or_default().trim().to_owned();
        }
        let mut line: String = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > 40 {
            line = line.chars().take(39).chain(['…']).collect();
        }
        format!("Raw SQL operation -> {line}")
    }

    pub(super) fn table(&self) -> Option<ExpectedTable> {
        self.0.table
    }

    /// The SQL that applies the migration.
    pub(super) fn up(&self, engine: DatabaseEngine) -> Result<&str, MigrationError> {
        self.0.up.get(engine).ok_or_else(|| MigrationError::NoSql {
            migration: self.to_string(),
            engine,
            file: format!("migrations/{}/{}.{}.sql", self.app(), self.name(), engine_name(engine)),
        })
    }

    /// The SQL that undoes the migration.
    pub(super) fn down(&self, engine: DatabaseEngine) -> Result<&str, MigrationError> {
        self.0.down.get(engine).ok_or_else(|| MigrationError::Irreversible {
            migration: self.to_string(),
            file: format!("migrations/{}/{}.down.sql", self.app(), self.name()),
        })
    }
}

/// Writes `app.name`.
impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.app(), self.name())
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Migration({self})")
    }
}

impl PartialEq for Migration {
    fn eq(&self, other: &Self) -> bool {
        self.app() == other.app() && self.name() == other.name()
    }
}

impl Eq for Migration {}
