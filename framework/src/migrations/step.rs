//! One step of a plan: the types that the planner, the runner and the databases share.

use std::collections::BTreeMap;

use super::{Migration, MigrationError};
use crate::settings::DatabaseEngine;

/// Whether a migration is done or undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Done.
    Forwards,
    /// Undone.
    Backwards,
}

/// One migration to do or to undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStep {
    /// The migration.
    pub migration: Migration,
    /// Whether to do or to undo it.
    pub direction: Direction,
}

/// When each migration was applied (UTC, `YYYY-MM-DD HH:MM:SS`), by app and name.
pub(super) type Applied = BTreeMap<(String, String), String>;

impl MigrationStep {
    /// The SQL of this step.
    ///
    /// # Errors
    ///
    /// Where there is none for this engine, or the migration cannot be undone.
    pub fn sql(&self, engine: DatabaseEngine) -> Result<&str, MigrationError> {
        match self.direction {
            Direction::Forwards => self.migration.up(engine),
            Direction::Backwards => self.migration.down(engine),
        }
    }
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationOutcome {
    /// Its SQL ran.
    Done,
    /// It was recorded only, because that was asked for.
    Faked,
    /// It was recorded only, because its table was there already.
    Adopted,
    /// Another process has done it meanwhile.
    DoneElsewhere,
}

/// What a database answers to a step.
pub(super) enum StepResult {
    Ran(MigrationOutcome),
    /// The table is there, with these columns instead.
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
