//! Runs the steps of a plan, each in one transaction together with its record.
//!
//! Several processes may do so at once: each step looks again whether it is still to be done, under the
//! database's lock. A process killed half-way leaves whole steps behind, and the next run does the rest.

use super::{
    Migration, MigrationError, Migrations,
    plan::MigrationTarget,
    step::{MigrationOutcome, MigrationStep, StepResult},
};
use crate::db::{Database, DbError};

/// Whether to run SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Run the SQL and record it.
    Run,
    /// Record it only: `migrate --fake`.
    Fake,
}

/// What [`Migrations::apply`] tells while it works.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum MigrationEvent<'a> {
    /// The step begins.
    Started(&'a MigrationStep),
    /// The step has ended well.
    Finished(&'a MigrationStep, MigrationOutcome),
}

impl Migrations {
    /// Brings the database to `target`, telling `on_event` of each step before and after it.
    ///
    /// Where a built-in app's table is there without a record (a database restored without
    /// `django_migrations`), it is recorded and left as it is, if it has the right columns.
    ///
    /// # Errors
    ///
    /// Before anything is done: where a step has no SQL. At the step that fails: what the database says;
    /// nothing of that step is done then, and all of those before it.
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
                step.sql(database.engine())?;
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
    let answer: Result<StepResult, DbError> = match database {
        Database::Sqlite(sqlite) => super::sqlite::run(sqlite, migration, step.direction, sql).await,
        #[cfg(feature = "postgres")]
        Database::Postgres(postgres) => super::postgres::run(postgres, migration, step.direction, sql).await,
    };
    match answer {
        Ok(StepResult::Ran(outcome)) => Ok(outcome),
        Ok(StepResult::OtherColumns(found)) => Err(other_table(migration, &found)),
        Err(source) => Err(MigrationError::Failed { migration: migration.to_string(), source }),
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
