//! Plans: compares the recorded migrations with a target and lists the steps that lead there. Runs none.

use super::{
    Migration, MigrationError, Migrations,
    step::{Applied, Direction, MigrationStep},
};
use crate::db::Database;

/// The state to which `migrate` brings a database.
///
/// # Examples
///
/// ```
/// use nuages::{migrations::{MigrationTarget, Migrations}, settings::Settings};
///
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"\nDEBUG = true";
/// let settings = Settings::from_toml(text, "/srv/shop".as_ref())?;
/// let migrations = Migrations::discover(&settings)?;
/// // `migrate sessions zero`
/// let target = migrations.target(Some("sessions"), Some("zero"))?;
/// assert_eq!(target, MigrationTarget::Zero("sessions".into()));
/// # Ok::<(), nuages::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationTarget {
    /// All migrations of all apps are applied: `migrate`.
    All,
    /// All migrations of one app are applied: `migrate blog`.
    App(String),
    /// This migration of an app is the last one applied: `migrate blog 0002`. Later ones are undone.
    Exact(Migration),
    /// No migration of the app is applied: `migrate blog zero`.
    Zero(String),
}

impl Migrations {
    /// The target of `migrate [app [name]]`. `name` is the beginning of a migration's name, or `zero`.
    ///
    /// # Errors
    ///
    /// Where there is no such app or migration, or several migrations match.
    pub fn target(&self, app: Option<&str>, name: Option<&str>) -> Result<MigrationTarget, MigrationError> {
        let Some(app) = app else { return Ok(MigrationTarget::All) };
        self.check_app(app)?;
        match name {
            None => Ok(MigrationTarget::App(app.to_owned())),
            Some("zero") => Ok(MigrationTarget::Zero(app.to_owned())),
            Some(prefix) => self.by_prefix(app, prefix).map(MigrationTarget::Exact),
        }
    }

    /// Checks that the app has migrations.
    ///
    /// # Errors
    ///
    /// [`MigrationError::UnknownApp`] where it has none.
    pub fn check_app(&self, app: &str) -> Result<(), MigrationError> {
        if self.of(app).next().is_some() {
            return Ok(());
        }
        Err(MigrationError::UnknownApp { app: app.to_owned(), known: self.apps().join(", ") })
    }

    /// All migrations, each with the time when it was applied (UTC, `YYYY-MM-DD HH:MM:SS`), if it was.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn state(
        &self,
        database: &Database,
    ) -> Result<Vec<(Migration, Option<String>)>, MigrationError> {
        let mut applied = self.applied(database).await?;
        let mut moment = |migration: &Migration| {
            applied.remove(&(migration.app().to_owned(), migration.name().to_owned()))
        };
        Ok(self.all.iter().map(|migration| (migration.clone(), moment(migration))).collect())
    }

    /// The migrations that are not applied.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn unapplied(&self, database: &Database) -> Result<Vec<Migration>, MigrationError> {
        let state = self.state(database).await?;
        Ok(state
            .into_iter()
            .filter(|(_, applied)| applied.is_none())
            .map(|(migration, _)| migration)
            .collect())
    }

    /// The steps that lead from what is applied to `target`.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read, or a migration is applied but an earlier one of its app is not.
    pub async fn plan(
        &self,
        database: &Database,
        target: &MigrationTarget,
    ) -> Result<Vec<MigrationStep>, MigrationError> {
        let applied = self.applied(database).await?;
        let is_applied = |migration: &Migration| {
            applied.contains_key(&(migration.app().to_owned(), migration.name().to_owned()))
        };
        self.check_history(database.alias(), &is_applied)?;
        let forwards = |migration: &&Migration| !is_applied(migration);
        let step = |direction| {
            move |migration: &Migration| MigrationStep { migration: migration.clone(), direction }
        };
        Ok(match target {
            MigrationTarget::All => self.all.iter().filter(forwards).map(step(Direction::Forwards)).collect(),
            MigrationTarget::App(app) => {
                self.of(app).filter(forwards).map(step(Direction::Forwards)).collect()
            }
            MigrationTarget::Exact(last) if !is_applied(last) => self
                .of(last.app())
                .filter(|migration| migration.number() <= last.number())
                .filter(forwards)
                .map(step(Direction::Forwards))
                .collect(),
            MigrationTarget::Exact(last) => self
                .of(last.app())
                .rev()
                .filter(|migration| migration.number() > last.number() && is_applied(migration))
                .map(step(Direction::Backwards))
                .collect(),
            MigrationTarget::Zero(app) => self
                .of(app)
                .rev()
                .filter(|migration| is_applied(migration))
                .map(step(Direction::Backwards))
                .collect(),
        })
    }

    fn by_prefix(&self, app: &str, prefix: &str) -> Result<Migration, MigrationError> {
        let matches: Vec<_> = self.of(app).filter(|migration| migration.name().starts_with(prefix)).collect();
        match matches[..] {
            [only] => Ok(only.clone()),
            [] => Err(MigrationError::NoMatch { app: app.to_owned(), prefix: prefix.to_owned() }),
            _ => {
                let exact = matches.iter().find(|migration| migration.name() == prefix);
                exact.map(|migration| (*migration).clone()).ok_or_else(|| MigrationError::Ambiguous {
                    app: app.to_owned(),
                    prefix: prefix.to_owned(),
                    matches: matches.iter().map(|migration| migration.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    }

    /// As Django's `check_consistent_history` (django/db/migrations/loader.py).
    fn check_history(
        &self,
        alias: &str,
        is_applied: &impl Fn(&Migration) -> bool,
    ) -> Result<(), MigrationError> {
        for [earlier, later] in self.all.array_windows() {
            if earlier.app() == later.app() && is_applied(later) && !is_applied(earlier) {
                return Err(MigrationError::Inconsistent {
                    later: later.to_string(),
                    earlier: earlier.to_string(),
                    alias: alias.to_owned(),
                });
            }
        }
        Ok(())
    }

    async fn applied(&self, database: &Database) -> Result<Applied, MigrationError> {
        let applied = match database {
            Database::Sqlite(sqlite) => super::sqlite::applied(sqlite).await,
            #[cfg(feature = "postgres")]
            Database::Postgres(postgres) => super::postgres::applied(postgres).await,
        };
        applied.map_err(|source| MigrationError::State { alias: database.alias().to_owned(), source })
    }
}
