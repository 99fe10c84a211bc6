//! Sessions in PostgreSQL: each operation is one statement, so it is atomic for every process that shares
//! the table, a Django site's too.

use std::time::SystemTime;

use tokio_postgres::Row;

use super::failed;
use crate::{
    BoxFuture,
    db::{DbError, Postgres},
    sessions::store::{Listed, Promises, Record, SessionStore, StoreResult, Swap},
};

/// Sessions in Django's table of a PostgreSQL database.
pub(super) struct PostgresStore {
    database: Postgres,
}

impl PostgresStore {
    pub(super) fn new(database: Postgres) -> Self {
        Self { database }
    }

    /// How a swap that changed `rows` ended.
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

/// The record in the columns `session_data, expire_date` that begin at `first`. A moment that this machine
/// cannot tell has passed.
fn record(row: &Row, first: usize) -> Record {
    let expires = row.try_get(first + 1).unwrap_or(SystemTime::UNIX_EPOCH);
    Record { data: row.get(first), expires }
}

impl SessionStore for PostgresStore {
    fn promises(&self) -> Promises {
        Promises {
            durable: true,
            shared: true,
            revocable: true,
            compare_and_swap: true,
            self_clearing: false,
        }
    }

    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>> {
        Box::pin(async move {
            let select = "SELECT session_data, expire_date FROM django_session \
                          WHERE session_key = $1 AND expire_date > $2";
            let row = self.database.query_opt(select, &[&key, &now]).await.map_err(failed("load"))?;
            // A moment that this machine cannot tell is later for the server, but has passed here.
            Ok(row.map(|row| record(&row, 0)).filter(|record| record.expires > now))
        })
    }

    fn create<'a>(&'a self, key: &'a str, new: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move {
            let insert = "INSERT INTO django_session (session_key, session_data, expire_date) \
                          VALUES ($1, $2, $3) ON CONFLICT (session_key) DO NOTHING";
            let rows = self.database.execute(insert, &[&key, &new.data, &new.expires]).await;
            Ok(rows.map_err(failed("save"))? == 1)
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new: &'a Record,
        keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move {
            let swap = async {
                let rows = if keep_expiry {
                    // Without an indexed column PostgreSQL changes the row in its place.
                    let update = "UPDATE django_session SET session_data = $3 \
                                  WHERE session_key = $1 AND session_data = $2";
                    self.database.execute(update, &[&key, &expected, &new.data]).await?
                } else {
                    let update = "UPDATE django_session SET session_data = $3, expire_date = $4 \
                                  WHERE session_key = $1 AND session_data = $2";
                    self.database.execute(update, &[&key, &expected, &new.data, &new.expires]).await?
                };
                self.swapped(rows, key).await
            };
            swap.await.map_err(failed("save"))
        })
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        new: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        Box::pin(async move {
            let swap = async {
                let update = "UPDATE django_session SET session_key = $3, session_data = $4, expire_date = $5 \
                     WHERE session_key = $1 AND session_data = $2";
                let params: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                    [&key, &expected, &new_key, &new.data, &new.expires];
                let rows = self.database.execute(update, &params).await?;
                self.swapped(rows, key).await
            };
            swap.await.map_err(failed("save"))
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move {
            let delete = "DELETE FROM django_session WHERE session_key = $1";
            Ok(self.database.execute(delete, &[&key]).await.map_err(failed("delete"))? > 0)
        })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(async move { self.is_there(key).await.map_err(failed("load")) })
    }

    fn clear(&self, now: Option<SystemTime>, limit: usize) -> BoxFuture<'_, StoreResult<u64>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Box::pin(async move {
            // Rows that a request holds just now are left to the next batch: nobody waits for anybody.
            let cleared = match now {
                Some(now) => {
                    let delete = "DELETE FROM django_session WHERE ctid = ANY (ARRAY( \
                                  SELECT ctid FROM django_session WHERE expire_date < $1 \
                                  ORDER BY expire_date LIMIT $2 FOR UPDATE SKIP LOCKED))";
                    self.database.execute(delete, &[&now, &limit]).await
                }
                None => {
                    let delete = "DELETE FROM django_session WHERE ctid = ANY (ARRAY( \
                                  SELECT ctid FROM django_session LIMIT $1 FOR UPDATE SKIP LOCKED))";
                    self.database.execute(delete, &[&limit]).await
                }
            };
            cleared.map_err(failed("clear"))
        })
    }

    fn count(&self, now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        Box::pin(async move {
            let row = match now {
                Some(now) => {
                    let select = "SELECT count(*) FROM django_session WHERE expire_date < $1";
                    self.database.query_opt(select, &[&now]).await
                }
                None => self.database.query_opt("SELECT count(*) FROM django_session", &[]).await,
            };
            let count: Option<i64> = row.map_err(failed("count"))?.map(|row| row.get(0));
            Ok(count.map(|count| u64::try_from(count).unwrap_or_default()))
        })
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        let after = cursor.unwrap_or_default();
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        Box::pin(async move {
            let select = "SELECT session_key, session_data, expire_date FROM django_session \
                          WHERE session_key > $1 ORDER BY session_key LIMIT $2";
            let rows = self.database.query(select, &[&after, &most]).await.map_err(failed("list"))?;
            let page: Vec<Listed> =
                rows.iter().map(|row| Listed { key: row.get(0), record: record(row, 1) }).collect();
            let next = (page.len() == limit).then(|| page.last().map(|last| last.key.clone())).flatten();
            Ok((page, next))
        })
    }
}
