//! Migrations: numbered SQL files, applied once each and recorded as Django records its own.
//!
//! The built-in apps' files are in `sql/`, a project's in `migrations/<app>/0001_name.sql` beside its
//! settings. `manage migrate` and `showmigrations` are the callers, and `runserver` for its warning.
//! The bookkeeping is Django's table `django_migrations`, so a database that Django migrated needs
//! nothing, and the other way round.

mod discover;
mod error;
mod migration;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod runner;
mod sqlite;
mod step;

pub use error::MigrationError;
pub use migration::Migration;
pub use plan::MigrationTarget;
pub use runner::{MigrationEvent, Mode};
pub use step::{Direction, MigrationOutcome, MigrationStep};

/// All migrations there are: the built-in apps' first, then the project's apps by name, each by number.
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
    /// Every migration, in the order in which they are applied.
    pub fn iter(&self) -> impl Iterator<Item = &Migration> {
        self.all.iter()
    }

    /// The apps that have migrations, by name.
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
