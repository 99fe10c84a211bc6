//! The kinds of values that settings take: how each is told, checked and turned into Rust's types.
//!
//! The words of [`Kind::describe`] stand both in the docs' table and in errors ("expected …").

use std::{borrow::Cow, time::Duration};

use toml::de::{DeInteger, DeValue};

/// Settings of time end here: far enough for anyone, and far from the end of any calendar.
const HUNDRED_YEARS: u64 = 3_155_760_000;

/// What a setting's value must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Flag,
    Text,
    OptionalText,
    Secret,
    Secrets,
    List,
    /// A list, or one text that separates its items by commas or semicolons, as Django's `LOCATION`.
    Urls,
    Path,
    Paths,
    /// Django's durations.
    Seconds {
        least: u64,
        none: bool,
    },
    /// Durations of our own, and of SQLite's `timeout`: fractions are welcome.
    Time,
    Count {
        least: u64,
        most: u64,
        none: bool,
    },
    /// A number, or a text that holds one, or an empty one, as Django's `PORT`.
    Port,
    /// Each choice with Django's dotted name for it, or an empty text.
    Choice(&'static [(&'static str, &'static str)]),
    /// As `Choice`, but other names stay as they are: a project may register them.
    OpenChoice(&'static [(&'static str, &'static str)]),
    SameSite,
    /// A header's name, as it is sent or as Django's `META` has it.
    Header,
    /// Such a name and a value.
    HeaderPair,
    Serializer,
}

/// A value of the right kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Typed {
    Flag(bool),
    Text(Option<String>),
    List(Vec<String>),
    Seconds(Option<Duration>),
    Count(Option<u64>),
}

