//! The kinds of values that settings take: how each is described, checked and converted to Rust's types.
//!
//! The words of [`ValueKind::describe`] are used in the documentation and in errors ("expected …").

use std::{borrow::Cow, time::Duration};

use toml::de::{DeInteger, DeValue};

use super::{
    choice::{Word, chosen},
    policy,
    refused::Refused,
};
use crate::settings::time_zone::TimeZone;

/// The longest duration that a setting takes. Sums of a moment and two of them stay within any calendar.
const HUNDRED_YEARS: u64 = 3_155_760_000;

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug)]
pub(in crate::settings) enum ValueKind {
    Flag,
    Text,
    OptionalText,
    Secret,
    Secrets,
    List,
    /// A list, or one text with commas or semicolons between the items, as Django's `LOCATION`.
    Urls,
    Path,
    Paths,
    /// Django's durations.
    Seconds {
        least: u64,
        none: bool,
    },
    /// Our own durations, and SQLite's `timeout`: fractions are allowed.
    Time,
    Count {
        least: u64,
        most: u64,
        none: bool,
    },
    /// A number, a text that contains one, or an empty text, as Django's `PORT`.
    Port,
    Choice {
        words: fn() -> Vec<Word>,
        none: bool,
    },
    /// Several words of a choice: a list, or one text with commas between them; or "none".
    Choices(fn() -> Vec<Word>),
    /// A choice that also keeps other names unchanged: a project may register them.
    OpenChoice(&'static [Word]),
    /// A choice that also takes `false`.
    ChoiceOrFalse(fn() -> Vec<Word>),
    /// A header's name, as it is sent or as Django's `META` has it.
    Header,
    /// A header's name and a value.
    HeaderPair,
    Serializer,
    TimeZone,
    /// A number, or one of the words that stand for numbers.
    Level(Levels),
    /// A table of levels and texts.
    Tags(Levels),
    /// A content security policy.
    Policy,
}

/// Words and the numbers that they stand for.
type Levels = &'static [(&'static str, u64)];

/// A value of the right kind.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::settings) enum Typed {
    Flag(bool),
    Text(Option<String>),
    List(Vec<String>),
    Seconds(Option<Duration>),
    Count(Option<u64>),
    Tags(Vec<(u64, String)>),
    Policy(Vec<(String, Vec<String>)>),
}

