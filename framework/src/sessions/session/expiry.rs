//! When sessions end: the settings that decide it, and the stored `_session_expiry`.
//!
//! Follows `SessionBase.get_expiry_age` and `get_expiry_date` in django/contrib/sessions/backends/base.py.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339};

use crate::{
    Clock, clock,
    settings::{Settings, TimeZone},
};

/// Django's key of a session's own expiry.
pub(in crate::sessions) const EXPIRY_KEY: &str = "_session_expiry";
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
    /// The zone of moments without an offset, which a Django site with `USE_TZ = False` writes and expects;
    /// none if moments have an offset.
    pub(in crate::sessions) naive: Option<TimeZone>,
}

impl ExpiryPolicy {
    pub(in crate::sessions) fn new(settings: &Settings, clock: Clock) -> Self {
        Self {
            cookie_age: settings.session.cookie_age,
            expire_at_browser_close: settings.session.expire_at_browser_close,
            absolute_age: settings.session.absolute_age,
            clock,
            naive: (!settings.use_tz).then_some(settings.time_zone),
        }
    }

    /// The expiry stored in the session, if there is one that can be read.
    pub(in crate::sessions) fn own_expiry(&self, data: &Map<String, Value>) -> Option<Expiry> {
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
            Value::String(text) => parse_moment(text, self.naive).map(in_calendar).map(Expiry::At),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether the session has a stored expiry that cannot be read. The default applies then.
    pub(super) fn is_damaged(&self, data: &Map<String, Value>) -> bool {
        data.get(EXPIRY_KEY).is_some_and(|stored| !stored.is_null()) && self.own_expiry(data).is_none()
    }

    /// The moment at which a session last changed at `modified` ends: by its own or the default expiry, or
    /// by `SESSION_ABSOLUTE_AGE` if that is earlier.
    pub(in crate::sessions) fn ends(
        &self,
        data: &Map<String, Value>,
        created: Option<SystemTime>,
        modified: SystemTime,
    ) -> SystemTime {
        let idle_end = match self.own_expiry(data) {
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

    /// Returns an expiry as Django stores it; `None` removes it.
    pub(in crate::sessions) fn stored(&self, expiry: Expiry) -> Option<Value> {
        match expiry {
            Expiry::Default => None,
            Expiry::BrowserClose => Some(Value::from(0)),
            // 0 would mean browser close: a fraction of a second counts as one.
            Expiry::After(age) => Some(Value::from(age.as_secs().max(1))),
            Expiry::At(moment) => Some(Value::from(format_moment(in_calendar(moment), self.naive))),
        }
    }

    pub(in crate::sessions) fn closes_with_browser(&self, data: &Map<String, Value>) -> bool {
        match self.own_expiry(data) {
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
            naive: None,
        }
    }
}

/// The moment, or the nearest one that Python's datetime and the databases' columns can hold: the years 1 to
/// 9999.
fn in_calendar(moment: SystemTime) -> SystemTime {
    later(moment.max(clock::from_unix(-62_135_596_800)), Duration::ZERO)
}

/// `moment + age`, or the end of the calendar if that is earlier.
fn later(moment: SystemTime, age: Duration) -> SystemTime {
    let last = clock::last_moment();
    moment.checked_add(age).map_or(last, |end| end.min(last))
}

/// Writes a moment as `datetime.isoformat()`: `2031-02-03T04:05:06.000789+00:00`, or the local time without an
/// offset.
fn format_moment(moment: SystemTime, naive: Option<TimeZone>) -> String {
    match naive {
        Some(zone) => zone.to_iso(moment),
        None => format!("{}+00:00", TimeZone::UTC.to_iso(moment)),
    }
}

/// Reads what `datetime.isoformat()` wrote. A moment without an offset is a local time of the zone, or UTC.
fn parse_moment(text: &str, naive: Option<TimeZone>) -> Option<SystemTime> {
    use time::macros::format_description;
    let text = text.replacen(' ', "T", 1);
    if let Ok(moment) = OffsetDateTime::parse(&text, &Rfc3339) {
        return Some(moment.into());
    }
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    let local = PrimitiveDateTime::parse(&text, format).ok()?;
    Some(naive.unwrap_or(TimeZone::UTC).latest_moment(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_go_both_ways_as_python_writes_them() {
        for text in ["2031-02-03T04:05:06.000789+00:00", "2031-02-03T04:05:06+00:00"] {
            let moment = parse_moment(text, None).expect("a moment");
            assert_eq!(format_moment(moment, None), text);
        }
        let zoned = parse_moment("2031-02-03T06:05:06+02:00", None);
        assert_eq!(zoned, parse_moment("2031-02-03T04:05:06", None));
        assert_eq!(parse_moment("tomorrow", None), None);
        let paris = TimeZone::find("Europe/Paris");
        assert_eq!(parse_moment("2031-02-03T05:05:06", paris), zoned, "a naive moment is a local time");
        assert_eq!(parse_moment("2031-02-03T06:05:06+02:00", paris), zoned);
        assert_eq!(format_moment(zoned.expect("a moment"), paris), "2031-02-03T05:05:06");
    }

    #[test]
    fn moments_outside_the_calendar_are_the_nearest_inside() {
        let policy = ExpiryPolicy::default();
        let ends = |stored: &str| {
            let data = Map::from_iter([(EXPIRY_KEY.to_owned(), Value::from(stored))]);
            assert!(!ExpiryPolicy::default().is_damaged(&data), "{stored}");
            clock::unix(policy.ends(&data, None, SystemTime::now()))
        };
        assert_eq!(ends("9999-12-31T23:59:59-23:00"), 253_402_300_799);
        assert_eq!(ends("0001-01-01T00:00:00+23:00"), -62_135_596_800);
        for (seconds, text) in
            [(i64::MIN, "0001-01-01T00:00:00+00:00"), (i64::MAX, "9999-12-31T23:59:59+00:00")]
        {
            assert_eq!(policy.stored(Expiry::At(clock::from_unix(seconds))), Some(Value::from(text)));
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
            assert_eq!(ExpiryPolicy::default().is_damaged(&data), damaged, "{data:?}");
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
