//! Runs and records steps on SQLite. A step is one transaction that begins with `BEGIN IMMEDIATE`, so that no
//! other process runs the same step.
//!
//! Foreign keys are off while it runs, as in Django: rebuilding a table (create, copy, drop, rename) would
//! otherwise delete the rows that refer to it. They are checked before COMMIT.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Migration, MigrationError,
    step::{Applied, Direction, MigrationOutcome, StepResult, decide},
};
use crate::db::{DbError, Sqlite, begin_until, without_transaction_statements};

/// The table of records, as Django 5.2 creates it (django/db/migrations/recorder.py).
const BOOKKEEPING: &str = r#"CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL)"#;
/// How long a step waits for other processes that migrate.
const PATIENCE: Duration = Duration::from_secs(60);
/// The number of rows that an error about foreign keys names.
const NAMED_ROWS: usize = 10;

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
) -> Result<StepResult, MigrationError> {
    let own = migration.clone();
    let done = sqlite.without_foreign_keys(move |db| transaction(db, &own, direction, sql.as_deref())).await;
    let failed = |source| MigrationError::Failed { migration: migration.to_string(), source };
    match done {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(Failure::Sqlite(error))) => Err(failed(sqlite.write_error(error))),
        Ok(Err(Failure::Migration(error))) => Err(error),
        Err(source) => Err(failed(source)),
    }
}

/// The reason why a step was rolled back.
enum Failure {
    Sqlite(rusqlite::Error),
    Migration(MigrationError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn transaction(
    db: &Connection,
    migration: &Migration,
    direction: Direction,
    sql: Option<&str>,
) -> Result<StepResult, Failure> {
    begin_until(db, Instant::now() + PATIENCE)?;
    let done = step(db, migration, direction, sql).and_then(|result| {
        db.execute_batch("COMMIT")?;
        Ok(result)
    });
    if !db.is_autocommit()
        && let Err(error) = db.execute_batch("ROLLBACK")
    {
        tracing::warn!(%error, %migration, "cannot roll back, closing the connection does");
    }
    done
}

fn step(
    db: &Connection,
    migration: &Migration,
    direction: Direction,
    sql: Option<&str>,
) -> Result<StepResult, Failure> {
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
        without_transaction_statements(|| db.execute_batch(sql))?;
        check_foreign_keys(db, migration)?;
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

/// Finds rows whose foreign key leads nowhere, as Django's `check_constraints`
/// (django/db/backends/sqlite3/base.py): the migration ran without foreign keys.
fn check_foreign_keys(db: &Connection, migration: &Migration) -> Result<(), Failure> {
    let mut check = db.prepare("SELECT \"table\", rowid, parent, fkid FROM pragma_foreign_key_check")?;
    let mut broken = check.query([])?;
    let (mut rows, mut more) = (Vec::new(), 0);
    while let Some(row) = broken.next()? {
        if rows.len() == NAMED_ROWS {
            more += 1;
            continue;
        }
        rows.push(broken_row(
            db,
            &row.get::<_, String>(0)?,
            row.get(1)?,
            &row.get::<_, String>(2)?,
            row.get(3)?,
        )?);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let migration = migration.to_string();
    Err(Failure::Migration(MigrationError::ForeignKeys { migration, rows, more }))
}

/// Describes one row of `pragma_foreign_key_check`.
fn broken_row(
    db: &Connection,
    table: &str,
    rowid: Option<i64>,
    parent: &str,
    key: i64,
) -> rusqlite::Result<String> {
    let columns: Vec<(String, Option<String>)> = db
        .prepare("SELECT \"from\", \"to\" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq")?
        .query_map(params![table, key], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let Some(rowid) = rowid else {
        return Ok(format!("a row of {table} has no row of {parent}"));
    };
    let mut pairs = Vec::with_capacity(columns.len());
    for (from, to) in columns {
        let name = |text: &str| text.replace('"', "\"\"");
        let sql = format!("SELECT quote(\"{}\") FROM \"{}\" WHERE rowid = ?1", name(&from), name(table));
        let value: String = db.query_row(&sql, [rowid], |row| row.get(0))?;
        let to = to.unwrap_or_else(|| "its primary key".to_owned());
        pairs.push(format!("{from} = {value}, which is in no {to} of {parent}"));
    }
    Ok(format!("the row {rowid} of {table} has {}", pairs.join(" and ")))
}

/// The columns of a table, sorted. None where there is no such table.
fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY name")?
        .query_map([table], |row| row.get(0))?
        .collect()
}
