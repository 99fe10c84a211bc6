//! Runs the steps of a plan. Each step and its record are one transaction.
//!
//! Several processes may migrate at the same time: each step checks under the database's lock whether it is
//! still necessary. After a process was killed, the next run continues with the step that was not committed.

use super::{
    Migration, MigrationError, Migrations,
    plan::MigrationTarget,
    step::{MigrationOutcome, MigrationStep, StepResult},
};
use crate::db::Database;

/// Whether [`Migrations::apply`] runs the SQL of a step or only records it.
///
/// # Examples
///
/// ```no_run
/// use nuages::{Result, db::Database, migrations::{Migrations, MigrationTarget, Mode}};
///
/// /// `migrate --fake`
/// async fn fake(migrations: &Migrations, database: &Database) -> Result<()> {
///     Ok(migrations.apply(database, &MigrationTarget::All, Mode::Fake, &mut |_| ()).await?)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Run the SQL and record the migration.
    Run,
    /// Only record the migration: `migrate --fake`.
    Fake,
}

/// An event that [`Migrations::apply`] reports while it works.
///
/// # Examples
///
/// ```
/// use nuages::migrations::MigrationEvent;
///
/// fn show(event: MigrationEvent<'_>) {
///     if let MigrationEvent::Started(step) = event {
///         println!("applying {}", step.migration);
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum MigrationEvent<'a> {
    /// A step begins.
    Started(&'a MigrationStep),
    /// A step has ended well.
    Finished(&'a MigrationStep, MigrationOutcome),
}

impl Migrations {
    /// Brings the database to `target`. Calls `on_event` before and after each step.
    ///
    /// Where the table of a built-in app exists without a record, as in a database restored without
    /// `django_migrations`, its migration is only recorded, if the table has the right columns.
    ///
    /// # Errors
    ///
    /// Before the first step: where a step has no SQL, or its SQL begins or ends a
    /// transaction. At a step: where it fails; it is rolled back then, and
    /// the steps before it stay.
    pub async fn apply(
        &self,
        database: &Database,
        target: &MigrationTarget,
        mode: Mode,
        on_event: &mut (dyn FnMut(MigrationEvent<'_>) + Send),
    ) -> Result<(), MigrationError> {
        let steps = self.plan(database, target).await?;
        if mode == Mode::Run {
            for step in &steps {
                step.check(database.engine())?;
            }
        }
        for step in &steps {
            on_event(MigrationEvent::Started(step));
            let outcome = run(database, step, mode).await?;
            on_event(MigrationEvent::Finished(step, outcome));
        }
        Ok(())
    }
}

async fn run(
    database: &Database,
    step: &MigrationStep,
    mode: Mode,
) -> Result<MigrationOutcome, MigrationError> {
    let migration = &step.migration;
    let sql = match mode {
        Mode::Run => Some(step.sql(database.engine())?.to_owned()),
        Mode::Fake => None,
    };
    let result = match database {
        Database::Sqlite(sqlite) => super::sqlite::run(sqlite, migration, step.direction, sql).await,
        #[cfg(feature = "postgres")]
        Database::Postgres(postgres) => super::postgres::run(postgres, migration, step.direction, sql).await,
    };
    match result? {
        StepResult::Ran(outcome) => Ok(outcome),
        StepResult::OtherColumns(found) => Err(other_table(migration, &found)),
    }
}

fn other_table(migration: &Migration, found: &[String]) -> MigrationError {
    let (table, expected) = match migration.table() {
        Some(table) => (table.name, table.columns.join(", ")),
        None => ("", String::new()),
    };
    MigrationError::OtherTable {
        migration: migration.to_string(),
        table: table.to_owned(),
        found: found.join(", "),
        expected,
    }
}
