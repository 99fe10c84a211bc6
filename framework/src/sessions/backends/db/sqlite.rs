//! Sessions in SQLite: reads inline, writes through the writer thread's group commit.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::failed;
use crate::{
    BoxFuture,
    db::Sqlite,
    sessions::store::{Listed, Promises, Record, SessionStore, StoreResult, Swap},
    settings::TimeZone,
};

/// Sessions in Django's table of an SQLite database.
pub(super) struct SqliteStore {
    database: Sqlite,
    /// The zone of `expire_date`: UTC, or `TIME_ZONE` beside a Django site with `USE_TZ = False`.
    zone: TimeZone,
}

impl SqliteStore {
    pub(super) fn new(database: Sqlite, zone: TimeZone) -> Self {
        Self { database, zone }
    }
}

/// The record in the columns `session_data, expire_date` that begin at `first`.
///
/// A damaged row may hold anything: what is not text has no good signature, and what is not a moment
/// has passed. Neither is a reason to fail the visitor's request.
fn record(row: &Row<'_>, first: usize, zone: TimeZone) -> rusqlite::Result<Record> {
    let text = |column| -> rusqlite::Result<String> {
        Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes().unwrap_or_default()).into_owned())
    };
    let expires = zone.parse_text(&text(first + 1)?).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(Record { data: text(first)?, expires })
}

/// Why a swap changed no row.
fn missed(connection: &Connection, key: &str) -> rusqlite::Result<Swap> {
    let mut there = connection.prepare_cached("SELECT 1 FROM django_session WHERE session_key = ?1")?;
    Ok(if there.exists([key])? { Swap::Changed } else { Swap::Gone })
}

impl SessionStore for SqliteStore {
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
        let (key, text, zone) = (key.to_owned(), self.zone.earliest_text(now), self.zone);
        Box::pin(async move {
            let select = "SELECT session_data, expire_date FROM django_session \
                          WHERE session_key = ?1 AND expire_date > ?2";
            let read = self.database.read(move |db| {
                db.prepare_cached(select)?
                    .query_row(params![key, text], |row| record(row, 0, zone))
                    .optional()
            });
            // Text that is not a moment may be larger, and around a change of the clocks SQL finds more.
            Ok(read.await.map_err(failed("load"))?.filter(|record| record.expires > now))
        })
    }

    fn create<'a>(&'a self, key: &'a str, new: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        let (key, data, expires) = (key.to_owned(), new.data.clone(), self.zone.to_text(new.expires));
        Box::pin(async move {
            let insert = "INSERT INTO django_session (session_key, session_data, expire_date) \
                          VALUES (?1, ?2, ?3) ON CONFLICT (session_key) DO NOTHING";
            let write = self
                .database
                .write(move |db| db.prepare_cached(insert)?.execute(params![key, data, expires]));
            Ok(write.await.map_err(failed("save"))? == 1)
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new: &'a Record,
        keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        let (key, expected, data) = (key.to_owned(), expected.to_owned(), new.data.clone());
        let expires = (!keep_expiry).then(|| self.zone.to_text(new.expires));
        Box::pin(async move {
            let write = self.database.write(move |db| {
                let changed = match expires {
                    // Without the indexed column the write costs a third.
                    None => db
                        .prepare_cached(
                            "UPDATE django_session SET session_data = ?3 \
                             WHERE session_key = ?1 AND session_data = ?2",
                        )?
                        .execute(params![key, expected, data])?,
                    Some(expires) => db
                        .prepare_cached(
                            "UPDATE django_session SET session_data = ?3, expire_date = ?4 \
                             WHERE session_key = ?1 AND session_data = ?2",
                        )?
                        .execute(params![key, expected, data, expires])?,
                };
                if changed == 1 { Ok(Swap::Done) } else { missed(db, &key) }
            });
            write.await.map_err(failed("save"))
        })
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        new: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        let (key, expected, new_key) = (key.to_owned(), expected.to_owned(), new_key.to_owned());
        let (data, expires) = (new.data.clone(), self.zone.to_text(new.expires));
        Box::pin(async move {
            let update = "UPDATE django_session SET session_key = ?3, session_data = ?4, expire_date = ?5 \
                          WHERE session_key = ?1 AND session_data = ?2";
            let write = self.database.write(move |db| {
                let changed =
                    db.prepare_cached(update)?.execute(params![key, expected, new_key, data, expires])?;
                if changed == 1 { Ok(Swap::Done) } else { missed(db, &key) }
            });
            write.await.map_err(failed("save"))
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        let key = key.to_owned();
        Box::pin(async move {
            let delete = "DELETE FROM django_session WHERE session_key = ?1";
            let write = self.database.write(move |db| db.prepare_cached(delete)?.execute([key]));
            Ok(write.await.map_err(failed("delete"))? > 0)
        })
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        let key = key.to_owned();
        Box::pin(async move {
            let select = "SELECT 1 FROM django_session WHERE session_key = ?1";
            let read = self.database.read(move |db| db.prepare_cached(select)?.exists([key]));
            read.await.map_err(failed("load"))
        })
    }

    fn clear(&self, now: Option<SystemTime>, limit: usize) -> BoxFuture<'_, StoreResult<u64>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let bound = now.map(|now| self.zone.earliest_text(now));
        Box::pin(async move {
            let write = self.database.write(move |db| match &bound {
                Some(bound) => db
                    .prepare_cached(
                        "DELETE FROM django_session WHERE rowid IN (SELECT rowid FROM django_session \
                         WHERE expire_date < ?1 ORDER BY expire_date LIMIT ?2)",
                    )?
                    .execute(params![bound, limit]),
                None => db
                    .prepare_cached(
                        "DELETE FROM django_session WHERE rowid IN \
                         (SELECT rowid FROM django_session LIMIT ?1)",
                    )?
                    .execute([limit]),
            });
            Ok(write.await.map_err(failed("clear"))? as u64)
        })
    }

    fn count(&self, now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        let bound = now.map(|now| self.zone.earliest_text(now));
        Box::pin(async move {
            let read = self.database.read_long(move |db| match &bound {
                Some(bound) => db.query_row(
                    "SELECT count(*) FROM django_session WHERE expire_date < ?1",
                    [bound],
                    |row| row.get::<_, i64>(0),
                ),
                None => db.query_row("SELECT count(*) FROM django_session", [], |row| row.get(0)),
            });
            let count = read.await.map_err(failed("count"))?;
            Ok(Some(u64::try_from(count).unwrap_or_default()))
        })
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        let (after, zone) = (cursor.unwrap_or_default().to_owned(), self.zone);
        Box::pin(async move {
            // Every text is smaller than the empty blob: keys that are not text, in damaged rows, stay out.
            let select = "SELECT session_key, session_data, expire_date FROM django_session \
                          WHERE session_key > ?1 AND session_key < x'' ORDER BY session_key LIMIT ?2";
            let read = self.database.read_long(move |db| {
                let mut statement = db.prepare_cached(select)?;
                let mut rows = statement.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
                let (mut page, mut seen) = (Vec::new(), 0);
                while let Some(row) = rows.next()? {
                    seen += 1;
                    if let Ok(key) = row.get_ref(0)?.as_str() {
                        page.push(Listed { key: key.to_owned(), record: record(row, 1, zone)? });
                    }
                }
                Ok((page, seen))
            });
            let (page, seen) = read.await.map_err(failed("list"))?;
            let next = (seen == limit).then(|| page.last().map(|last| last.key.clone())).flatten();
            Ok((page, next))
        })
    }
}
