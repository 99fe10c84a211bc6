//! The filter `date` in the time zone of the settings, as Django's `template_localtime` (django/utils/timezone.py).
//!
//! Unix seconds and a `SystemTime` are shown in `TIME_ZONE`. ISO 8601 text with an offset is converted to it
//! too, except under `USE_TZ = false`; text without an offset is a local time and is shown unchanged.

use minijinja::{Error, Value};
use time::{OffsetDateTime, format_description::well_known::Iso8601};

use super::dates;
use crate::settings::Settings;

/// The filter for these settings.
pub(super) fn date_filter(
    settings: &Settings,
) -> impl Fn(&Value, Option<&str>) -> Result<String, Error> + Send + Sync + 'static {
    let (zone, use_tz) = (settings.time_zone, settings.use_tz);
    move |value: &Value, format: Option<&str>| match moment(value, use_tz) {
        Some(moment) => {
            let (local, name) = zone.localize(moment);
            let text = local.format(&Iso8601::DEFAULT).map(Value::from);
            let format = format.map(|format| with_zone_name(format, name));
            dates::date(text.as_ref().unwrap_or(value), format.as_deref())
        }
        None => dates::date(value, format),
    }
}

/// The moment of a value, if it is one and not a local time.
fn moment(value: &Value, use_tz: bool) -> Option<OffsetDateTime> {
    match value.as_str() {
        Some(text) => {
            OffsetDateTime::parse(&text.replacen(' ', "T", 1), &Iso8601::DEFAULT).ok().filter(|_| use_tz)
        }
        None if value.is_none() || value.is_undefined() => None,
        None => dates::moment(value),
    }
}

/// The format with the letters `e` and `T` replaced by the zone's abbreviation, such as `CST`.
fn with_zone_name(format: &str, name: &str) -> String {
    let mut replaced = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => replaced.extend(['\\'].into_iter().chain(letters.next())),
            'e' | 'T' => replaced.extend(name.chars().flat_map(|letter| ['\\', letter])),
            letter => replaced.push(letter),
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_in_the_time_zone_and_local_times_unchanged() {
        // Each: the settings, and what is shown of a moment in winter, one in summer, an offset, and a local time.
        for (lines, shown) in [
            (
                "",
                [
                    "2026-01-15 12:00 UTC",
                    "2026-07-15 12:00 UTC",
                    "2026-01-15 12:00 UTC",
                    "2026-01-15 14:00 UTC",
                ],
            ),
            (
                "TIME_ZONE = 'America/Chicago'",
                [
                    "2026-01-15 06:00 CST",
                    "2026-07-15 07:00 CDT",
                    "2026-01-15 06:00 CST",
                    "2026-01-15 14:00 UTC",
                ],
            ),
            (
                "USE_TZ = false\nTIME_ZONE = 'America/Chicago'",
                [
                    "2026-01-15 06:00 CST",
                    "2026-07-15 07:00 CDT",
                    "2026-01-15 14:00 +0200",
                    "2026-01-15 14:00 UTC",
                ],
            ),
        ] {
            let text = format!("SECRET_KEY = 'x'\nDEBUG = true\n{lines}");
            let settings = Settings::from_toml(&text, ".".as_ref()).expect("settings");
            let date = date_filter(&settings);
            let values = [
                Value::from(1_768_478_400),
                Value::from(1_784_116_800),
                Value::from("2026-01-15T14:00:00+02:00"),
                Value::from("2026-01-15 14:00:00"),
            ];
            for (value, shown) in values.iter().zip(shown) {
                assert_eq!(date(value, Some("Y-m-d H:i T")).expect("a moment"), shown, "{lines} {value}");
            }
            assert_eq!(date(&Value::from(""), None).expect("no moment"), "");
            assert!(date(&Value::from("yesterday"), None).is_err());
        }
        assert_eq!(with_zone_name(r"\T e", "CST"), r"\T \C\S\T");
    }
}
