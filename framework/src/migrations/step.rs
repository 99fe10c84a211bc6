//! One step of a plan: the types that the planner, the runner and both databases share.

use std::collections::BTreeMap;

use super::{Migration, MigrationError, statements::transaction_statement};
use crate::settings::DatabaseEngine;

/// Whether a step applies or undoes its migration.
///
/// # Examples
///
/// ```
/// use nuages::migrations::Direction;
///
/// fn verb(direction: Direction) -> &'static str {
///     match direction {
///         Direction::Forwards => "apply",
///         Direction::Backwards => "undo",
///     }
/// }
/// assert_eq!(verb(Direction::Forwards), "apply");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Apply it.
    Forwards,
    /// Undo it.
    Backwards,
}

/// One migration to apply or to undo.
///
/// # Examples
///
/// ```no_run
/// use nuages::{Result, db::Database, migrations::{MigrationTarget, Migrations}};
///
/// async fn print_sql(migrations: &Migrations, database: &Database) -> Result<()> {
///     for step in migrations.plan(database, &MigrationTarget::All).await? {
///         println!("-- {}\n{}", step.migration, step.sql(database.engine())?);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStep {
    /// The migration.
    pub migration: Migration,
    /// Whether to apply or to undo it.
    pub direction: Direction,
}

/// The time when each migration was applied (UTC, `YYYY-MM-DD HH:MM:SS`), by app and name.
pub(super) type Applied = BTreeMap<(String, String), String>;

impl MigrationStep {
    /// The SQL of this step.
    ///
    /// # Errors
    ///
    /// Where the migration has no SQL for this engine, or cannot be undone.
    pub fn sql(&self, engine: DatabaseEngine) -> Result<&str, MigrationError> {
        match self.direction {
            Direction::Forwards => self.migration.up(engine),
            Direction::Backwards => self.migration.down(engine),
        }
    }

    /// Checks that the step can run: it has SQL, without transaction statements.
    pub(super) fn check(&self, engine: DatabaseEngine) -> Result<(), MigrationError> {
        match transaction_statement(self.sql(engine)?, engine) {
            None => Ok(()),
            Some(found) => Err(MigrationError::TransactionStatement {
                migration: self.migration.to_string(),
                statement: found.words,
                line: found.line,
            }),
        }
    }
}

/// The way in which a step ended.
///
/// # Examples
///
/// ```
/// use nuages::migrations::{MigrationEvent, MigrationOutcome};
///
/// /// Reports the steps of [`Migrations::apply`](nuages::migrations::Migrations::apply).
/// fn report(event: MigrationEvent<'_>) {
///     match event {
///         MigrationEvent::Finished(step, MigrationOutcome::Done) => println!("{} applied", step.migration),
///         MigrationEvent::Finished(step, outcome) => println!("{}: {outcome:?}", step.migration),
///         _ => {}
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationOutcome {
    /// The SQL has run.
    Done,
    /// Only recorded, as [`Mode::Fake`](super::Mode::Fake) asks.
    Faked,
    /// Only recorded, because the table already exists.
    Adopted,
    /// Another process has carried out the step since it was planned.
    DoneElsewhere,
}

/// The result of a step on a database.
pub(super) enum StepResult {
    /// The step has ended well.
    Ran(MigrationOutcome),
    /// The table exists, but with these columns.
    OtherColumns(Vec<String>),
}

/// Decides how a step ends: `Done` runs its SQL and records it, other outcomes only record it, and
/// `Err` does neither. `recorded` says whether `django_migrations` has the migration, `found` are the
/// columns of the table that it creates.
pub(super) fn decide(
    migration: &Migration,
    direction: Direction,
    has_sql: bool,
    recorded: bool,
    found: Vec<String>,
) -> Result<MigrationOutcome, StepResult> {
    if recorded == (direction == Direction::Forwards) {
        return Err(StepResult::Ran(MigrationOutcome::DoneElsewhere));
    }
    if !has_sql {
        return Ok(MigrationOutcome::Faked);
    }
    match migration.table() {
        Some(table) if direction == Direction::Forwards && found == table.columns => {
            Ok(MigrationOutcome::Adopted)
        }
        Some(_) if direction == Direction::Forwards && !found.is_empty() => {
            Err(StepResult::OtherColumns(found))
        }
        _ => Ok(MigrationOutcome::Done),
    }
}
