//! Runs and records steps on SQLite. A step is one job of the writer thread, which begins with
//! `BEGIN IMMEDIATE`, so that no other process runs the same step.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Migration,
    step::{Applied, Direction, MigrationOutcome, StepResult, decide},
};
use crate::db::{DbError, Sqlite};

/// The table of records, as Django 5.2 creates it (django/db/migrations/recorder.py).
const BOOKKEEPING: &str = r#"CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL)"#;
/// How long a step waits for other processes that migrate.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn applied(sqlite: &Sqlite) -> Result<Applied, DbError> {
    sqlite
        .read_long(|db| {
            if columns(db, "django_migrations")?.is_empty() {
                return Ok(Applied::new());
            }
            db.prepare("SELECT app, name, substr(applied, 1, 19) FROM django_migrations ORDER BY id")?
                .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
                .collect()
        })
        .await
}

/// Runs and records a step. Without `sql` it is only recorded.
pub(super) async fn run(
    sqlite: &Sqlite,
    migration: &Migration,
    direction: Direction,
    sql: Option<String>,
) -> Result<StepResult, DbError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let (migration, sql) = (migration.clone(), sql.clone());
        match sqlite.write(move |db| step(db, &migration, direction, sql.as_deref())).await {
            Err(error) if error.is_locked() && Instant::now() < until => (),
            result => return result,
        }
    }
}

fn step(
    db: &Connection,
    migration: &Migration,
    direction: Direction,
    sql: Option<&str>,
) -> rusqlite::Result<StepResult> {
    if columns(db, "django_migrations")?.is_empty() {
        db.execute_batch(BOOKKEEPING)?;
    }
    let record = params![migration.app(), migration.name()];
    let recorded = db
        .query_row("SELECT 1 FROM django_migrations WHERE app = ?1 AND name = ?2", record, |_| Ok(()))
        .optional()?
        .is_some();
    let found = match migration.table() {
        Some(table) => columns(db, table.name)?,
        None => Vec::new(),
    };
    let outcome = match decide(migration, direction, sql.is_some(), recorded, found) {
        Ok(outcome) => outcome,
        Err(result) => return Ok(result),
    };
    if let (MigrationOutcome::Done, Some(sql)) = (outcome, sql) {
        db.execute_batch(sql)?;
    }
    match direction {
        // Six digits, as Django writes them. SQLite's clock has milliseconds.
        Direction::Forwards => db.execute(
            "INSERT INTO django_migrations (app, name, applied) \
             VALUES (?1, ?2, strftime('%Y-%m-%d %H:%M:%f000', 'now'))",
            record,
        )?,
        Direction::Backwards => {
            db.execute("DELETE FROM django_migrations WHERE app = ?1 AND name = ?2", record)?
        }
    };
    Ok(StepResult::Ran(outcome))
}

/// The columns of a table, sorted. None where there is no such table.
fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY name")?
        .query_map([table], |row| row.get(0))?
        .collect()
}
