//! Writes the properties of a stored session for people and as JSON: the beginning of its key, times, sizes.

use std::time::{Duration, SystemTime};

use nuages::{OneLine, sessions::SessionInfo};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// How many characters of a key are shown.
const SHOWN_CHARACTERS: usize = 6;

/// Returns the first `length` characters of a key.
pub(super) fn prefix(key: &str, length: usize) -> &str {
    key.char_indices().nth(length).map_or(key, |(end, _)| &key[..end])
}

/// Returns the beginning of the key, which is all that is ever printed of it.
pub(super) fn shown_key(info: &SessionInfo) -> String {
    OneLine::new(prefix(&info.stored_key, SHOWN_CHARACTERS)).to_string()
}

/// `2026-11-23 10:39:33`, in UTC.
pub(super) fn moment(moment: SystemTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let text = date_time(moment).and_then(|date_time| date_time.format(format).ok());
    text.unwrap_or_else(|| if moment > SystemTime::UNIX_EPOCH { "never" } else { "long ago" }.to_owned())
}

/// `2026-11-23T10:39:33Z`
fn iso(moment: SystemTime) -> Option<String> {
    date_time(moment)?.format(&Rfc3339).ok()
}

/// Returns the date and time to the second. `None` beyond the years that have a date, such as PostgreSQL's
/// `infinity`.
fn date_time(moment: SystemTime) -> Option<OffsetDateTime> {
    let seconds = match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
    };
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// `1,234,567`
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 session`, `1,234 sessions`
pub(super) fn sessions(count: u64) -> String {
    format!("{} session{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `812 B`, `1.2 kB`, in powers of 1,000.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().unwrap_or(&"kB");
    while value >= 999.95 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1_000.0, next);
    }
    format!("{value:.1} {unit}")
}

/// Returns how far `moment` is from `now`, in one unit: `in 13 days`, `2 hours ago`.
pub(super) fn distance(moment: SystemTime, now: SystemTime) -> String {
    match moment.duration_since(now) {
        Ok(ahead) => format!("in {}", one_unit(ahead)),
        Err(behind) => format!("{} ago", one_unit(behind.duration())),
    }
}

fn one_unit(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} {unit}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Returns the object that `--json` prints, without the session's data.
pub(super) fn as_json(info: &SessionInfo, now: SystemTime) -> Value {
    json!({
        "key": shown_key(info),
        "user": info.user,
        "created": info.created_at.and_then(iso),
        "saved": info.saved_at.and_then(iso),
        "expires": iso(info.expires),
        "expired": info.expires <= now,
        "bytes": info.bytes,
        "readable": info.data.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn sizes_and_distances_have_one_unit() {
        for (bytes, text) in [(999, "999 B"), (1_000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB")] {
            assert_eq!(size(bytes), text);
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(distance(now + Duration::from_secs(1_209_600), now), "in 14 days");
        assert_eq!(distance(now - Duration::from_secs(90), now), "90 seconds ago");
    }

    #[test]
    fn moments_beyond_the_calendar_are_words() {
        let far = Duration::from_secs(1 << 43);
        assert_eq!(moment(SystemTime::UNIX_EPOCH + far), "never");
        assert_eq!(moment(SystemTime::UNIX_EPOCH - far), "long ago");
        assert_eq!(iso(SystemTime::UNIX_EPOCH + far), None);
        assert_eq!(iso(SystemTime::UNIX_EPOCH).as_deref(), Some("1970-01-01T00:00:00Z"));
    }

    #[test]
    fn a_prefix_never_cuts_a_character() {
        assert_eq!(prefix("äöüß", 2), "äö");
        assert_eq!(prefix("ab", 6), "ab");
    }
}
