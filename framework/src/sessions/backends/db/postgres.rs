//! Sessions in PostgreSQL: each operation is one statement, so it is atomic for every process that shares
//! the table, a Django site's too.

use std::time::SystemTime;

use tokio_postgres::Row;

use super::error::failed;
use crate::{
    db::{DbError, Postgres},
    sessions::store::{Cleared, Listed, Promises, Record, SessionStore, StoreResult, Swap},
};

/// Sessions in Django's table of a PostgreSQL database.
pub(super) struct PostgresStore {
    database: Postgres,
}

impl PostgresStore {
    pub(super) fn new(database: Postgres) -> Self {
        Self { database }
    }

    /// The outcome of a swap that changed this number of rows.
    async fn swapped(&self, rows: u64, key: &str) -> Result<Swap, DbError> {
        Ok(match rows {
            0 if self.is_there(key).await? => Swap::Changed,
            0 => Swap::Gone,
            _ => Swap::Done,
        })
    }

    async fn is_there(&self, key: &str) -> Result<bool, DbError> {
        let select = "SELECT 1 FROM django_session WHERE session_key = $1";
        Ok(self.database.query_opt(select, &[&key]).await?.is_some())
    }
}

/// The record in the columns `session_data, expire_date` that begin at `first`. A moment outside of
/// this machine's calendar counts as passed.
fn record(row: &Row, first: usize) -> Record {
    let expires = row.try_get(first + 1).unwrap_or(SystemTime::UNIX_EPOCH);
    Record::new(row.get::<_, String>(first), expires)
}

impl SessionStore for PostgresStore {
    fn promises(&self) -> Promises {
        Promises::none().durable().shared().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        let select = "SELECT session_data, expire_date FROM django_session \
                      WHERE session_key = $1 AND expire_date > $2";
        let row = self.database.query_opt(select, &[&key, &now]).await.map_err(failed("load"))?;
        // A moment outside of this machine's calendar is later for the server, but counts as passed here.
        Ok(row.map(|row| record(&row, 0)).filter(|record| record.is_live(now)))
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let insert = "INSERT INTO django_session (session_key, session_data, expire_date) \
                      VALUES ($1, $2, $3) ON CONFLICT (session_key) DO NOTHING";
        let rows = self.database.execute(insert, &[&key, &new.data, &new.ends()]).await;
        Ok(rows.map_err(failed("save"))? == 1)
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let swap = async {
            let rows = if expected.expires == new.expires {
                // Without an indexed column PostgreSQL changes the row in its place.
                let update = "UPDATE django_session SET session_data = $3 \
                              WHERE session_key = $1 AND session_data = $2";
                self.database.execute(update, &[&key, &expected.data, &new.data]).await?
            } else {
                let update = "UPDATE django_session SET session_data = $3, expire_date = $4 \
                              WHERE session_key = $1 AND session_data = $2";
                self.database.execute(update, &[&key, &expected.data, &new.data, &new.ends()]).await?
            };
            self.swapped(rows, key).await
        };
        swap.await.map_err(failed("save"))
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let swap = async {
            let update = "UPDATE django_session SET session_key = $3, session_data = $4, expire_date = $5 \
                 WHERE session_key = $1 AND session_data = $2";
            let ends = new.ends();
            let params: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&key, &expected.data, &new_key, &new.data, &ends];
            let rows = self.database.execute(update, &params).await?;
            self.swapped(rows, key).await
        };
        swap.await.map_err(failed("save"))
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        let delete = "DELETE FROM django_session WHERE session_key = $1";
        Ok(self.database.execute(delete, &[&key]).await.map_err(failed("delete"))? > 0)
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        self.is_there(key).await.map_err(failed("load"))
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> StoreResult<Cleared> {
        let (most, after) = (i64::try_from(limit).unwrap_or(i64::MAX), from.unwrap_or_default());
        let Some(before) = before else {
            // By key, so that clearing ends although visitors make new sessions. It waits for rows that a
            // request is writing: none may stay.
            let delete = "WITH page AS (SELECT session_key FROM django_session \
                          WHERE session_key > $1 ORDER BY session_key LIMIT $2), \
                          gone AS (DELETE FROM django_session USING page \
                          WHERE django_session.session_key = page.session_key RETURNING 1) \
                          SELECT (SELECT count(*) FROM gone), (SELECT max(session_key) FROM page)";
            let row = self.database.query_opt(delete, &[&after, &most]).await.map_err(failed("clear"))?;
            let (removed, last): (i64, Option<String>) =
                row.map_or((0, None), |row| (row.get(0), row.get(1)));
            return Ok(Cleared::new(u64::try_from(removed).unwrap_or_default(), last));
        };
        // Rows that a request is writing are left to the next batch: no request waits for clearing.
        let delete = "DELETE FROM django_session WHERE ctid = ANY (ARRAY( \
                      SELECT ctid FROM django_session WHERE expire_date < $1 \
                      ORDER BY expire_date LIMIT $2 FOR UPDATE SKIP LOCKED))";
        let removed = self.database.execute(delete, &[&before, &most]).await.map_err(failed("clear"))?;
        Ok(Cleared::new(removed, (removed > 0).then(String::new)))
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        let row = match before {
            Some(before) => {
                let select = "SELECT count(*) FROM django_session WHERE expire_date < $1";
                self.database.query_opt(select, &[&before]).await
            }
            None => self.database.query_opt("SELECT count(*) FROM django_session", &[]).await,
        };
        let count: Option<i64> = row.map_err(failed("count"))?.map(|row| row.get(0));
        Ok(count.map(|count| u64::try_from(count).unwrap_or_default()))
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let after = from.unwrap_or_default();
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let select = "SELECT session_key, session_data, expire_date FROM django_session \
                      WHERE session_key > $1 ORDER BY session_key LIMIT $2";
        let rows = self.database.query(select, &[&after, &most]).await.map_err(failed("list"))?;
        let page: Vec<Listed> =
            rows.iter().map(|row| Listed::new(row.get::<_, String>(0), record(row, 1))).collect();
        let next = (page.len() == limit).then(|| page.last().map(|last| last.key.clone())).flatten();
        Ok((page, next))
    }
}
