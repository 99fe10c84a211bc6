//! Reads Django's table `auth_user`.
//!
//! A project without this table or without a database has no users, which is not an error.

use std::time::SystemTime;

use super::{User, user::Row};
use crate::{
    Result,
    db::{Database, Databases, DbError, rusqlite},
    settings::TimeZone,
};

/// PostgreSQL's code (`undefined_column`).
#[cfg(feature = "postgres")]
const UNDEFINED_COLUMN: &str = "42703";

const COLUMNS: &str =
    "id, username, email, first_name, last_name, is_staff, is_superuser, is_active, password";

/// The column that a user is looked up by, with its value.
#[derive(Clone)]
pub(super) enum By {
    Id(i64),
    Username(String),
}

/// Finds a user in the database `default`.
pub(super) async fn find(databases: &Databases, by: By) -> Result<Option<User>> {
    match databases.get("default") {
        None => Ok(None),
        Some(Database::Sqlite(sqlite)) => {
            let found = sqlite.read(move |connection| find_sqlite(connection, &by)).await;
            match found {
                Err(error) if is_missing_table(&error) => Ok(None),
                other => Ok(other?),
            }
        }
        #[cfg(feature = "postgres")]
        Some(Database::Postgres(postgres)) => match find_postgres(postgres, &by).await {
            Err(error) if error.is_missing_table() => Ok(None),
            other => Ok(other?),
        },
    }
}

/// Sets `last_login`. `zone` is that of local times in SQLite; PostgreSQL stores moments. A table without that
/// column, or no table at all, is not an error, as in Django.
pub(super) async fn set_last_login(
    databases: &Databases,
    id: i64,
    now: SystemTime,
    zone: TimeZone,
) -> Result<()> {
    let written = match databases.get("default") {
        None => return Ok(()),
        Some(Database::Sqlite(sqlite)) => {
            let text = zone.to_text(now);
            let update = "UPDATE auth_user SET last_login = ?2 WHERE id = ?1";
            sqlite
                .write(move |db| db.prepare_cached(update)?.execute(rusqlite::params![id, text]))
                .await
                .map(drop)
        }
        #[cfg(feature = "postgres")]
        Some(Database::Postgres(postgres)) => {
            let update = "UPDATE auth_user SET last_login = $2 WHERE id::bigint = $1";
            postgres.execute(update, &[&id, &now]).await.map(drop)
        }
    };
    match written {
        Err(error) if has_no_last_login(&error) => Ok(()),
        other => Ok(other?),
    }
}

fn has_no_last_login(error: &DbError) -> bool {
    let no_column = match error {
        DbError::Sqlite { source, .. } => source.to_string().contains("no such column: last_login"),
        #[cfg(feature = "postgres")]
        DbError::Postgres { source, .. } => source.code().is_some_and(|code| code.code() == UNDEFINED_COLUMN),
        _ => false,
    };
    no_column || error.is_missing_table()
}

fn find_sqlite(connection: &rusqlite::Connection, by: &By) -> rusqlite::Result<Option<User>> {
    use rusqlite::{OptionalExtension as _, ToSql};
    let (column, value): (&str, &dyn ToSql) = match by {
        By::Id(id) => ("id", id),
        By::Username(name) => ("username", name),
    };
    let sql = format!("SELECT {COLUMNS} FROM auth_user WHERE {column} = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let row = statement.query_row([value], |row| {
        Ok(Row {
            id: row.get(0)?,
            username: row.get(1)?,
            email: row.get(2)?,
            first_name: row.get(3)?,
            last_name: row.get(4)?,
            is_staff: row.get(5)?,
            is_superuser: row.get(6)?,
            is_active: row.get(7)?,
            password: row.get(8)?,
        })
    });
    Ok(row.optional()?.map(User::new))
}

#[cfg(feature = "postgres")]
async fn find_postgres(postgres: &crate::db::Postgres, by: &By) -> Result<Option<User>, DbError> {
    // Django's primary keys are `integer` or `bigint`.
    let columns = COLUMNS.replacen("id", "id::bigint", 1);
    let row = match by {
        By::Id(id) => {
            let sql = format!("SELECT {columns} FROM auth_user WHERE id = $1::bigint");
            postgres.query_opt(&sql, &[id]).await?
        }
        By::Username(name) => {
            let sql = format!("SELECT {columns} FROM auth_user WHERE username = $1");
            postgres.query_opt(&sql, &[name]).await?
        }
    };
    Ok(row.map(|row| {
        User::new(Row {
            id: row.get(0),
            username: row.get(1),
            email: row.get(2),
            first_name: row.get(3),
            last_name: row.get(4),
            is_staff: row.get(5),
            is_superuser: row.get(6),
            is_active: row.get(7),
            password: row.get(8),
        })
    }))
}

/// SQLite has one error code for all mistakes in a statement, so the text must be compared.
fn is_missing_table(error: &DbError) -> bool {
    match error {
        DbError::Sqlite { source, .. } => source.to_string().contains("no such table: auth_user"),
        _ => false,
    }
}
