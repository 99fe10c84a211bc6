//! Parses a pattern such as `articles/<int:year>/<slug:slug>/` into literals and captures.
//!
//! It reads the syntax of Django's `_route_to_regex` (`django/urls/resolvers.py`) and reports its errors
//! and the warnings of its checks. `matcher.rs` does the matching.

use std::sync::Arc;

use super::{
    converters::{Converter, Converters},
    error::{UrlProblem, suggest},
};

/// A piece of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Text that the path must contain literally; never empty.
    Literal(String),
    /// A captured value.
    Capture(Capture),
    /// The end of an `include` prefix. The match before it is final, because Django matches the prefix by
    /// itself and then the included patterns against the rest.
    Cut,
    /// The rest of the path, which may be empty: below the prefix of a mounted service.
    Rest,
}

/// A capture in a pattern: `<int:year>`.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) name: Arc<str>,
    pub(super) converter: Converter,
}

/// Parses a pattern, or returns everything that is wrong with it.
pub(super) fn parse(pattern: &str, converters: &Converters) -> Result<Vec<Piece>, Vec<UrlProblem>> {
    let mut pieces = Vec::new();
    let mut problems = Vec::new();
    let mut literal = String::new();
    let mut rest = pattern;
    while let Some((before, inner, after)) = next_capture(rest) {
        literal.push_str(before);
        match inner {
            "" => literal.push('<'),
            _ => match capture(inner, converters) {
                Ok(capture) => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Capture(capture));
                }
                Err(problem) => problems.push(problem),
            },
        }
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    if problems.is_empty() { Ok(pieces) } else { Err(problems) }
}

/// Splits off the text before the next `<…>`, the text inside its brackets, and the text after it. `<>`
/// captures nothing: the middle is then empty, and the `>` belongs to the rest.
fn next_capture(text: &str) -> Option<(&str, &str, &str)> {
    let (before, opened) = text.split_once('<')?;
    let (inner, after) = opened.split_once('>')?;
    if inner.is_empty() { Some((before, "", opened)) } else { Some((before, inner, after)) }
}

/// Parses the text between `<` and `>`.
fn capture(inner: &str, converters: &Converters) -> Result<Capture, UrlProblem> {
    if inner.contains([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']) {
        return Err(UrlProblem::Whitespace { text: format!("<{inner}>") });
    }
    let (converter, name) = match inner.split_once(':') {
        Some((converter, name)) if !converter.is_empty() && !name.is_empty() => (converter, name),
        _ => ("str", inner),
    };
    if !is_identifier(name) {
        return Err(UrlProblem::NotAnIdentifier { name: name.to_owned() });
    }
    match converters.get(converter) {
        Some(found) => Ok(Capture { name: Arc::from(name), converter: found.clone() }),
        None => Err(UrlProblem::UnknownConverter {
            converter: converter.to_owned(),
            known: converters.names().map(str::to_owned).collect(),
            suggestion: suggest(converter, converters.names()),
        }),
    }
}

/// Approximates Python's `str.isidentifier`: letters, digits and `_`, no digit first.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// Returns the warnings of Django's checks for a pattern: their ids and messages.
pub(super) fn oddities(pattern: &str, is_include: bool) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    if pattern.starts_with('/') && !(is_include && pattern.ends_with('/')) {
        found.push((
            "urls.W002",
            "it begins with a '/', which is unnecessary: remove it; if the pattern is in an include(), \
             end the prefix in a '/'",
        ));
    }
    let mut depth = 0_u32;
    for bracket in pattern.chars() {
        match bracket {
            '<' => depth += 1,
            '>' if depth == 0 => found.push(("urls.W010", "it has an unmatched '>' bracket")),
            '>' => depth -= 1,
            _ => {}
        }
    }
    if depth > 0 {
        found.push(("urls.W010", "it has an unmatched '<' bracket"));
    }
    if pattern.contains("(?P<") || pattern.starts_with('^') || pattern.ends_with('$') {
        found.push((
            "2_0.W001",
            "it contains '(?P<', begins with a '^' or ends with a '$': patterns are not regular expressions",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str) -> Result<String, Vec<String>> {
        let texts = |pieces: Vec<Piece>| {
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => format!("[{text}]"),
                    Piece::Capture(capture) => format!("{}={}", capture.name, capture.converter.name()),
                    Piece::Cut | Piece::Rest => "?".to_owned(),
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        parse(pattern, &Converters::built_in())
            .map(texts)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn patterns_are_read_as_django_reads_them() {
        let rows = [
            ("", ""),
            ("articles/", "[articles/]"),
            ("articles/<int:year>/<slug>/", "[articles/] year=int [/] slug=str [/]"),
            ("<int:a><int:b>", "a=int b=int"),
            ("a<>b/<int:x>", "[a<>b/] x=int"),
            ("a<b", "[a<b]"),
            ("a>b", "[a>b]"),
            ("<été>", "été=str"),
        ];
        for (pattern, expected) in rows {
            assert_eq!(read(pattern).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn every_fault_of_a_pattern_is_reported() {
        let rows: &[(&str, &[&str])] = &[
            (
                "<int: year>",
                &["\"<int: year>\" contains whitespace: write <converter:name>, such as <int:year>"],
            ),
            (
                "<int:1st>/<a-b>/<int:>/<:a>",
                &["\"1st\" is not", "\"a-b\" is not", "\"int:\" is not", "\":a\" is not"],
            ),
            (
                "<integer:x>",
                &[
                    "no converter is named \"integer\" (known: int, path, slug, str, uuid), did you mean \"int\"?",
                ],
            ),
            ("<a<int:x>", &["no converter is named \"a<int\""]),
        ];
        for (pattern, expected) in rows {
            let problems = read(pattern).expect_err(pattern);
            assert_eq!(problems.len(), expected.len(), "{pattern}: {problems:?}");
            for (problem, text) in problems.iter().zip(*expected) {
                assert!(problem.contains(text), "{problem} does not say {text}");
            }
        }
    }

    #[test]
    fn odd_patterns_are_warned_about_as_django_does() {
        let ids = |pattern, is_include| {
            oddities(pattern, is_include).into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(ids("/articles/", false), ["urls.W002"]);
        assert_eq!(ids("/articles/", true), [""; 0]);
        assert_eq!(ids("/articles", true), ["urls.W002"]);
        assert_eq!(ids("a<b/c>d>e<", false), ["urls.W010", "urls.W010"]);
        assert_eq!(ids("^articles/$", false), ["2_0.W001"]);
        assert_eq!(ids("(?P<year>x)/", false), ["2_0.W001"]);
        assert_eq!(ids("articles/<int:year>/", false), [""; 0]);
    }
}
