//! The filter `date`: Django's format letters (`django/utils/dateformat.py`), in UTC.
//!
//! A value may be Unix seconds, a `SystemTime`, or ISO 8601 text as in JSON.

use minijinja::{Error, ErrorKind, Value};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use time::format_description::well_known::{Iso8601, Rfc2822};

/// Django's default `DATE_FORMAT`.
const DEFAULT: &str = "N j, Y";

/// Formats a time. A missing value becomes empty text, as in Django.
///
/// # Errors
///
/// If the value is not a time, or a format letter is unknown.
pub(super) fn date(value: &Value, format: Option<&str>) -> Result<String, Error> {
    let wrong = |message: String| Error::new(ErrorKind::InvalidOperation, message);
    if value.is_none() || value.is_undefined() || value.as_str() == Some("") {
        return Ok(String::new());
    }
    let moment = moment(value).ok_or_else(|| {
        wrong(format!("date: {value} is not a time (expected Unix seconds or ISO 8601 text)"))
    })?;
    let mut shown = String::new();
    let mut letters = format.unwrap_or(DEFAULT).chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            shown.extend(letters.next());
        } else if letter.is_ascii_alphabetic() {
            let part = part(moment, letter)
                .ok_or_else(|| wrong(format!("date: {letter:?} is not one of Django's format letters")))?;
            shown.push_str(&part);
        } else {
            shown.push(letter);
        }
    }
    Ok(shown)
}