/// A value of the wrong kind: what is said about it.
#[derive(Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Refused {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Kind {
    /// The kind in words.
    pub(super) fn describe(self) -> Cow<'static, str> {
        let or_none = |none| if none { ", or \"none\"" } else { "" };
        match self {
            Kind::Flag => "true or false".into(),
            Kind::Text | Kind::Secret | Kind::OpenChoice(_) => "text".into(),
            Kind::OptionalText => "text, or \"none\"".into(),
            Kind::Secrets | Kind::List => "a list of texts".into(),
            Kind::Urls => "a URL or a list of URLs".into(),
            Kind::Path => "a path".into(),
            Kind::Paths => "a list of paths".into(),
            Kind::Seconds { least: 0, none } => format!("whole seconds{}", or_none(none)).into(),
            Kind::Seconds { least, none } => {
                format!("whole seconds, at least {least}{}", or_none(none)).into()
            }
            Kind::Time => "seconds, more than 0".into(),
            Kind::Count { least: 0, none, .. } => format!("a whole number{}", or_none(none)).into(),
            Kind::Count { least, none, .. } => {
                format!("a whole number, at least {least}{}", or_none(none)).into()
            }
            Kind::Port => "a port number".into(),
            Kind::Choice(choices) => format!("one of {}", names(choices)).into(),
            Kind::SameSite => "\"Lax\", \"Strict\", \"None\" or false".into(),
            Kind::Header => "the name of a header".into(),
            Kind::HeaderPair => "a list of a header's name and its value".into(),
            Kind::Serializer => "\"json\"".into(),
        }
    }

    /// Whether the value must never be shown.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Kind::Secret | Kind::Secrets)
    }

    /// The value of a setting that is not set and has no default.
    pub(super) fn nothing(self) -> Typed {
        match self {
            Kind::Flag => Typed::Flag(false),
            Kind::Secrets | Kind::List | Kind::Urls | Kind::Paths | Kind::HeaderPair => {
                Typed::List(Vec::new())
            }
            Kind::Seconds { .. } | Kind::Time => Typed::Seconds(None),
            Kind::Count { .. } | Kind::Port => Typed::Count(None),
            _ => Typed::Text(None),
        }
    }

    /// Checks a value and takes it out of TOML.
    pub(super) fn read(self, value: &DeValue<'_>) -> Result<Typed, Refused> {
        let typed = match (self, value) {
            (Kind::Flag, DeValue::Boolean(flag)) => Some(Typed::Flag(*flag)),
            (Kind::Text | Kind::Secret | Kind::Path, DeValue::String(text)) => some_text(text),
            (Kind::OptionalText, DeValue::String(text)) if text.is_empty() || is_none(text) => {
                Some(Typed::Text(None))
            }
            (Kind::OptionalText, DeValue::String(text)) => some_text(text),
            (Kind::List | Kind::Secrets | Kind::Paths | Kind::Urls, DeValue::Array(_)) => {
                texts(value).map(Typed::List)
            }
            (Kind::Urls, DeValue::String(text)) => Some(Typed::List(separated(text, &[',', ';']))),
            (Kind::Seconds { none: true, .. }, DeValue::String(text)) if is_none(text) => {
                Some(Typed::Seconds(None))
            }
            (Kind::Count { none: true, .. }, DeValue::String(text)) if is_none(text) => {
                Some(Typed::Count(None))
            }
            (Kind::Seconds { least, .. }, DeValue::Integer(number)) => {
                return self.duration(whole(number).filter(|n| *n >= least).map(Duration::from_secs));
            }
            (Kind::Time, DeValue::Integer(_) | DeValue::Float(_)) => {
                let seconds = fraction(value).filter(|seconds| *seconds > 0.0);
                return self.duration(seconds.and_then(|n| Duration::try_from_secs_f64(n).ok()));
            }
            (Kind::Count { least, most, .. }, DeValue::Integer(number)) => {
                return self.count(whole(number), least, most);
            }
            (Kind::Port, DeValue::Integer(number)) => return self.count(whole(number), 0, 65_535),
            (Kind::Port, DeValue::String(text)) if text.is_empty() => Some(Typed::Count(None)),
            (Kind::Port, DeValue::String(text)) => return self.count(text.parse().ok(), 0, 65_535),
            (Kind::Choice(choices), DeValue::String(text)) => chosen(choices, text).and_then(some_text),
            (Kind::OpenChoice(choices), DeValue::String(text)) => {
                some_text(chosen(choices, text).unwrap_or(text))
            }
            (Kind::SameSite, DeValue::Boolean(false)) => Some(Typed::Text(None)),
            (Kind::SameSite, DeValue::String(text)) => {
                chosen(&[("Lax", ""), ("Strict", ""), ("None", "")], text).and_then(some_text)
            }
            (Kind::Header, DeValue::String(text)) => header(text).and_then(|name| some_text(&name)),
            (Kind::HeaderPair, DeValue::Array(_)) => match texts(value).as_deref() {
                Some([]) => Some(Typed::List(Vec::new())),
                Some([name, value]) => header(name).map(|name| Typed::List(vec![name, value.clone()])),
                _ => None,
            },
            (Kind::Serializer, DeValue::String(text)) => return serializer(text),
            _ => None,
        };
        typed.ok_or_else(|| self.refused(value))
    }

    fn duration(self, duration: Option<Duration>) -> Result<Typed, Refused> {
        match duration {
            Some(duration) if duration.as_secs() <= HUNDRED_YEARS => Ok(Typed::Seconds(Some(duration))),
            Some(_) => Err(Refused::new(format!("expected at most {HUNDRED_YEARS} seconds (100 years)"))),
            None => Err(Refused::new(format!("expected {}", self.describe()))),
        }
    }

    fn count(self, number: Option<u64>, least: u64, most: u64) -> Result<Typed, Refused> {
        match number {
            Some(number) if number > most => Err(Refused::new(format!("expected at most {most}"))),
            Some(number) if number >= least => Ok(Typed::Count(Some(number))),
            _ => Err(Refused::new(format!("expected {}", self.describe()))),
        }
    }

    fn refused(self, value: &DeValue<'_>) -> Refused {
        let found = if self.is_secret() { format!(", found {}", value.type_str()) } else { String::new() };
        let refused = Refused::new(format!("expected {}{found}", self.describe()));
        match (self, value) {
            (Kind::Flag, DeValue::String(text)) if ["true", "false"].contains(&&*text.to_lowercase()) => {
                refused.hint(format!("write {}, without quotes", text.to_lowercase()))
            }
            (Kind::Seconds { .. } | Kind::Time | Kind::Count { .. }, DeValue::String(text))
                if text.parse::<f64>().is_ok() =>
            {
                refused.hint(format!("write {text}, without quotes"))
            }
            (Kind::List | Kind::Paths, DeValue::String(text)) => {
                refused.hint(format!("put it into brackets: [{text:?}]"))
            }
            (Kind::Text | Kind::OptionalText | Kind::Secret, value)
                if !value.is_array() && !value.is_table() =>
            {
                refused.hint("put it into quotes")
            }
            (Kind::Secrets, DeValue::String(_)) => refused.hint("put it into brackets: [\"…\"]"),
            _ => refused,
        }
    }
}

