//! Sessions in SQLite: reads inline, writes through the writer thread's group commit.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::failed;
use crate::{
    db::Sqlite,
    sessions::store::{Cleared, Listed, Promises, Record, SessionStore, StoreResult, Swap},
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
/// Columns of a damaged row may hold any type. Data that is not text reads as empty, which has no valid
/// signature, and a value that is not a moment counts as passed: the visitor gets an empty session, not an error.
fn record(row: &Row<'_>, first: usize, zone: TimeZone) -> rusqlite::Result<Record> {
    let text = |column| -> rusqlite::Result<String> {
        Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes().unwrap_or_default()).into_owned())
    };
    let expires = zone.parse_text(&text(first + 1)?).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(Record::new(text(first)?, expires))
}

/// The outcome of a swap that changed no row.
fn missed(connection: &Connection, key: &str) -> rusqlite::Result<Swap> {
    let mut there = connection.prepare_cached("SELECT 1 FROM django_session WHERE session_key = ?1")?;
    Ok(if there.exists([key])? { Swap::Changed } else { Swap::Gone })
}

impl SessionStore for SqliteStore {
    fn promises(&self) -> Promises {
        Promises::none().durable().shared().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        let (key, text, zone) = (key.to_owned(), self.zone.earliest_text(now), self.zone);
        let select = "SELECT session_data, expire_date FROM django_session \
                      WHERE session_key = ?1 AND expire_date > ?2";
        let read = self.database.read(move |db| {
            db.prepare_cached(select)?.query_row(params![key, text], |row| record(row, 0, zone)).optional()
        });
        // Text that is not a moment may be larger, and around a change of the clocks SQL finds more.
        Ok(read.await.map_err(failed("load"))?.filter(|record| record.is_live(now)))
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let (key, data, expires) = (key.to_owned(), new.data.clone(), self.zone.to_text(new.ends()));
        let insert = "INSERT INTO django_session (session_key, session_data, expire_date) \
                      VALUES (?1, ?2, ?3) ON CONFLICT (session_key) DO NOTHING";
        let write =
            self.database.write(move |db| db.prepare_cached(insert)?.execute(params![key, data, expires]));
        Ok(write.await.map_err(failed("save"))? == 1)
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let (key, data) = (key.to_owned(), new.data.clone());
        let moved = (expected.expires != new.expires).then(|| self.zone.to_text(new.ends()));
        let expected = expected.data.clone();
        let write = self.database.write(move |db| {
            let changed = match moved {
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
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let (key, expected, new_key) = (key.to_owned(), expected.data.clone(), new_key.to_owned());
        let (data, expires) = (new.data.clone(), self.zone.to_text(new.ends()));
        let update = "UPDATE django_session SET session_key = ?3, session_data = ?4, expire_date = ?5 \
                      WHERE session_key = ?1 AND session_data = ?2";
        let write = self.database.write(move |db| {
            let changed =
                db.prepare_cached(update)?.execute(params![key, expected, new_key, data, expires])?;
            if changed == 1 { Ok(Swap::Done) } else { missed(db, &key) }
        });
        write.await.map_err(failed("save"))
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        let key = key.to_owned();
        let delete = "DELETE FROM django_session WHERE session_key = ?1";
        let write = self.database.write(move |db| db.prepare_cached(delete)?.execute([key]));
        Ok(write.await.map_err(failed("delete"))? > 0)
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        let key = key.to_owned();
        let select = "SELECT 1 FROM django_session WHERE session_key = ?1";
        let read = self.database.read(move |db| db.prepare_cached(select)?.exists([key]));
        read.await.map_err(failed("load"))
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> StoreResult<Cleared> {
        let (most, after) = (i64::try_from(limit).unwrap_or(i64::MAX), from.unwrap_or_default().to_owned());
        let bound = before.map(|before| self.zone.earliest_text(before));
        let write = self.database.write(move |db| match bound {
            Some(bound) => {
                let removed = db
                    .prepare_cached(
                        "DELETE FROM django_session WHERE rowid IN (SELECT rowid FROM django_session \
                         WHERE expire_date < ?1 ORDER BY expire_date LIMIT ?2)",
                    )?
                    .execute(params![bound, most])?;
                Ok(Cleared::new(removed as u64, (removed == limit).then(String::new)))
            }
            // By key, so that sessions which visitors make behind the place are not chased.
            None => {
                let last: Option<String> = db
                    .prepare_cached(
                        "SELECT max(session_key) FROM (SELECT session_key FROM django_session \
                         WHERE session_key > ?1 AND session_key < x'' ORDER BY session_key LIMIT ?2)",
                    )?
                    .query_row(params![after, most], |row| row.get(0))?;
                let removed = match &last {
                    // After the last text key: rows whose key is damaged.
                    None => db.execute("DELETE FROM django_session WHERE session_key >= x''", [])?,
                    Some(last) => db
                        .prepare_cached(
                            "DELETE FROM django_session WHERE session_key > ?1 AND session_key <= ?2",
                        )?
                        .execute(params![after, last])?,
                };
                Ok(Cleared::new(removed as u64, last))
            }
        });
        write.await.map_err(failed("clear"))
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        let bound = before.map(|before| self.zone.earliest_text(before));
        let read = self.database.read_long(move |db| match bound {
            Some(bound) => {
                db.query_row("SELECT count(*) FROM django_session WHERE expire_date < ?1", [bound], |row| {
                    row.get::<_, i64>(0)
                })
            }
            None => db.query_row("SELECT count(*) FROM django_session", [], |row| row.get(0)),
        });
        let count = read.await.map_err(failed("count"))?;
        Ok(Some(u64::try_from(count).unwrap_or_default()))
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let (after, zone) = (from.unwrap_or_default().to_owned(), self.zone);
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
                    page.push(Listed::new(key, record(row, 1, zone)?));
                }
            }
            Ok((page, seen))
        });
        let (page, seen) = read.await.map_err(failed("list"))?;
        let next = (seen == limit).then(|| page.last().map(|last| last.key.clone())).flatten();
        Ok((page, next))
    }
}
