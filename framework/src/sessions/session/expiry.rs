//! When sessions end: the settings that decide it, and the stored `_session_expiry`.
//!
//! Follows `SessionBase.get_expiry_age` and `get_expiry_date` in django/contrib/sessions/backends/base.py.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::{Clock, clock, settings::Settings};

/// Django's key of a session's own expiry.
pub(super) const EXPIRY_KEY: &str = "_session_expiry";
/// Our key of the moment of creation, Unix seconds; written under `SESSION_ABSOLUTE_AGE` only.
pub(super) const CREATED_KEY: &str = "_session_created";

/// When a session ends.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{Expiry, Session};
/// use std::time::Duration;
///
/// let mut session = Session::default();
/// session.set_expiry(Expiry::After(Duration::from_secs(300)));
/// assert_eq!(session.expiry_age(), Duration::from_secs(300));
/// session.set_expiry(Expiry::BrowserClose);
/// assert!(session.expires_at_browser_close());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// Expires this long after the last change, in whole seconds (Django's `set_expiry(300)`).
    After(Duration),
    /// Expires at this moment (Django's `set_expiry(datetime)`).
    At(SystemTime),
    /// Expires when the browser closes, and on the server after `SESSION_COOKIE_AGE` (Django's
    /// `set_expiry(0)`).
    BrowserClose,
    /// Expires as the settings say (Django's `set_expiry(None)`).
    Default,
}

/// The settings that decide when sessions end, and the clock.
#[derive(Clone, Debug)]
pub(in crate::sessions) struct ExpiryPolicy {
    pub(in crate::sessions) cookie_age: Duration,
    pub(in crate::sessions) expire_at_browser_close: bool,
    pub(in crate::sessions) absolute_age: Option<Duration>,
    pub(in crate::sessions) clock: Clock,
}

impl ExpiryPolicy {
    pub(in crate::sessions) fn new(settings: &Settings, clock: Clock) -> Self {
        Self {
            cookie_age: settings.session.cookie_age,
            expire_at_browser_close: settings.session.expire_at_browser_close,
            absolute_age: settings.session.absolute_age,
            clock,
        }
    }