/// The names of a choice, for people.
pub(super) fn names(choices: &[(&str, &str)]) -> String {
    choices.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Splits a list that stands in one text.
pub(super) fn separated(text: &str, separators: &[char]) -> Vec<String> {
    text.split(separators).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The short name of a choice, told by it in any case or by Django's dotted one.
fn chosen<'a>(choices: &[(&'a str, &str)], text: &str) -> Option<&'a str> {
    let is_meant = |name: &str, dotted: &str| name.eq_ignore_ascii_case(text) || dotted == text;
    choices.iter().find(|(name, dotted)| is_meant(name, dotted)).map(|(name, _)| *name)
}

fn some_text(text: &str) -> Option<Typed> {
    Some(Typed::Text(Some(text.to_owned())))
}

fn is_none(text: &str) -> bool {
    text.eq_ignore_ascii_case("none")
}

fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

fn whole(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn fraction(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => whole(number).map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

/// `HTTP_X_CSRFTOKEN` is Django's name for the header `X-CSRFTOKEN`.
fn header(text: &str) -> Option<String> {
    let name = match text.strip_prefix("HTTP_") {
        Some(name) => name.replace('_', "-"),
        None => text.to_owned(),
    };
    http::HeaderName::from_bytes(name.as_bytes()).is_ok().then_some(name)
}

fn serializer(text: &str) -> Result<Typed, Refused> {
    match text {
        "json" | "django.contrib.sessions.serializers.JSONSerializer" => {
            Ok(Typed::Text(Some("json".to_owned())))
        }
        _ if text.contains("ickle") => Err(Refused::new("sessions are JSON, never pickled").hint(
            "who can write a pickled session can run code: Django itself removed PickleSerializer in 5.0",
        )),
        _ => Err(Refused::new("sessions are JSON: expected \"json\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, toml: &str) -> Result<Typed, Refused> {
        kind.read(DeValue::parse(toml).expect("TOML").get_ref())
    }

    #[test]
    fn metas_names_of_headers_become_the_sent_ones() {
        let csrf = read(Kind::Header, "\"HTTP_X_CSRFTOKEN\"");
        assert_eq!(csrf, Ok(Typed::Text(Some("X-CSRFTOKEN".into()))));
        assert!(read(Kind::Header, "\"no header\"").is_err());
        assert!(read(Kind::HeaderPair, "[\"X-Forwarded-Proto\"]").is_err());
    }

    #[test]
    fn numbers_are_read_in_every_notation_of_toml() {
        let seconds = Kind::Seconds { least: 1, none: false };
        for text in ["3600", "3_600", "0xe10"] {
            assert_eq!(read(seconds, text), Ok(Typed::Seconds(Some(Duration::from_secs(3600)))));
        }
        for text in ["0", "-1", "1.5", "99999999999", "true", "\"none\""] {
            assert!(read(seconds, text).is_err(), "{text}");
        }
        assert_eq!(read(Kind::Time, "0.5"), Ok(Typed::Seconds(Some(Duration::from_millis(500)))));
        for text in ["0", "nan", "inf", "-0.5"] {
            assert!(read(Kind::Time, text).is_err(), "{text}");
        }
    }

    #[test]
    fn samesite_false_sends_no_attribute_and_none_sends_none() {
        assert_eq!(read(Kind::SameSite, "false"), Ok(Typed::Text(None)));
        assert_eq!(read(Kind::SameSite, "\"none\""), Ok(Typed::Text(Some("None".into()))));
        assert!(read(Kind::SameSite, "true").is_err());
    }
}
