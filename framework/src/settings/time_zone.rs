//! Moments and the local times of a zone, as a Django site with `USE_TZ = False` stores them.
//!
//! Local times are ambiguous: when clocks are put back, one hour occurs twice (a fold); when they are put
//! forward, one hour does not occur (a gap). Each reading here takes the latest moment that a local time can
//! mean, so that a session never ends early. The rules are those of the IANA database in `tzdb_data`.

use std::{fmt, time::SystemTime};

use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset, macros::format_description};
use tz::TimeZoneRef;

/// The last second of the year 9999, with which the calendar ends.
const LAST: i64 = 253_402_300_799;
const DAY: i64 = 86_400;

/// A time zone: `TIME_ZONE`.
///
/// # Examples
///
/// ```
/// use nuages::settings::TimeZone;
///
/// let zone = TimeZone::find("europe/paris").expect("a known zone");
/// assert_eq!(zone.name(), "Europe/Paris");
/// assert!(TimeZone::find("Europe/Atlantis").is_none());
/// ```
#[derive(Clone, Copy)]
pub struct TimeZone {
    name: &'static str,
    rules: &'static TimeZoneRef<'static>,
}

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self { name: "UTC", rules: &tzdb_data::time_zone::UTC };

    /// Finds a zone by its name in the IANA database. Upper and lower case are the same.
    pub fn find(name: &str) -> Option<Self> {
        let name = tzdb_data::TZ_NAMES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
        Some(Self { name, rules: tzdb_data::find_tz(name.as_bytes())? })
    }

    /// Its name in the IANA database.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Converts a moment to the offset of the zone. Also returns the zone's abbreviation, such as `CET`.
    pub(crate) fn localize(self, moment: OffsetDateTime) -> (OffsetDateTime, &'static str) {
        let offset = UtcOffset::from_whole_seconds(self.offset(moment.unix_timestamp()));
        let local = moment.checked_to_offset(offset.unwrap_or(UtcOffset::UTC)).unwrap_or(moment);
        let rules = self.rules.find_local_time_type(moment.unix_timestamp());
        (local, rules.map_or("UTC", |local| local.time_zone_designation()))
    }

    /// Converts a moment to the local time.
    pub(crate) fn to_local(self, moment: SystemTime) -> PrimitiveDateTime {
        let moment = within_calendar(moment);
        local(moment, self.offset(moment.unix_timestamp()))
    }

    /// Returns the latest moment that a local time can mean.
    pub(crate) fn latest_moment(self, local: PrimitiveDateTime) -> SystemTime {
        let as_utc = local.assume_utc().unix_timestamp();
        let offsets = self.offsets_around(as_utc);
        let valid = offsets.into_iter().filter(|offset| self.offset(as_utc - i64::from(*offset)) == *offset);
        // The smallest offset gives the latest moment. In a gap, the offset before it is the smallest.
        let offset = valid.min().unwrap_or_else(|| offsets.into_iter().min().unwrap_or_default());
        local.assume_offset(UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC)).into()
    }

    /// Returns a local time that is not after the local time of any moment from `now` on. It is the local
    /// time of `now` except within a day of a transition.
    fn earliest_from(self, now: SystemTime) -> PrimitiveDateTime {
        let now = within_calendar(now);
        local(now, self.offsets_around(now.unix_timestamp()).into_iter().min().unwrap_or_default())
    }

    /// Writes a moment as Django writes it into SQLite: `YYYY-MM-DD HH:MM:SS[.ffffff]`
    /// (`adapt_datetimefield_value`, django/db/backends/sqlite3/operations.py). Such texts sort by time.
    pub(crate) fn to_text(self, moment: SystemTime) -> String {
        text(self.to_local(moment), ' ')
    }

    /// Returns a text that sorts before those of all later moments, for comparisons in SQL. Around a
    /// transition it also sorts before some earlier ones.
    pub(crate) fn earliest_text(self, now: SystemTime) -> String {
        text(self.earliest_from(now), ' ')
    }

    /// Reads the text of [`Self::to_text`].
    pub(crate) fn parse_text(self, text: &str) -> Option<SystemTime> {
        let format =
            format_description!("[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]]");
        Some(self.latest_moment(PrimitiveDateTime::parse(text, format).ok()?))
    }

    /// Writes a moment as Python's `datetime.isoformat()` writes a local time without an offset.
    pub(crate) fn to_iso(self, moment: SystemTime) -> String {
        text(self.to_local(moment), 'T')
    }

    /// The offsets of the zone a day before, at, and a day after a moment.
    fn offsets_around(self, unix: i64) -> [i32; 3] {
        [self.offset(unix - DAY), self.offset(unix), self.offset(unix + DAY)]
    }

    /// The seconds by which the local time is ahead of UTC.
    fn offset(self, unix: i64) -> i32 {
        self.rules.find_local_time_type(unix).map_or(0, |local| local.ut_offset())
    }
}

/// Zones are equal if they have the same name.
impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TimeZone {}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TimeZone").field(&self.name).finish()
    }
}

