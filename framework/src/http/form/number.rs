//! Fields of numbers: `integer`, `float`, `decimal`.

use std::{
    ops::{Bound, RangeBounds},
    str::FromStr,
};

use super::{Field, Form, checks, message::FormMessage, widget::Widget};

/// A whole number.
///
/// # Examples
///
/// ```
/// use nuages::http::{Field, Form, IntegerKind};
///
/// fn adult(field: Field<'_, IntegerKind>) -> u8 {
///     field.range(18..=130).required()
/// }
/// let mut form = Form::from_json(nuages::json!({ "age": 17 }));
/// adult(form.integer("age"));
/// assert_eq!(form.errors()[0].1, "Enter 18 or more.");
/// ```
#[derive(Default)]
pub struct IntegerKind {
    min: Option<i128>,
    max: Option<i128>,
}

/// A number with decimals, as a floating-point number.
///
/// # Examples
///
/// ```
/// use nuages::http::{Field, FloatKind, Form};
///
/// fn share(field: Field<'_, FloatKind>) -> Option<f64> {
///     field.range(0.0..=1.0).optional()
/// }
/// let mut form = Form::from_json(nuages::json!({ "share": "0,5" }));
/// share(form.float("share"));
/// assert!(form.errors()[0].1.starts_with("Enter a number without commas"));
/// ```
#[derive(Default)]
pub struct FloatKind {
    limits: Limits,
}

/// A number with decimals, digit by digit, for any type that is read from text.
///
/// # Examples
///
/// ```
/// use nuages::http::{DecimalKind, Field, Form};
///
/// fn price(field: Field<'_, DecimalKind>) -> String {
///     field.places(2).range(0..).required()
/// }
/// let mut form = Form::from_json(nuages::json!({ "price": "19.90" }));
/// let price = price(form.decimal("price"));
/// assert_eq!(form.valid(price).as_deref(), Some("19.90"));
/// ```
#[derive(Default)]
pub struct DecimalKind {
    limits: Limits,
    places: Option<usize>,
    max_digits: Option<usize>,
}

#[derive(Default)]
struct Limits {
    min: Option<Bound<f64>>,
    max: Option<Bound<f64>>,
}

impl Form {
    /// A whole number. `1.0` is one too, as in Django.
    pub fn integer(&mut self, name: &str) -> Field<'_, IntegerKind> {
        Field::new(self, name, Widget::Input("number"), IntegerKind::default())
    }

    /// A number with decimals, as `f64`.
    pub fn float(&mut self, name: &str) -> Field<'_, FloatKind> {
        let mut field = Field::new(self, name, Widget::Input("number"), FloatKind::default());
        field.attribute("step", "any");
        field
    }

    /// A number with decimals, as text or as any type that is read from text, such as that of a crate for
    /// decimals.
    pub fn decimal(&mut self, name: &str) -> Field<'_, DecimalKind> {
        Field::new(self, name, Widget::Input("number"), DecimalKind::default())
    }
}

fn too_small(limit: impl std::fmt::Display) -> FormMessage {
    FormMessage::new("min_value", "Enter {limit} or more.").with("limit", limit)
}

fn too_large(limit: impl std::fmt::Display) -> FormMessage {
    FormMessage::new("max_value", "Enter {limit} or less.").with("limit", limit)
}

impl IntegerKind {
    fn read<T: TryFrom<i128>>(&self, sent: &str) -> Result<T, FormMessage> {
        let text = checks::number(sent)?;
        // Django removes `.0` and `.00`.
        let whole = match text.split_once('.') {
            Some((whole, decimals)) if decimals.bytes().all(|byte| byte == b'0') => whole,
            _ => text,
        };
        let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FormMessage::new("invalid", "Enter a whole number."));
        }
        let out_of_range = || FormMessage::new("out_of_range", "This number is out of range.");
        let number: i128 = whole.parse().map_err(|_| out_of_range())?;
        if let Some(limit) = self.min.filter(|limit| number < *limit) {
            return Err(too_small(limit));
        }
        if let Some(limit) = self.max.filter(|limit| number > *limit) {
            return Err(too_large(limit));
        }
        T::try_from(number).map_err(|_| out_of_range())
    }
}

impl Limits {
    fn set<N: Into<f64> + Copy>(&mut self, range: &impl RangeBounds<N>) {
        self.min = limit(range.start_bound());
        self.max = limit(range.end_bound());
    }

    fn check(&self, number: f64) -> Result<(), FormMessage> {
        match self.min {
            Some(Bound::Included(limit)) if number < limit => return Err(too_small(limit)),
            Some(Bound::Excluded(limit)) if number <= limit => {
                return Err(FormMessage::new("min_value", "Enter more than {limit}.").with("limit", limit));
            }
            _ => {}
        }
        match self.max {
            Some(Bound::Included(limit)) if number > limit => Err(too_large(limit)),
            Some(Bound::Excluded(limit)) if number >= limit => {
                Err(FormMessage::new("max_value", "Enter less than {limit}.").with("limit", limit))
            }
            _ => Ok(()),
        }
    }

