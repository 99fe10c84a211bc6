//! Reads settings by type. Each call declares a setting (its name, kind, default and documentation) and
//! returns its value, so that a setting is written down once.
//!
//! Called by the groups, with a setting's name below its table: `NAME`, `OPTIONS.timeout`.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use super::reader::Reader;
use crate::settings::{
    schema::{Choice, Typed, ValueKind, Word, choices},
    time_zone::TimeZone,
};

/// The greatest number for settings that count things.
pub(super) const MOST: u64 = u32::MAX as u64;

/// The value of a setting that is not set.
pub(super) enum Fallback<T> {
    /// This value.
    Is(T),
    /// No value; the words stand for it in the documentation and in `diffsettings`.
    Unset(&'static str),
}

impl Reader<'_> {
    pub(super) fn flag(&mut self, name: &str, default: bool, doc: &'static str) -> bool {
        match self.value(name, ValueKind::Flag, default.to_string(), doc) {
            Some(Typed::Flag(flag)) => flag,
            _ => default,
        }
    }

    pub(super) fn text(&mut self, name: &str, default: &str, doc: &'static str) -> String {
        self.any_text(name, ValueKind::Text, Fallback::Is(default), doc).unwrap_or_default()
    }

    pub(super) fn maybe_text(
        &mut self,
        name: &str,
        default: Fallback<&str>,
        doc: &'static str,
    ) -> Option<String> {
        self.any_text(name, ValueKind::OptionalText, default, doc)
    }

    /// A text that must be set. The documentation is the hint where it is missing.
    pub(super) fn required_text(&mut self, name: &str, doc: &'static str) -> String {
        self.require(name, ValueKind::Text, Some(doc));
        self.any_text(name, ValueKind::Text, Fallback::Unset("required"), doc).unwrap_or_default()
    }

    pub(super) fn secret(&mut self, name: &str, default: Fallback<&str>, doc: &'static str) -> String {
        self.any_text(name, ValueKind::Secret, default, doc).unwrap_or_default()
    }

    pub(super) fn header(&mut self, name: &str, default: &str, doc: &'static str) -> String {
        self.any_text(name, ValueKind::Header, Fallback::Is(default), doc).unwrap_or_default()
    }

    pub(super) fn maybe_path(
        &mut self,
        name: &str,
        default: Fallback<&str>,
        doc: &'static str,
    ) -> Option<PathBuf> {
        self.any_text(name, ValueKind::Path, default, doc).map(PathBuf::from)
    }

    /// Reads a setting that takes one value only, for the checks of its kind.
    pub(super) fn serializer(&mut self, name: &str, doc: &'static str) {
        self.any_text(name, ValueKind::Serializer, Fallback::Is("json"), doc);
    }

    pub(super) fn time_zone(&mut self, name: &str, doc: &'static str) -> TimeZone {
        let found = self.any_text(name, ValueKind::TimeZone, Fallback::Is(TimeZone::UTC.name()), doc);
        found.and_then(|name| TimeZone::find(&name)).unwrap_or(TimeZone::UTC)
    }

    /// One of these words, or a name that the project registers.
    pub(super) fn open_choice(
        &mut self,
        name: &str,
        words: &'static [Word],
        default: &str,
        doc: &'static str,
    ) -> String {
        let kind = ValueKind::OpenChoice(words);
        self.any_text(name, kind, Fallback::Is(default), doc).unwrap_or_default()
    }

    pub(super) fn choice<C: Choice>(&mut self, name: &str, default: C, doc: &'static str) -> C {
        let kind = ValueKind::Choice { words: choices::<C>, none: false };
        self.one_of(name, kind, Fallback::Is(default), doc).unwrap_or(default)
    }

    pub(super) fn maybe_choice<C: Choice>(
        &mut self,
        name: &str,
        default: Fallback<C>,
        doc: &'static str,
    ) -> Option<C> {
        self.one_of(name, ValueKind::Choice { words: choices::<C>, none: true }, default, doc)
    }

    /// A choice that must be set wherever its table is written; `implied` is used where it is not.
    pub(super) fn required_choice<C: Choice>(&mut self, name: &str, implied: C, doc: &'static str) -> C {
        let kind = ValueKind::Choice { words: choices::<C>, none: false };
        if self.is_declaring() || self.is_table_set() {
            self.require(name, kind, None);
            return self.one_of(name, kind, Fallback::Unset("required"), doc).unwrap_or(implied);
        }
        self.choice(name, implied, doc)
    }

    /// A choice that `false` leaves out.
    pub(super) fn choice_or_false<C: Choice>(
        &mut self,
        name: &str,
        default: C,
        doc: &'static str,
    ) -> Option<C> {
        self.one_of(name, ValueKind::ChoiceOrFalse(choices::<C>), Fallback::Is(default), doc)
    }

    /// Several words of a choice, with commas between them.
    pub(super) fn words<C: Choice>(&mut self, name: &str, default: C, doc: &'static str) -> Option<String> {
        self.any_text(name, ValueKind::Choices(choices::<C>), Fallback::Is(default.word()), doc)
    }

    pub(super) fn list(&mut self, name: &str, default: &[&str], doc: &'static str) -> Vec<String> {
        self.any_list(name, ValueKind::List, default, doc)
    }

