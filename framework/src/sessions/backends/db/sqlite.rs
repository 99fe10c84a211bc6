//! Sessions in SQLite: reads inline, writes through the writer thread's group commit.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::error::failed;
use crate::{
    clock::last_moment,
    db::Sqlite,
    sessions::store::{Cleared, Listed, Promises, Record, SessionStore, StoreResult, Swap},
};

/// Sessions in Django's table of an SQLite database.
pub(super) struct SqliteStore {
    database: Sqlite,
}

impl SqliteStore {
    pub(super) fn new(database: Sqlite) -> Self {
        Self { database }
    }
}

/// A moment as Django writes it into SQLite: UTC text `YYYY-MM-DD HH:MM:SS[.ffffff]`
/// (`adapt_datetimefield_value`, django/db/backends/sqlite3/operations.py). Text in this form sorts by time.
fn to_text(moment: SystemTime) -> String {
    let moment = OffsetDateTime::from(moment.min(last_moment()));
    let (date, (hour, minute, second)) = (moment.date(), moment.time().as_hms());
    let whole = format!("{date} {hour:02}:{minute:02}:{second:02}");
    match moment.microsecond() {
        0 => whole,
        micros => format!("{whole}.{micros:06}"),
    }
}

fn from_text(text: &str) -> Option<SystemTime> {
    let format =
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]]");
    let moment = PrimitiveDateTime::parse(text, format).ok()?;
    Some(moment.assume_utc().into())
}

/// The record in the columns `session_data, expire_date` that begin at `first`.
///
/// A damaged row may hold anything: what is not text has no good signature, and what is not a moment
/// has passed. Neither is a reason to fail the visitor's request.
fn record(row: &Row<'_>, first: usize) -> rusqlite::Result<Record> {
    let text = |column| -> rusqlite::Result<String> {
        Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes().unwrap_or_default()).into_owned())
    };
    let expires = from_text(&text(first + 1)?).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(Record::new(text(first)?, expires))
}

/// Why a swap changed no row.
fn missed(connection: &Connection, key: &str) -> rusqlite::Result<Swap> {
    let mut there = connection.prepare_cached("SELECT 1 FROM django_session WHERE session_key = ?1")?;
    Ok(if there.exists([key])? { Swap::Changed } else { Swap::Gone })
}

impl SessionStore for SqliteStore {
    fn promises(&self) -> Promises {
        Promises::none().durable().shared().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        let (key, text) = (key.to_owned(), to_text(now));
        let select = "SELECT session_data, expire_date FROM django_session \
                      WHERE session_key = ?1 AND expire_date > ?2";
        let read = self.database.read(move |db| {
            db.prepare_cached(select)?.query_row(params![key, text], |row| record(row, 0)).optional()
        });
        // Text that is no moment may compare as larger.
        Ok(read.await.map_err(failed("load"))?.filter(|record| record.is_live(now)))
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let (key, data, expires) = (key.to_owned(), new.data.clone(), to_text(new.ends()));
        let insert = "INSERT INTO django_session (session_key, session_data, expire_date) \
                      VALUES (?1, ?2, ?3) ON CONFLICT (session_key) DO NOTHING";
        let write =
            self.database.write(move |db| db.prepare_cached(insert)?.execute(params![key, data, expires]));
        Ok(write.await.map_err(failed("save"))? == 1)
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let (key, data) = (key.to_owned(), new.data.clone());
        let moved = (expected.expires != new.expires).then(|| to_text(new.ends()));
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
        let (data, expires) = (new.data.clone(), to_text(new.ends()));
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
        let write = self.database.write(move |db| match before {
            Some(before) => {
                let removed = db
                    .prepare_cached(
                        "DELETE FROM django_session WHERE rowid IN (SELECT rowid FROM django_session \
                         WHERE expire_date < ?1 ORDER BY expire_date LIMIT ?2)",
                    )?
                    .execute(params![to_text(before), most])?;
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
        let read = self.database.read_long(move |db| match before {
            Some(before) => db.query_row(
                "SELECT count(*) FROM django_session WHERE expire_date < ?1",
                [to_text(before)],
                |row| row.get::<_, i64>(0),
            ),
            None => db.query_row("SELECT count(*) FROM django_session", [], |row| row.get(0)),
        });
        let count = read.await.map_err(failed("count"))?;
        Ok(Some(u64::try_from(count).unwrap_or_default()))
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let after = from.unwrap_or_default().to_owned();
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
                    page.push(Listed::new(key, record(row, 1)?));
                }
            }
            Ok((page, seen))
        });
        let (page, seen) = read.await.map_err(failed("list"))?;
        let next = (seen == limit).then(|| page.last().map(|last| last.key.clone())).flatten();
        Ok((page, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_unix;
    use std::time::Duration;

    #[test]
    fn moments_are_written_as_django_writes_them() {
        let moment = from_unix(1_790_000_000);
        assert_eq!(to_text(moment), "2026-09-21 14:13:20");
        let moment = moment + Duration::from_micros(1_500);
        assert_eq!(to_text(moment), "2026-09-21 14:13:20.001500");
        assert_eq!(from_text("2026-09-21 14:13:20.001500"), Some(moment));
        assert_eq!(from_text("soon"), None);
        assert_eq!(to_text(from_unix(1 << 43)), "9999-12-31 23:59:59");
    }
}