/// The moment, or the last one of the calendar.
fn within_calendar(moment: SystemTime) -> OffsetDateTime {
    OffsetDateTime::from(moment.min(crate::clock::from_unix(LAST)))
}

fn local(moment: OffsetDateTime, offset: i32) -> PrimitiveDateTime {
    let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
    let local = moment.checked_to_offset(offset).unwrap_or(moment);
    PrimitiveDateTime::new(local.date(), local.time())
}

fn text(local: PrimitiveDateTime, separator: char) -> String {
    let (date, (hour, minute, second)) = (local.date(), local.time().as_hms());
    let whole = format!("{date}{separator}{hour:02}:{minute:02}:{second:02}");
    match local.microsecond() {
        0 => whole,
        micros => format!("{whole}.{micros:06}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::from_unix;

    const HOUR: u64 = 3600;

    /// A moment in America/Chicago with this offset in hours.
    fn chicago(text: &str, offset: i8) -> SystemTime {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        let local = PrimitiveDateTime::parse(text, format).expect("a local time");
        local.assume_offset(UtcOffset::from_hms(offset, 0, 0).expect("an offset")).into()
    }

    #[test]
    fn local_times_go_both_ways() {
        let zone = TimeZone::find("America/Chicago").expect("a zone");
        for (text, offset) in [("2026-01-15 08:00:00", -6), ("2026-07-15 08:00:00", -5)] {
            assert_eq!(zone.to_text(chicago(text, offset)), text);
            assert_eq!(zone.parse_text(text), Some(chicago(text, offset)));
        }
        let moment = from_unix(1_764_072_000) + Duration::from_micros(789);
        for zone in [TimeZone::UTC, zone] {
            assert_eq!(zone.parse_text(&zone.to_text(moment)), Some(moment));
            assert_eq!(zone.to_text(from_unix(i64::MAX / 1000)).get(..2), Some("99"), "the calendar's end");
        }
    }

    #[test]
    fn texts_are_those_of_django() {
        let zone = TimeZone::UTC;
        let moment = from_unix(1_790_000_000);
        assert_eq!(zone.to_text(moment), "2026-09-21 14:13:20");
        let moment = moment + Duration::from_micros(1_500);
        assert_eq!(zone.to_text(moment), "2026-09-21 14:13:20.001500");
        assert_eq!(zone.parse_text("2026-09-21 14:13:20.001500"), Some(moment));
        assert_eq!(zone.parse_text("soon"), None);
        assert_eq!(zone.to_text(from_unix(1 << 43)), "9999-12-31 23:59:59");
    }

    #[test]
    fn in_a_fold_and_in_a_gap_the_latest_moment_is_meant() {
        let zone = TimeZone::find("America/Chicago").expect("a zone");
        // Clocks are put back on 2026-11-01 at 2:00, and forward on 2026-03-08 at 2:00.
        assert_eq!(zone.parse_text("2026-11-01 01:30:00"), Some(chicago("2026-11-01 01:30:00", -6)));
        assert_eq!(zone.parse_text("2026-03-08 02:30:00"), Some(chicago("2026-03-08 03:30:00", -5)));
    }

    #[test]
    fn no_later_moment_has_an_earlier_text() {
        for name in ["America/Chicago", "Europe/Paris", "Australia/Lord_Howe", "UTC"] {
            let zone = TimeZone::find(name).expect("a zone");
            for day in ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"] {
                let midnight = zone.parse_text(&format!("{day} 00:00:00")).expect("a moment");
                for now in (0..96).map(|quarter| midnight + Duration::from_secs(quarter * HOUR / 4)) {
                    let bound = zone.earliest_text(now);
                    for later in (0..20).map(|quarter| now + Duration::from_secs(quarter * HOUR / 4)) {
                        assert!(bound <= zone.to_text(later), "{name} {bound} {}", zone.to_text(later));
                        let read = zone.parse_text(&zone.to_text(later)).expect("a moment");
                        assert!(read >= later, "{name}: a session would end early");
                    }
                }
            }
        }
    }

    #[test]
    fn in_no_zone_does_a_session_end_early() {
        for zone in tzdb_data::TZ_NAMES.iter().filter_map(|name| TimeZone::find(name)) {
            // 70 moments from 2024 to 2030, at any time of the day.
            for now in (1_704_067_200..1_893_456_000).step_by(2_709_780).map(from_unix) {
                let bound = zone.earliest_text(now);
                for minutes in [0, 31, 61, 1439] {
                    let ends = now + Duration::from_secs(60 * minutes);
                    let text = zone.to_text(ends);
                    assert!(bound <= text, "{zone:?}: SQL does not find {text} from {bound}");
                    let read = zone.parse_text(&text).expect("a moment");
                    let late = read.duration_since(ends).expect("not early");
                    assert!(late <= Duration::from_secs(3 * HOUR), "{zone:?}: {text} is {late:?} late");
                }
            }
        }
    }
}