impl ValueKind {
    /// The kind in words.
    pub(in crate::settings) fn describe(self) -> Cow<'static, str> {
        let or_none = |none| if none { ", or \"none\"" } else { "" };
        match self {
            ValueKind::Flag => "true or false".into(),
            ValueKind::Text | ValueKind::Secret | ValueKind::OpenChoice(_) => "text".into(),
            ValueKind::OptionalText => "text, or \"none\"".into(),
            ValueKind::Secrets | ValueKind::List => "a list of texts".into(),
            ValueKind::Urls => "a URL or a list of URLs".into(),
            ValueKind::Path => "a path".into(),
            ValueKind::Paths => "a list of paths".into(),
            ValueKind::Seconds { least: 0, none } => format!("whole seconds{}", or_none(none)).into(),
            ValueKind::Seconds { least, none } => {
                format!("whole seconds, at least {least}{}", or_none(none)).into()
            }
            ValueKind::Time => "seconds, more than 0".into(),
            ValueKind::Count { least: 0, none, .. } => format!("a whole number{}", or_none(none)).into(),
            ValueKind::Count { least, none, .. } => {
                format!("a whole number, at least {least}{}", or_none(none)).into()
            }
            ValueKind::Port => "a port number".into(),
            ValueKind::Choice { words, none } => {
                format!("one of {}{}", quoted(&words()), or_none(none)).into()
            }
            ValueKind::Choices(words) => format!("one or more of {}, or \"none\"", quoted(&words())).into(),
            ValueKind::ChoiceOrFalse(words) => format!("one of {}, or false", quoted(&words())).into(),
            ValueKind::Header => "the name of a header".into(),
            ValueKind::HeaderPair => "a list of a header's name and its value".into(),
            ValueKind::Serializer => "\"json\"".into(),
            ValueKind::TimeZone => "the name of a time zone".into(),
            ValueKind::Level(levels) => format!("a whole number, or one of {}", level_words(levels)).into(),
            ValueKind::Policy => "a table of directives, each with a list of sources".into(),
            ValueKind::Tags(levels) => {
                format!("a table of texts by number, or by one of {}", level_words(levels)).into()
            }
        }
    }

    /// Whether the value must never be shown.
    pub(in crate::settings) fn is_secret(self) -> bool {
        matches!(self, ValueKind::Secret | ValueKind::Secrets)
    }

    /// Checks a value and takes it out of TOML.
    pub(in crate::settings) fn read(self, value: &DeValue<'_>) -> Result<Typed, Refused> {
        let typed = match (self, value) {
            (ValueKind::Flag, DeValue::Boolean(flag)) => Some(Typed::Flag(*flag)),
            (ValueKind::Text | ValueKind::Secret | ValueKind::Path, DeValue::String(text)) => some_text(text),
            (ValueKind::OptionalText, DeValue::String(text)) if text.is_empty() || is_none(text) => {
                Some(Typed::Text(None))
            }
            (ValueKind::OptionalText, DeValue::String(text)) => some_text(text),
            (
                ValueKind::List | ValueKind::Secrets | ValueKind::Paths | ValueKind::Urls,
                DeValue::Array(_),
            ) => texts(value).map(Typed::List),
            (ValueKind::Urls, DeValue::String(text)) => Some(Typed::List(separated(text, &[',', ';']))),
            (ValueKind::Seconds { none: true, .. }, DeValue::String(text)) if is_none(text) => {
                Some(Typed::Seconds(None))
            }
            (ValueKind::Count { none: true, .. }, DeValue::String(text)) if is_none(text) => {
                Some(Typed::Count(None))
            }
            (ValueKind::Seconds { least, .. }, DeValue::Integer(number)) => {
                return self.duration(whole(number).filter(|n| *n >= least).map(Duration::from_secs));
            }
            (ValueKind::Time, DeValue::Integer(_) | DeValue::Float(_)) => {
                let seconds = fraction(value).filter(|seconds| *seconds > 0.0);
                return self.duration(seconds.and_then(|n| Duration::try_from_secs_f64(n).ok()));
            }
            (ValueKind::Count { least, most, .. }, DeValue::Integer(number)) => {
                return self.count(whole(number), least, most);
            }
            (ValueKind::Port, DeValue::Integer(number)) => return self.count(whole(number), 0, 65_535),
            (ValueKind::Port, DeValue::String(text)) if text.is_empty() => Some(Typed::Count(None)),
            (ValueKind::Port, DeValue::String(text)) => return self.count(text.parse().ok(), 0, 65_535),
            (ValueKind::Choice { none: true, .. } | ValueKind::Choices(_), DeValue::String(text))
                if text.is_empty() || is_none(text) =>
            {
                Some(Typed::Text(None))
            }
            (ValueKind::Choice { words, .. }, DeValue::String(text)) => {
                chosen(&words(), text).and_then(some_text)
            }
            (ValueKind::Choices(words), DeValue::String(text)) => all_chosen(&words(), text.split(',')),
            (ValueKind::Choices(words), DeValue::Array(_)) => {
                texts(value).and_then(|texts| all_chosen(&words(), texts.iter().map(String::as_str)))
            }
            (ValueKind::OpenChoice(words), DeValue::String(text)) => {
                some_text(chosen(words, text).unwrap_or(text))
            }
            (ValueKind::ChoiceOrFalse(_), DeValue::Boolean(false)) => Some(Typed::Text(None)),
            (ValueKind::ChoiceOrFalse(words), DeValue::String(text)) => {
                chosen(&words(), text).and_then(some_text)
            }
            (ValueKind::Header, DeValue::String(text)) => header(text).and_then(|name| some_text(&name)),
            (ValueKind::HeaderPair, DeValue::Array(_)) => match texts(value).as_deref() {
                Some([]) => Some(Typed::List(Vec::new())),
                Some([name, value]) => header(name).map(|name| Typed::List(vec![name, value.clone()])),
                _ => None,
            },
            (ValueKind::Serializer, DeValue::String(text)) => return serializer(text),
            (ValueKind::TimeZone, DeValue::String(text)) => {
                TimeZone::find(text).and_then(|zone| some_text(zone.name()))
            }
            (ValueKind::Policy, _) => return policy::read(value, &self.describe()).map(Typed::Policy),
            (ValueKind::Level(_), DeValue::Integer(number)) => {
                whole(number).map(|level| Typed::Count(Some(level)))
            }
            (ValueKind::Level(levels), DeValue::String(word)) => {
                level(levels, word).map(|level| Typed::Count(Some(level)))
            }
            (ValueKind::Tags(levels), DeValue::Table(table)) => {
                let entries = table.iter().map(|(name, tag)| {
                    Some((level(levels, name.get_ref())?, tag.get_ref().as_str()?.to_owned()))
                });
                entries.collect::<Option<_>>().map(Typed::Tags)
            }
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
            (ValueKind::Flag, DeValue::String(text))
                if ["true", "false"].contains(&&*text.to_lowercase()) =>
            {
                refused.hint(format!("write {}, without quotes", text.to_lowercase()))
            }
            (
                ValueKind::Seconds { .. } | ValueKind::Time | ValueKind::Count { .. },
                DeValue::String(text),
            ) if text.parse::<f64>().is_ok() => refused.hint(format!("write {text}, without quotes")),
            (ValueKind::List | ValueKind::Paths, DeValue::String(text)) => {
                refused.hint(format!("put it into brackets: [{text:?}]"))
            }
            (ValueKind::Text | ValueKind::OptionalText | ValueKind::Secret, value)
                if !value.is_array() && !value.is_table() =>
            {
                refused.hint("put it into quotes")
            }
            (ValueKind::TimeZone, _) => {
                refused.hint("names are those of the IANA database, such as \"UTC\" or \"Europe/Paris\"")
            }
            (ValueKind::Secrets, DeValue::String(_)) => refused.hint("put it into brackets: [\"…\"]"),
            _ => refused,
        }
    }
}