pub(super) fn moment(value: &Value) -> Option<OffsetDateTime> {
    if let Some(text) = value.as_str() {
        return from_iso(text);
    }
    // `SystemTime`, as serde serializes it.
    let seconds = value.get_attr("secs_since_epoch").ok().filter(|seconds| !seconds.is_undefined());
    if let Some(seconds) = seconds {
        let nanos = i128::try_from(value.get_attr("nanos_since_epoch").ok()?).ok()?;
        let seconds = i128::try_from(seconds).ok()?;
        return OffsetDateTime::from_unix_timestamp_nanos(seconds * 1_000_000_000 + nanos).ok();
    }
    if let Some(seconds) = value.as_i64() {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    let seconds = f64::try_from(value.clone()).ok()?;
    OffsetDateTime::from_unix_timestamp_nanos((seconds * 1e9) as i128).ok()
}

fn from_iso(text: &str) -> Option<OffsetDateTime> {
    // Python writes a space in place of the `T` of ISO 8601.
    let text = text.replacen(' ', "T", 1);
    if let Ok(moment) = OffsetDateTime::parse(&text, &Iso8601::DEFAULT) {
        return Some(moment);
    }
    let naive = match PrimitiveDateTime::parse(&text, &Iso8601::DEFAULT) {
        Ok(naive) => naive,
        Err(_) => Date::parse(&text, &Iso8601::DEFAULT).ok()?.with_time(Time::MIDNIGHT),
    };
    Some(naive.assume_utc())
}

fn part(at: OffsetDateTime, letter: char) -> Option<String> {
    let month = at.month().to_string();
    let weekday = at.weekday().to_string();
    let hour12 = (at.hour() + 11) % 12 + 1;
    let offset = at.offset();
    Some(match letter {
        'a' => if at.hour() < 12 { "a.m." } else { "p.m." }.to_owned(),
        'A' => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        'b' => month[..3].to_lowercase(),
        'c' => at.format(&Iso8601::DEFAULT).ok()?,
        'd' => format!("{:02}", at.day()),
        'D' => weekday[..3].to_owned(),
        'e' | 'T' if offset == UtcOffset::UTC => "UTC".to_owned(),
        'F' | 'E' => month,
        'f' if at.minute() == 0 => hour12.to_string(),
        'f' => format!("{hour12}:{:02}", at.minute()),
        'g' => hour12.to_string(),
        'G' => at.hour().to_string(),
        'h' => format!("{hour12:02}"),
        'H' => format!("{:02}", at.hour()),
        'i' => format!("{:02}", at.minute()),
        'j' => at.day().to_string(),
        'l' => weekday,
        'L' => if time::util::is_leap_year(at.year()) { "True" } else { "False" }.to_owned(),
        'm' => format!("{:02}", u8::from(at.month())),
        'M' => month[..3].to_owned(),
        'n' => u8::from(at.month()).to_string(),
        'N' => associated_press(at.month()).to_owned(),
        'o' => at.to_iso_week_date().0.to_string(),
        'O' | 'e' | 'T' => {
            let minutes = offset.whole_minutes().abs();
            let sign = if offset.is_negative() { '-' } else { '+' };
            format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
        }
        'P' => match (at.hour(), at.minute()) {
            (0, 0) => "midnight".to_owned(),
            (12, 0) => "noon".to_owned(),
            _ => format!("{} {}", part(at, 'f')?, part(at, 'a')?),
        },
        'r' => at.format(&Rfc2822).ok()?,
        's' => format!("{:02}", at.second()),
        'S' => match at.day() {
            1 | 21 | 31 => "st",
            2 | 22 => "nd",
            3 | 23 => "rd",
            _ => "th",
        }
        .to_owned(),
        't' => at.month().length(at.year()).to_string(),
        'u' => format!("{:06}", at.microsecond()),
        'U' => at.unix_timestamp().to_string(),
        'w' => at.weekday().number_days_from_sunday().to_string(),
        'W' => at.iso_week().to_string(),
        'y' => format!("{:02}", at.year().rem_euclid(100)),
        'Y' => format!("{:04}", at.year()),
        'z' => at.ordinal().to_string(),
        'Z' => offset.whole_seconds().to_string(),
        _ => return None,
    })
}

/// The month, abbreviated in the style of the Associated Press.
fn associated_press(month: Month) -> &'static str {
    match month {
        Month::January => "Jan.",
        Month::February => "Feb.",
        Month::March => "March",
        Month::April => "April",
        Month::May => "May",
        Month::June => "June",
        Month::July => "July",
        Month::August => "Aug.",
        Month::September => "Sept.",
        Month::October => "Oct.",
        Month::November => "Nov.",
        Month::December => "Dec.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(value: impl Into<Value>, format: &str) -> String {
        date(&value.into(), Some(format)).expect("a moment and known letters")
    }

    #[test]
    fn letters_are_djangos() {
        let text = "2024-02-09T04:05:06.000789Z";
        let pairs = "a A b d D e f F g G h H i j l L m M n N o O P s S t u U w W y Y z Z";
        let shown = "a.m.|AM|feb|09|Fri|UTC|4:05|February|4|4|04|04|05|9|Friday|True|02|Feb|2|Feb.|2024|\
                     +0000|4:05 a.m.|06|th|29|000789|1707451506|5|6|24|2024|40|0";
        for (letter, shown) in pairs.split(' ').zip(shown.split('|')) {
            assert_eq!(show(text, letter), shown, "{letter}");
        }
        assert_eq!(show(text, r"jS \o\f F Y"), "9th of February 2024");
        assert_eq!(show(text, "r"), "Fri, 09 Feb 2024 04:05:06 +0000");
    }

    #[test]
    fn moments_come_in_several_shapes() {
        assert_eq!(show(1_704_024_000, "Y-m-d H:i P"), "2023-12-31 12:00 noon");
        assert_eq!(show("2023-07-22 00:30:00+00:00", "N jS, P"), "July 22nd, 12:30 a.m.");
        assert_eq!(show("2023-07-22", "d.m.y"), "22.07.23");
        assert_eq!(show("", "Y"), "");
        let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400);
        assert_eq!(show(super::super::to_value(later), "Y-m-d"), "1970-01-02");
        assert!(date(&Value::from("yesterday"), None).is_err());
        assert!(date(&Value::from(0), Some("x")).is_err());
    }
}
