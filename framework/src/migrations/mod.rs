//! Migrations: numbered SQL files, each applied once and recorded in Django's table `django_migrations`.
//!
//! The files of the built-in apps are in `sql/`, those of a project in `migrations/<app>/0001_name.sql`
//! beside its settings. `manage migrate` and `showmigrations` call this module, and `runserver` for its
//! warning. Nothing is left to do on a database that Django has migrated, and the other way round.

mod discover;
mod error;
mod migration;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod runner;
mod sqlite;
mod statements;
mod step;

pub use error::MigrationError;
pub use migration::Migration;
pub use plan::MigrationTarget;
pub use runner::{MigrationEvent, Mode};
pub use step::{Direction, MigrationOutcome, MigrationStep};

/// All migrations: those of the built-in apps, then those of the project's apps by name; each app's by number.
///
/// # Examples
///
/// ```no_run
/// use nuages::{db::Databases, migrations::{Migrations, Mode, MigrationTarget}, settings::Settings};
///
/// # async fn example(settings: Settings) -> nuages::Result<()> {
/// let databases = Databases::open(&settings)?;
/// if let Some(database) = databases.get("default") {
///     let migrations = Migrations::discover(&settings)?;
///     migrations.apply(database, &MigrationTarget::All, Mode::Run, &mut |_| ()).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Migrations {
    all: Vec<Migration>,
}

impl Migrations {
    /// All migrations in the order in which they are applied.
    pub fn iter(&self) -> impl Iterator<Item = &Migration> {
        self.all.iter()
    }

    /// The names of the apps that have migrations, sorted.
    pub fn apps(&self) -> Vec<&str> {
        let mut apps: Vec<_> = self.all.iter().map(Migration::app).collect();
        apps.sort_unstable();
        apps.dedup();
        apps
    }

    fn of<'a>(&'a self, app: &'a str) -> impl DoubleEndedIterator<Item = &'a Migration> {
        self.all.iter().filter(move |migration| migration.app() == app)
    }
}
