//! Fields of dates and times: `date`, `datetime`, `time`, in the form that browsers send.

use std::ops::{Bound, RangeBounds};

use time::{Date, Month, PrimitiveDateTime, Time};

use super::{Field, Form, message::FormMessage, widget::Widget};

/// A date (`time::Date`), a date with a time (`time::PrimitiveDateTime`) or a time of day (`time::Time`).
///
/// # Examples
///
/// ```
/// use nuages::http::{Field, Form, MomentKind};
/// use time::{Date, macros::date};
///
/// fn arrival(field: Field<'_, MomentKind<Date>>) -> Date {
///     field.range(date!(2026 - 01 - 01)..).required()
/// }
/// let mut form = Form::from_json(nuages::json!({ "arrival": "2026-02-30" }));
/// arrival(form.date("arrival"));
/// assert_eq!(form.errors()[0].1, "Enter a date such as 2026-01-31.");
/// ```
pub struct MomentKind<T> {
    parse: fn(&str) -> Option<T>,
    show: fn(T) -> String,
    placeholder: T,
    invalid: &'static str,
    min: Option<T>,
    max: Option<T>,
}

impl Form {
    /// A date: `2026-01-31`.
    pub fn date(&mut self, name: &str) -> Field<'_, MomentKind<Date>> {
        let kind = MomentKind {
            parse: date,
            show: show_date,
            placeholder: Date::MIN,
            invalid: "Enter a date such as 2026-01-31.",
            min: None,
            max: None,
        };
        Field::new(self, name, Widget::Input("date"), kind)
    }

    /// A date and a time, without a zone: `2026-01-31T12:30`, with a `T` or a space, with or without
    /// seconds.
    pub fn datetime(&mut self, name: &str) -> Field<'_, MomentKind<PrimitiveDateTime>> {
        let kind = MomentKind {
            parse: datetime,
            show: |moment| format!("{}T{}", show_date(moment.date()), show_time(moment.time())),
            placeholder: PrimitiveDateTime::new(Date::MIN, Time::MIDNIGHT),
            invalid: "Enter a date and a time such as 2026-01-31 12:30.",
            min: None,
            max: None,
        };
        Field::new(self, name, Widget::Input("datetime-local"), kind)
    }

    /// A time of day: `12:30`, with or without seconds.
    pub fn time(&mut self, name: &str) -> Field<'_, MomentKind<Time>> {
        let kind = MomentKind {
            parse: clock,
            show: show_time,
            placeholder: Time::MIDNIGHT,
            invalid: "Enter a time such as 12:30.",
            min: None,
            max: None,
        };
        Field::new(self, name, Widget::Input("time"), kind)
    }
}

impl<T: Copy + PartialOrd> MomentKind<T> {
    fn read(&self, sent: &str) -> Result<T, FormMessage> {
        let invalid = || FormMessage::new("invalid", self.invalid);
        let moment = (self.parse)(sent.trim()).ok_or_else(invalid)?;
        if let Some(limit) = self.min.filter(|limit| moment < *limit) {
            let text = "Enter {limit} or later.";
            return Err(FormMessage::new("min_value", text).with("limit", (self.show)(limit)));
        }
        if let Some(limit) = self.max.filter(|limit| moment > *limit) {
            let text = "Enter {limit} or earlier.";
            return Err(FormMessage::new("max_value", text).with("limit", (self.show)(limit)));
        }
        Ok(moment)
    }
}

impl<T: Copy + PartialOrd> Field<'_, MomentKind<T>> {
    /// Limits the value: `first..=last`, `first..`, `..=last`. The last one is included in every case.
    pub fn range(mut self, range: impl RangeBounds<T>) -> Self {
        let limit = |bound: Bound<&T>| match bound {
            Bound::Included(limit) | Bound::Excluded(limit) => Some(*limit),
            Bound::Unbounded => None,
        };
        (self.kind.min, self.kind.max) = (limit(range.start_bound()), limit(range.end_bound()));
        self
    }

    /// The value. It must be there.
    pub fn required(self) -> T {
        let placeholder = self.kind.placeholder;
        self.moment(true).unwrap_or(placeholder)
    }

    /// The value; `None` if nothing was entered.
    pub fn optional(self) -> Option<T> {
        self.moment(false)
    }

    fn moment(mut self, required: bool) -> Option<T> {
        let show = self.kind.show;
        if let Some(limit) = self.kind.min {
            self.attribute("min", show(limit));
        }
        if let Some(limit) = self.kind.max {
            self.attribute("max", show(limit));
        }
        self.read(required, MomentKind::read)
    }
}

/// A number of this many digits.
fn digits<N: std::str::FromStr>(text: &str, count: usize) -> Option<N> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let month = Month::try_from(digits::<u8>(month, 2)?).ok()?;
    Date::from_calendar_date(digits(year, 4).filter(|year| *year > 0)?, month, digits(day, 2)?).ok()
}

fn clock(text: &str) -> Option<Time> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, rest) = rest.split_once(':').unwrap_or((rest, "00"));
    let (second, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    let micros = match fraction.len() {
        1..=6 => {
            digits::<u32>(fraction, fraction.len())? * 10_u32.pow(6 - u32::try_from(fraction.len()).ok()?)
        }
        _ => return None,
    };
    Time::from_hms_micro(digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?, micros).ok()
}

fn datetime(text: &str) -> Option<PrimitiveDateTime> {
    let (day, moment) = text.split_once(['T', ' '])?;
    Some(PrimitiveDateTime::new(date(day)?, clock(moment)?))
}

fn show_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn show_time(time: Time) -> String {
    let seconds = if time.second() == 0 { String::new() } else { format!(":{:02}", time.second()) };
    format!("{:02}:{:02}{seconds}", time.hour(), time.minute())
}
