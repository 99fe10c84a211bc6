//! Converters limit the text that a pattern's capture accepts (`<int:year>`): Django's five, and custom
//! ones.
//!
//! Patterns name them; `matcher` and `reverse` use them. A converter only accepts or rejects text. The
//! view's argument type turns the text into a number or a `Uuid` (with `FromStr`).

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::error::UrlProblem;

/// A named rule for the text that a capture such as `<int:year>` accepts.
///
/// The built-in converters accept exactly what Django's regular expressions do
/// (`django/urls/converters.py`):
///
/// | name | accepts |
/// | --- | --- |
/// | `str` | one character or more, no `/`; `<name>` without a converter means `<str:name>` |
/// | `int` | ASCII digits |
/// | `slug` | ASCII letters, digits, `-` and `_` |
/// | `uuid` | a UUID in lower case with its hyphens |
/// | `path` | one character or more, `/` included, no line break |
///
/// # Examples
///
/// A custom converter, as with Django's `register_converter`, but without a regular expression. A project
/// registers it with [`App::converter`](crate::App::converter):
///
/// ```
/// use nuages::{http::Request, urls::{Converter, Resolver, path}};
///
/// fn archive(_: &mut Request, year: u16) -> String {
///     year.to_string()
/// }
///
/// let year = Converter::new("yyyy", |text| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()));
/// let resolver = Resolver::new(vec![path("archive/<yyyy:year>/", archive)], [year])?;
/// assert!(resolver.is_valid_path("archive/2026/"));
/// assert!(!resolver.is_valid_path("archive/26/"));
/// # Ok::<(), nuages::urls::UrlErrors>(())
/// ```
#[derive(Clone)]
pub struct Converter {
    name: Arc<str>,
    pub(super) kind: ConverterKind,
}

#[derive(Clone)]
pub(super) enum ConverterKind {
    Run(Run),
    Uuid,
    Custom { accepts: Arc<Accepts>, across_slashes: bool },
}

pub(super) type Accepts = dyn Fn(&str) -> bool + Send + Sync;

/// One or more characters of a set. The sets of `Segment` and `Line` contain every byte of a multi-byte
/// character, the others none, so that a run of bytes never splits one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// `[0-9]+`
    Digits,
    /// `[-a-zA-Z0-9_]+`
    Slug,
    /// `[^/]+`
    Segment,
    /// `.+`
    Line,
}

impl Run {
    pub(super) fn contains(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Slug => byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_',
            Self::Segment => byte != b'/',
            Self::Line => byte != b'\n',
        }
    }

    /// Returns how many bytes at the start of `bytes` belong to the set.
    pub(super) fn length(self, bytes: &[u8]) -> usize {
        bytes.iter().position(|&byte| !self.contains(byte)).unwrap_or(bytes.len())
    }
}

/// Bytes in a UUID as text.
pub(super) const UUID_LENGTH: usize = 36;

/// Returns whether `bytes` are a UUID in lower case.
pub(super) fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == UUID_LENGTH
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

impl Converter {
    /// Creates a converter that accepts the texts for which `accepts` returns true.
    ///
    /// `accepts` is called with texts without a `/` (but see [`across_slashes`](Self::across_slashes)),
    /// never with an empty text, and with longer texts first. It must always return the same result for
    /// the same text. If a capture is followed by neither `/` nor the pattern's end, `accepts` is called
    /// with many parts of a path, so keep it cheap.
    pub fn new(name: impl Into<Arc<str>>, accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            kind: ConverterKind::Custom { accepts: Arc::new(accepts), across_slashes: false },
        }
    }

    /// Allows `/` in the captured value, as the `path` converter does.
    #[must_use]
    pub fn across_slashes(mut self) -> Self {
        if let ConverterKind::Custom { across_slashes, .. } = &mut self.kind {
            *across_slashes = true;
        }
        self
    }

    /// Returns the name by which patterns refer to this converter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether this converter accepts the whole of `text`.
    pub fn accepts(&self, text: &str) -> bool {
        match &self.kind {
            ConverterKind::Run(run) => !text.is_empty() && text.bytes().all(|byte| run.contains(byte)),
            ConverterKind::Uuid => is_uuid(text.as_bytes()),
            ConverterKind::Custom { accepts, across_slashes } => {
                !text.is_empty() && (*across_slashes || !text.contains('/')) && accepts(text)
            }
        }
    }

    /// Whether a captured value may contain a `/`.
    pub(super) fn crosses_slashes(&self) -> bool {
        matches!(
            self.kind,
            ConverterKind::Run(Run::Line) | ConverterKind::Custom { across_slashes: true, .. }
        )
    }
}

impl fmt::Debug for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Converter({})", self.name)
    }
}

/// The converters that patterns can use, by name.
pub(super) struct Converters(BTreeMap<Arc<str>, Converter>);

impl Converters {
    /// Django's five converters.
    pub(super) fn built_in() -> Self {
        let rows = [
            ("int", ConverterKind::Run(Run::Digits)),
            ("path", ConverterKind::Run(Run::Line)),
            ("slug", ConverterKind::Run(Run::Slug)),
            ("str", ConverterKind::Run(Run::Segment)),
            ("uuid", ConverterKind::Uuid),
        ];
        let named = rows.map(|(name, kind)| (Arc::from(name), Converter { name: Arc::from(name), kind }));
        Self(BTreeMap::from(named))
    }

    /// Adds a converter, unless its name is taken or cannot be written in a pattern.
    pub(super) fn register(&mut self, converter: Converter) -> Result<(), UrlProblem> {
        let name = converter.name.to_string();
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ':')) {
            return Err(UrlProblem::ConverterName { name });
        }
        if self.0.contains_key(&converter.name) {
            return Err(UrlProblem::ConverterTaken { name });
        }
        self.0.insert(Arc::clone(&converter.name), converter);
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Converter> {
        self.0.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_converters_accept_what_djangos_do() {
        let converters = Converters::built_in();
        let uuid = "075194d3-6885-417e-a8a8-6c931e272f00";
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("int", &["0", "02003", "99999999999999999999"], &["", "-1", "1a", "١"]),
            ("str", &["a", "été", "a b", "a\nb"], &["", "/", "a/"]),
            ("slug", &["a-B_9"], &["", "é", "a.b", "a b"]),
            (
                "uuid",
                &[uuid],
                &["", &uuid.to_uppercase(), &uuid[1..], "0751943d-6885-417e-a8a8_6c931e272f00"],
            ),
            ("path", &["a/b", "/", "é"], &["", "a\nb"]),
        ];
        for (name, good, bad) in rows {
            let converter = converters.get(name).expect("a built-in converter");
            for text in *good {
                assert!(converter.accepts(text), "{name} refuses {text:?}");
            }
            for text in *bad {
                assert!(!converter.accepts(text), "{name} accepts {text:?}");
            }
        }
    }

    #[test]
    fn a_taken_or_impossible_converter_name_is_refused() {
        let mut converters = Converters::built_in();
        let refusal = converters.register(Converter::new("int", |_| true)).expect_err("taken");
        assert_eq!(refusal.to_string(), "the converter name \"int\" is taken");
        for name in ["", "a b", "a:b", "<a>"] {
            assert!(converters.register(Converter::new(name, |_| true)).is_err(), "{name:?}");
        }
    }
}