    pub(super) fn secrets(&mut self, name: &str, doc: &'static str) -> Vec<String> {
        self.any_list(name, ValueKind::Secrets, &[], doc)
    }

    pub(super) fn urls(&mut self, name: &str, doc: &'static str) -> Vec<String> {
        self.any_list(name, ValueKind::Urls, &[], doc)
    }

    pub(super) fn paths(&mut self, name: &str, default: &[&str], doc: &'static str) -> Vec<PathBuf> {
        self.any_list(name, ValueKind::Paths, default, doc).into_iter().map(PathBuf::from).collect()
    }

    /// A header's name and a value. Unset by default.
    pub(super) fn header_pair(&mut self, name: &str, doc: &'static str) -> Option<(String, String)> {
        let found = self.value(name, ValueKind::HeaderPair, "none".to_owned(), doc);
        let Some(Typed::List(pair)) = found else { return None };
        let [header, value] = <[String; 2]>::try_from(pair).ok()?;
        Some((header, value))
    }

    /// Whole seconds, at least `least`.
    pub(super) fn seconds(&mut self, name: &str, least: u64, default: u64, doc: &'static str) -> Duration {
        let kind = ValueKind::Seconds { least, none: false };
        self.any_seconds(name, kind, Fallback::Is(default), doc).unwrap_or_default()
    }

    pub(super) fn maybe_seconds(
        &mut self,
        name: &str,
        least: u64,
        default: Fallback<u64>,
        doc: &'static str,
    ) -> Option<Duration> {
        self.any_seconds(name, ValueKind::Seconds { least, none: true }, default, doc)
    }

    /// Seconds that may have a fraction. More than zero.
    pub(super) fn duration(&mut self, name: &str, default: u64, doc: &'static str) -> Duration {
        self.any_seconds(name, ValueKind::Time, Fallback::Is(default), doc).unwrap_or_default()
    }

    /// A whole number; the range's end fits into `N`.
    pub(super) fn count<N: TryFrom<u64> + Default>(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
        default: u64,
        doc: &'static str,
    ) -> N {
        let kind = ValueKind::Count { least: *range.start(), most: *range.end(), none: false };
        self.any_count(name, kind, Fallback::Is(default), doc).unwrap_or_default()
    }

    pub(super) fn maybe_count<N: TryFrom<u64>>(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
        default: Fallback<u64>,
        doc: &'static str,
    ) -> Option<N> {
        let kind = ValueKind::Count { least: *range.start(), most: *range.end(), none: true };
        self.any_count(name, kind, default, doc)
    }

    /// A port. 0 stands for the usual one.
    pub(super) fn port(&mut self, name: &str, doc: &'static str) -> u16 {
        self.any_count(name, ValueKind::Port, Fallback::Is(0), doc).unwrap_or_default()
    }

    fn any_text(
        &mut self,
        name: &str,
        kind: ValueKind,
        default: Fallback<&str>,
        doc: &'static str,
    ) -> Option<String> {
        let (text, shown) = match default {
            Fallback::Is(text) => (Some(text), format!("{text:?}")),
            Fallback::Unset(words) => (None, words.to_owned()),
        };
        match self.value(name, kind, shown, doc) {
            Some(Typed::Text(text)) => text,
            _ => text.map(str::to_owned),
        }
    }

    fn one_of<C: Choice>(
        &mut self,
        name: &str,
        kind: ValueKind,
        default: Fallback<C>,
        doc: &'static str,
    ) -> Option<C> {
        let default = match default {
            Fallback::Is(choice) => Fallback::Is(choice.word()),
            Fallback::Unset(words) => Fallback::Unset(words),
        };
        self.any_text(name, kind, default, doc).and_then(|word| C::of_word(&word))
    }

    fn any_list(&mut self, name: &str, kind: ValueKind, default: &[&str], doc: &'static str) -> Vec<String> {
        match self.value(name, kind, format!("{default:?}"), doc) {
            Some(Typed::List(items)) => items,
            _ => default.iter().map(|item| (*item).to_owned()).collect(),
        }
    }

    fn any_seconds(
        &mut self,
        name: &str,
        kind: ValueKind,
        default: Fallback<u64>,
        doc: &'static str,
    ) -> Option<Duration> {
        let (seconds, shown) = number(default);
        match self.value(name, kind, shown, doc) {
            Some(Typed::Seconds(duration)) => duration,
            _ => seconds.map(Duration::from_secs),
        }
    }

    fn any_count<N: TryFrom<u64>>(
        &mut self,
        name: &str,
        kind: ValueKind,
        default: Fallback<u64>,
        doc: &'static str,
    ) -> Option<N> {
        let (count, shown) = number(default);
        let count = match self.value(name, kind, shown, doc) {
            Some(Typed::Count(count)) => count,
            _ => count,
        };
        count.and_then(|count| N::try_from(count).ok())
    }
}

fn number(default: Fallback<u64>) -> (Option<u64>, String) {
    match default {
        Fallback::Is(number) => (Some(number), number.to_string()),
        Fallback::Unset(words) => (None, words.to_owned()),
    }
}
