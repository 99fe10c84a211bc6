//! Reads Django's table `auth_user`.
//!
//! A project without that table, or without a database, has no users: that is no error.

use super::{User, user::Row};
#[cfg(feature = "postgres")]
use crate::db::{DbError, Postgres};
use crate::{
    Result,
    db::{Database, Databases, rusqlite},
};

const COLUMNS: &str =
    "id, username, email, first_name, last_name, is_staff, is_superuser, is_active, password";

/// What a user is looked up by.
#[derive(Clone)]
pub(super) enum By {
    Id(i64),
    Username(String),
}

/// The user in the database `default`.
pub(super) async fn find(databases: &Databases, by: By) -> Result<Option<User>> {
    let found = match databases.get("default") {
        None => return Ok(None),
        Some(Database::Sqlite(sqlite)) => sqlite.read(move |connection| find_sqlite(connection, &by)).await,
        #[cfg(feature = "postgres")]
        Some(Database::Postgres(postgres)) => find_postgres(postgres, &by).await,
    };
    match found {
        Err(error) if error.is_missing_table() => Ok(None),
        other => Ok(other?),
    }
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
async fn find_postgres(postgres: &Postgres, by: &By) -> Result<Option<User>, DbError> {
    let (condition, value): (&str, &(dyn tokio_postgres::types::ToSql + Sync)) = match by {
        By::Id(id) => ("id = $1::bigint", id),
        By::Username(name) => ("username = $1", name),
    };
    // `id` is an integer or, where a project chose so, a bigint.
    let sql = format!("SELECT id::bigint AS {COLUMNS} FROM auth_user WHERE {condition}");
    let client = postgres.client().await?;
    let Some(row) = client.query_opt(&sql, &[value]).await? else { return Ok(None) };
    let read = || {
        Ok(User::new(Row {
            id: row.try_get(0)?,
            username: row.try_get(1)?,
            email: row.try_get(2)?,
            first_name: row.try_get(3)?,
            last_name: row.try_get(4)?,
            is_staff: row.try_get(5)?,
            is_superuser: row.try_get(6)?,
            is_active: row.try_get(7)?,
            password: row.try_get(8)?,
        }))
    };
    read().map(Some).map_err(|error| client.error(error))
}