    fn attributes(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let value = |bound: Option<Bound<f64>>| match bound {
            Some(Bound::Included(limit) | Bound::Excluded(limit)) => Some(limit),
            _ => None,
        };
        [("min", value(self.min)), ("max", value(self.max))]
            .into_iter()
            .filter_map(|(name, limit)| Some((name, limit?)))
    }
}

fn limit<N: Into<f64> + Copy>(bound: Bound<&N>) -> Option<Bound<f64>> {
    match bound {
        Bound::Unbounded => None,
        bound => Some(bound.map(|limit| (*limit).into())),
    }
}

fn float(text: &str) -> Result<f64, FormMessage> {
    let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| FormMessage::new("invalid", "Enter a number."))
}

impl DecimalKind {
    fn read<T: FromStr>(&self, sent: &str) -> Result<T, FormMessage> {
        let text = checks::number(sent)?;
        let invalid = || FormMessage::new("invalid", "Enter a number.");
        if text.contains(['e', 'E']) {
            return Err(invalid());
        }
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        if let Some(limit) = self.places.filter(|limit| decimals.len() > *limit) {
            let text = "Enter at most {limit} decimals.";
            return Err(FormMessage::new("max_decimal_places", text).with("limit", limit));
        }
        let digits = whole.trim_start_matches(['+', '-', '0']).len() + decimals.len();
        if let Some(limit) = self.max_digits.filter(|limit| digits > *limit) {
            let text = "Enter at most {limit} digits.";
            return Err(FormMessage::new("max_digits", text).with("limit", limit));
        }
        self.limits.check(float(text)?)?;
        text.parse().map_err(|_| invalid())
    }
}

impl Field<'_, IntegerKind> {
    /// Limits the number: `18..=130`, `1..`, `..100`.
    pub fn range<N: Into<i128> + Copy>(mut self, range: impl RangeBounds<N>) -> Self {
        self.kind.min = match range.start_bound() {
            Bound::Included(limit) => Some((*limit).into()),
            Bound::Excluded(limit) => Some((*limit).into() + 1),
            Bound::Unbounded => None,
        };
        self.kind.max = match range.end_bound() {
            Bound::Included(limit) => Some((*limit).into()),
            Bound::Excluded(limit) => Some((*limit).into() - 1),
            Bound::Unbounded => None,
        };
        self
    }

    /// The number. It must be there.
    pub fn required<T: TryFrom<i128> + Default>(self) -> T {
        self.number(true).unwrap_or_default()
    }

    /// The number; `None` if nothing was entered.
    pub fn optional<T: TryFrom<i128>>(self) -> Option<T> {
        self.number(false)
    }

    fn number<T: TryFrom<i128>>(mut self, required: bool) -> Option<T> {
        if let Some(limit) = self.kind.min {
            self.attribute("min", limit);
        }
        if let Some(limit) = self.kind.max {
            self.attribute("max", limit);
        }
        self.read(required, IntegerKind::read)
    }
}

impl Field<'_, FloatKind> {
    /// Limits the number: `0.0..=1.0`, `0.0..`.
    pub fn range<N: Into<f64> + Copy>(mut self, range: impl RangeBounds<N>) -> Self {
        self.kind.limits.set(&range);
        self
    }

    /// The number. It must be there.
    pub fn required(self) -> f64 {
        self.number(true).unwrap_or_default()
    }

    /// The number; `None` if nothing was entered.
    pub fn optional(self) -> Option<f64> {
        self.number(false)
    }

    fn number(mut self, required: bool) -> Option<f64> {
        self.kind.limits.attributes().for_each(|(name, limit)| self.attribute(name, limit));
        self.read(required, |kind, sent| {
            let number = float(checks::number(sent)?)?;
            kind.limits.check(number).map(|()| number)
        })
    }
}

impl Field<'_, DecimalKind> {
    /// Limits the number: `0..`, `0.5..=10.0`.
    pub fn range<N: Into<f64> + Copy>(mut self, range: impl RangeBounds<N>) -> Self {
        self.kind.limits.set(&range);
        self
    }

    /// Limits the number of decimals.
    pub fn places(mut self, places: usize) -> Self {
        self.kind.places = Some(places);
        self
    }

    /// Limits the number of digits, decimals included.
    pub fn max_digits(mut self, digits: usize) -> Self {
        self.kind.max_digits = Some(digits);
        self
    }

    /// The number. It must be there.
    pub fn required<T: FromStr + Default>(self) -> T {
        self.number(true).unwrap_or_default()
    }

    /// The number; `None` if nothing was entered.
    pub fn optional<T: FromStr>(self) -> Option<T> {
        self.number(false)
    }

    fn number<T: FromStr>(mut self, required: bool) -> Option<T> {
        let step = match self.kind.places {
            None => "any".to_owned(),
            Some(0) => "1".to_owned(),
            Some(places) => format!("0.{}1", "0".repeat(places - 1)),
        };
        self.attribute("step", step);
        self.kind.limits.attributes().for_each(|(name, limit)| self.attribute(name, limit));
        self.read(required, DecimalKind::read)
    }
}
