//! The value that the `cache` and `cached_db` engines keep in a cache under a session's key.
//!
//! The first byte is 0: no pickle and no integer begins so, so that a Django on the same Redis never takes
//! our values for its own. Django's own values read as [`CacheEntry::Foreign`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::sessions::store::Record;

const ZERO: u8 = 0;
const SESSION: u8 = b'S';
const READ_MARK: u8 = b'R';
const WRITE_MARK: u8 = b'W';

/// A cached value, read.
pub(super) enum CacheEntry {
    /// A session.
    Session(Record),
    /// The mark of a reader: it will cache the session over its mark once it has read the database.
    ReadMark,
    /// The mark of a writer. Until this moment the session must not be cached.
    WriteMark(SystemTime),
    /// Not ours: a pickle of Django's, perhaps.
    Foreign,
}

/// A session as a cached value: its end, to the microsecond as databases keep it, and its data.
pub(super) fn session(record: &Record) -> Bytes {
    let mut value = Vec::with_capacity(10 + record.data.len());
    value.extend([ZERO, SESSION]);
    value.extend(micros(record.ends()).to_be_bytes());
    value.extend(record.data.as_bytes());
    value.into()
}

/// A reader's mark, which equals no other.
pub(super) fn read_mark() -> Bytes {
    [&[ZERO, READ_MARK][..], &random()].concat().into()
}

/// A writer's mark, which equals no other: its change may reach the database until this moment.
pub(super) fn write_mark(until: SystemTime) -> Bytes {
    [&[ZERO, WRITE_MARK][..], &micros(until).to_be_bytes(), &random()].concat().into()
}

/// # Panics
///
/// Where the system has no random source: nothing safe can be done without one.
fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has a random source");
    bytes
}

/// Reads a cached value.
pub(super) fn read(value: &[u8]) -> CacheEntry {
    let Some((&[ZERO, kind], rest)) = value.split_first_chunk() else { return CacheEntry::Foreign };
    match (kind, rest.split_first_chunk(), rest.len()) {
        (SESSION, Some((&end, data)), _) => match std::str::from_utf8(data) {
            Ok(data) => CacheEntry::Session(Record::new(data, moment(i64::from_be_bytes(end)))),
            Err(_) => CacheEntry::Foreign,
        },
        (READ_MARK, _, 16) => CacheEntry::ReadMark,
        (WRITE_MARK, Some((&until, _)), 24) => CacheEntry::WriteMark(moment(i64::from_be_bytes(until))),
        _ => CacheEntry::Foreign,
    }
}

fn micros(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    }
}

/// A moment outside of the system's calendar, in a damaged value, counts as passed.
fn moment(micros: i64) -> SystemTime {
    let step = Duration::from_micros(micros.unsigned_abs());
    let moment = if micros < 0 { UNIX_EPOCH.checked_sub(step) } else { UNIX_EPOCH.checked_add(step) };
    moment.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_comes_back_to_the_microsecond() {
        for (micros, nanos) in [(0, 0), (1, 999), (-1, 0), (1_700_000_000_123_456, 999)] {
            let expires = moment(micros);
            let value = session(&Record::new("data:é", expires + Duration::from_nanos(nanos)));
            let CacheEntry::Session(record) = read(&value) else { panic!("{value:?}") };
            assert_eq!((record.data.as_str(), record.expires), ("data:é", Some(expires)));
        }
    }

    #[test]
    fn what_is_not_ours_is_foreign() {
        // A pickle, an integer as Django stores it, nothing, cut and damaged values.
        let cut = session(&Record::new("data", UNIX_EPOCH)).slice(..9);
        let damaged = [&session(&Record::new("", UNIX_EPOCH))[..], b"\xff"].concat();
        for value in [
            &b"\x80\x05}\x94."[..],
            b"12",
            b"",
            b"\0",
            b"\0S",
            b"\0R",
            b"\0W",
            b"\0X12345678",
            &cut,
            &damaged,
        ] {
            assert!(matches!(read(value), CacheEntry::Foreign), "{value:?}");
        }
    }

    #[test]
    fn marks_differ() {
        let until = UNIX_EPOCH + Duration::from_secs(1);
        assert_ne!(read_mark(), read_mark());
        assert_ne!(write_mark(until), write_mark(until));
        assert!(matches!(read(&read_mark()), CacheEntry::ReadMark));
        assert!(matches!(read(&write_mark(until)), CacheEntry::WriteMark(read) if read == until));
    }
}
