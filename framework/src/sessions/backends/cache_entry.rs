//! What the `cache` and `cached_db` engines keep in a cache under a session's key.
//!
//! The first byte is 0: no pickle and no integer begins so, so that a Django on the same Redis never takes
//! our values for its own. What it keeps there itself reads as [`Slot::Foreign`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::sessions::store::Record;

const ZERO: u8 = 0;
const LIVE: u8 = b'S';
const MARKED: u8 = b'M';

/// What a cached value is.
pub(super) enum Slot {
    /// A session.
    Live(Record),
    /// The mark of a change or of a reader: what is cached over it must have been read after it was there.
    Mark,
    /// Not ours: a pickle of Django's, perhaps.
    Foreign,
}

/// A session as a cached value: its data and its end, to the microsecond as databases keep it.
pub(super) fn live(data: &str, expires: SystemTime) -> Bytes {
    let mut value = Vec::with_capacity(10 + data.len());
    value.extend([ZERO, LIVE]);
    value.extend(micros(expires).to_be_bytes());
    value.extend(data.as_bytes());
    value.into()
}

/// A mark that equals no other.
///
/// # Panics
///
/// Where the system has no random source: nothing safe can be done without one.
pub(super) fn mark() -> Bytes {
    let mut value = [0; 18];
    getrandom::fill(&mut value[2..]).expect("the system has a random source");
    value[..2].copy_from_slice(&[ZERO, MARKED]);
    Bytes::copy_from_slice(&value)
}

/// What a cached value is.
pub(super) fn read(value: &[u8]) -> Slot {
    let Some((&[ZERO, kind], rest)) = value.split_first_chunk() else { return Slot::Foreign };
    match (kind, rest.split_first_chunk(), rest.len()) {
        (LIVE, Some((&end, data)), _) => match std::str::from_utf8(data) {
            Ok(data) => {
                Slot::Live(Record { data: data.to_owned(), expires: moment(i64::from_be_bytes(end)) })
            }
            Err(_) => Slot::Foreign,
        },
        (MARKED, _, 16) => Slot::Mark,
        _ => Slot::Foreign,
    }
}

fn micros(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    }
}

/// What lies outside the system's calendar, in a damaged value, has passed.
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
            let value = live("data:é", expires + Duration::from_nanos(nanos));
            let Slot::Live(record) = read(&value) else { panic!("{value:?}") };
            assert_eq!((record.data.as_str(), record.expires), ("data:é", expires));
        }
    }

    #[test]
    fn what_is_not_ours_is_foreign() {
        // A pickle, an integer as Django stores it, nothing, cut and damaged values.
        let cut = live("data", UNIX_EPOCH).slice(..9);
        let damaged = [&live("", UNIX_EPOCH)[..], b"\xff"].concat();
        for value in
            [&b"\x80\x05}\x94."[..], b"12", b"", b"\0", b"\0S", b"\0M", b"\0X12345678", &cut, &damaged]
        {
            assert!(matches!(read(value), Slot::Foreign), "{value:?}");
        }
    }

    #[test]
    fn marks_differ() {
        assert_ne!(mark(), mark());
        assert!(matches!(read(&mark()), Slot::Mark));
    }
}