    /// The expiry stored in the session, if there is one that can be read.
    pub(in crate::sessions) fn own_expiry(data: &Map<String, Value>) -> Option<Expiry> {
        match data.get(EXPIRY_KEY)? {
            Value::Null => None,
            Value::Number(seconds) => match seconds.as_f64() {
                Some(0.0) => Some(Expiry::BrowserClose),
                // Django allows negative ages: the session ended before its last change.
                Some(seconds) if seconds < 0.0 => Some(Expiry::After(Duration::ZERO)),
                Some(seconds) => {
                    Some(Expiry::After(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
                }
                None => None,
            },
            Value::String(text) => {
                let moment = parse_moment(text);
                moment.map(in_calendar).map(Expiry::At)
            }
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether the session has a stored expiry that cannot be read. The default applies then.
    pub(super) fn is_damaged(data: &Map<String, Value>) -> bool {
        data.get(EXPIRY_KEY).is_some_and(|stored| !stored.is_null()) && Self::own_expiry(data).is_none()
    }

    /// The moment at which a session last changed at `modified` ends: by its own or the default expiry, or
    /// by `SESSION_ABSOLUTE_AGE` if that is earlier.
    pub(in crate::sessions) fn ends(
        &self,
        data: &Map<String, Value>,
        created: Option<SystemTime>,
        modified: SystemTime,
    ) -> SystemTime {
        let idle_end = match Self::own_expiry(data) {
            Some(Expiry::At(moment)) => moment,
            Some(Expiry::After(age)) => later(modified, age),
            Some(Expiry::BrowserClose | Expiry::Default) | None => later(modified, self.cookie_age),
        };
        in_calendar(self.absolute_end(created).map_or(idle_end, |end| end.min(idle_end)))
    }

    /// The moment at which `SESSION_ABSOLUTE_AGE` ends a session made at `created`, if it applies.
    pub(in crate::sessions) fn absolute_end(&self, created: Option<SystemTime>) -> Option<SystemTime> {
        Some(later(created?, self.absolute_age?))
    }

    pub(in crate::sessions) fn closes_with_browser(&self, data: &Map<String, Value>) -> bool {
        match Self::own_expiry(data) {
            None => self.expire_at_browser_close,
            Some(expiry) => expiry == Expiry::BrowserClose,
        }
    }
}

impl Default for ExpiryPolicy {
    fn default() -> Self {
        Self {
            cookie_age: Duration::from_secs(1_209_600),
            expire_at_browser_close: false,
            absolute_age: None,
            clock: Clock::system(),
        }
    }
}

/// The moment, or the nearest one that Python's datetime and the databases' columns can hold: the years 1 to
/// 9999.
fn in_calendar(moment: SystemTime) -> SystemTime {
    later(moment.max(clock::from_unix(-62_135_596_800)), Duration::ZERO)
}

/// `moment + age`, or the last day of the calendar if that is earlier.
fn later(moment: SystemTime, age: Duration) -> SystemTime {
    // 9999-12-31 is the last day that Python's datetime and the databases' columns can hold.
    let last = clock::from_unix(253_402_300_799);
    moment.checked_add(age).map_or(last, |end| end.min(last))
}

/// An expiry as Django stores it. `None` removes the stored one.
pub(super) fn to_stored(expiry: Expiry) -> Option<Value> {
    match expiry {
        Expiry::Default => None,
        Expiry::BrowserClose => Some(Value::from(0)),
        // 0 would mean browser close, so a fraction of a second counts as a second.
        Expiry::After(age) => Some(Value::from(age.as_secs().max(1))),
        Expiry::At(moment) => Some(Value::from(format_moment(in_calendar(moment)))),
    }
}

/// `datetime.isoformat()` in UTC: `2031-02-03T04:05:06.000789+00:00`.
fn format_moment(moment: SystemTime) -> String {
    let moment = OffsetDateTime::from(moment);
    let fraction = match moment.microsecond() {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    let (date, (hour, minute, second)) = (moment.date(), moment.time().as_hms());
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}+00:00")
}

/// Reads the text that `datetime.isoformat()` wrote. Without an offset (`USE_TZ = False`) it counts as UTC.
fn parse_moment(text: &str) -> Option<SystemTime> {
    use time::macros::format_description;
    let text = text.replacen(' ', "T", 1);
    if let Ok(moment) = OffsetDateTime::parse(&text, &Rfc3339) {
        return Some(moment.into());
    }
    let naive = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    let moment = PrimitiveDateTime::parse(&text, naive).ok()?;
    Some(moment.assume_offset(UtcOffset::UTC).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_go_both_ways_as_python_writes_them() {
        for text in ["2031-02-03T04:05:06.000789+00:00", "2031-02-03T04:05:06+00:00"] {
            let moment = parse_moment(text).expect("a moment");
            assert_eq!(format_moment(moment), text);
        }
        let zoned = parse_moment("2031-02-03T06:05:06+02:00");
        assert_eq!(zoned, parse_moment("2031-02-03T04:05:06"));
        assert_eq!(parse_moment("tomorrow"), None);
    }

    #[test]
    fn moments_outside_the_calendar_are_the_nearest_inside() {
        let policy = ExpiryPolicy::default();
        let ends = |stored: &str| {
            let data = Map::from_iter([(EXPIRY_KEY.to_owned(), Value::from(stored))]);
            assert!(!ExpiryPolicy::is_damaged(&data), "{stored}");
            clock::unix(policy.ends(&data, None, SystemTime::now()))
        };
        assert_eq!(ends("9999-12-31T23:59:59-23:00"), 253_402_300_799);
        assert_eq!(ends("0001-01-01T00:00:00+23:00"), -62_135_596_800);
        for (seconds, text) in
            [(i64::MIN, "0001-01-01T00:00:00+00:00"), (i64::MAX, "9999-12-31T23:59:59+00:00")]
        {
            assert_eq!(to_stored(Expiry::At(clock::from_unix(seconds))), Some(Value::from(text)));
        }
        let ancient = Some(clock::from_unix(i64::MIN));
        let policy = ExpiryPolicy { absolute_age: Some(Duration::from_secs(1)), ..policy };
        assert_eq!(clock::unix(policy.ends(&Map::new(), ancient, SystemTime::now())), -62_135_596_800);
    }

    #[test]
    fn a_damaged_expiry_is_found() {
        for (stored, damaged) in
            [("null", false), ("0", false), ("\"tomorrow\"", true), ("[]", true), ("true", true)]
        {
            let stored = serde_json::from_str(stored).expect("JSON");
            let data = Map::from_iter([(EXPIRY_KEY.to_owned(), stored)]);
            assert_eq!(ExpiryPolicy::is_damaged(&data), damaged, "{data:?}");
        }
    }

    #[test]
    fn ages_too_large_for_any_calendar_end_with_it() {
        let mut data = Map::new();
        data.insert(EXPIRY_KEY.into(), Value::from(u64::MAX));
        let end = ExpiryPolicy::default().ends(&data, None, SystemTime::now());
        assert_eq!(clock::unix(end), 253_402_300_799);
    }
}