/// The level of this word, or of this number in digits.
fn level(levels: Levels, text: &str) -> Option<u64> {
    let named = levels.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, level)| *level);
    named.or_else(|| text.parse().ok())
}

fn level_words(levels: Levels) -> String {
    levels.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// The words of a choice, for error messages.
fn quoted(words: &[Word]) -> String {
    words.iter().map(|word| format!("\"{}\"", word.name)).collect::<Vec<_>>().join(", ")
}

/// The words that all these texts mean, in one text.
fn all_chosen<'a>(words: &[Word], texts: impl Iterator<Item = &'a str>) -> Option<Typed> {
    let names: Option<Vec<_>> = texts.map(|text| chosen(words, text.trim())).collect();
    some_text(&names?.join(", "))
}

/// Splits a text into its items.
pub(in crate::settings) fn separated(text: &str, separators: &[char]) -> Vec<String> {
    text.split(separators).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
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

    fn read(kind: ValueKind, toml: &str) -> Result<Typed, Refused> {
        kind.read(DeValue::parse(toml).expect("TOML").get_ref())
    }

    #[test]
    fn metas_names_of_headers_become_the_sent_ones() {
        let csrf = read(ValueKind::Header, "\"HTTP_X_CSRFTOKEN\"");
        assert_eq!(csrf, Ok(Typed::Text(Some("X-CSRFTOKEN".into()))));
        assert!(read(ValueKind::Header, "\"no header\"").is_err());
        assert!(read(ValueKind::HeaderPair, "[\"X-Forwarded-Proto\"]").is_err());
    }

    #[test]
    fn numbers_are_read_in_every_notation_of_toml() {
        let seconds = ValueKind::Seconds { least: 1, none: false };
        for text in ["3600", "3_600", "0xe10"] {
            assert_eq!(read(seconds, text), Ok(Typed::Seconds(Some(Duration::from_secs(3600)))));
        }
        for text in ["0", "-1", "1.5", "99999999999", "true", "\"none\""] {
            assert!(read(seconds, text).is_err(), "{text}");
        }
        assert_eq!(read(ValueKind::Time, "0.5"), Ok(Typed::Seconds(Some(Duration::from_millis(500)))));
        for text in ["0", "nan", "inf", "-0.5"] {
            assert!(read(ValueKind::Time, text).is_err(), "{text}");
        }
    }

    #[test]
    fn false_is_no_choice_and_none_is_one_where_the_words_have_it() {
        const WORDS: fn() -> Vec<Word> = || vec![Word::new("Lax"), Word::new("None")];
        assert_eq!(read(ValueKind::ChoiceOrFalse(WORDS), "false"), Ok(Typed::Text(None)));
        assert_eq!(read(ValueKind::ChoiceOrFalse(WORDS), "\"none\""), Ok(Typed::Text(Some("None".into()))));
        assert!(read(ValueKind::ChoiceOrFalse(WORDS), "true").is_err());
        let choice = ValueKind::Choice { words: WORDS, none: true };
        assert_eq!(read(choice, "\"none\""), Ok(Typed::Text(None)));
        assert_eq!(read(ValueKind::Choices(WORDS), "\"lax,Lax\""), Ok(Typed::Text(Some("Lax, Lax".into()))));
        assert!(read(ValueKind::Choices(WORDS), "[\"lax\", \"loose\"]").is_err());
    }
}
