//! The property that routing rests on: the resolver answers as if it tried all patterns in order.

use std::{fmt::Write as _, sync::Arc};

use nuages::urls::{Converter, Resolver, Route, include, path};
use proptest::prelude::*;

use super::Takes;

/// A piece of a random pattern.
#[derive(Clone, Debug)]
enum Piece {
    Text(&'static str),
    Value(&'static str),
}

/// A random route: prefixes, the innermost last, and the pattern; or a mounted service.
#[derive(Clone, Debug)]
struct Flat {
    stages: Vec<Vec<Piece>>,
    is_mounted: bool,
}

const TEXTS: &[&str] = &["a", "b", "1", "-", "é", "{", "}", "a/", "b/", "/", "/", "/"];
const CONVERTERS: &[&str] = &["int", "str", "str", "slug", "path", "uuid", "ab", "deep"];
const UUID: &str = "075194d3-6885-417e-a8a8-6c931e272f00";

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => prop::sample::select(TEXTS).prop_map(Piece::Text),
        2 => prop::sample::select(CONVERTERS).prop_map(Piece::Value),
    ]
}

fn flat() -> impl Strategy<Value = Flat> {
    let pieces = || prop::collection::vec(piece(), 0..5);
    (prop::collection::vec(pieces(), 1..3), prop::bool::weighted(0.1)).prop_map(|(mut stages, is_mounted)| {
        if is_mounted && let Some(prefix) = stages.last_mut() {
            prefix.push(Piece::Text("/"));
        }
        Flat { stages, is_mounted }
    })
}

/// A path that has a fair chance to match: pieces of patterns with likely values.
fn likely_path() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        1 => Just(UUID.to_owned()),
        3 => "[ab1/é_-]{1,3}",
        1 => "[\\n {}]",
    ];
    prop::collection::vec(word, 0..7).prop_map(|words| words.concat())
}

fn converters() -> [Converter; 2] {
    let ab = |text: &str| is_value("ab", text);
    let deep = |text: &str| is_value("deep", text);
    [Converter::new("ab", ab), Converter::new("deep", deep).across_slashes()]
}

/// The converters' regular expressions, said plainly.
fn is_value(converter: &str, text: &str) -> bool {
    let all = |good: fn(char) -> bool| !text.is_empty() && text.chars().all(good);
    match converter {
        "int" => all(|c| c.is_ascii_digit()),
        "str" => all(|c| c != '/'),
        "slug" => all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
        "path" => all(|c| c != '\n'),
        "uuid" => {
            let hexadecimal = |c: char| matches!(c, '0'..='9' | 'a'..='f');
            let parts: Vec<&str> = text.split('-').collect();
            parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
                && parts.iter().all(|part| part.chars().all(hexadecimal))
        }
        "ab" => all(|c| matches!(c, 'a' | 'b')),
        "deep" => text.split('/').all(|part| matches!(part, "a" | "b" | "1")),
        other => panic!("no converter {other}"),
    }
}

/// All ends of `pieces` in `text`, in the order in which a backtracking regular expression finds them.
fn matches<'t>(
    pieces: &[Piece],
    text: &'t str,
    done: &dyn Fn(&'t str) -> bool,
) -> Option<(Vec<&'t str>, &'t str)> {
    let Some((first, rest)) = pieces.split_first() else {
        return done(text).then(|| (Vec::new(), text));
    };
    match first {
        Piece::Text(literal) => matches(rest, text.strip_prefix(literal)?, done),
        Piece::Value(converter) => {
            let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
            ends.into_iter().rev().filter(|&end| is_value(converter, &text[..end])).find_map(|end| {
                let (mut values, left) = matches(rest, &text[end..], done)?;
                values.insert(0, &text[..end]);
                Some((values, left))
            })
        }
    }
}

/// Each prefix by itself, then the pattern to the end, as Django does.
fn try_one<'t>(flat: &Flat, path: &'t str) -> Option<Vec<&'t str>> {
    let mut values = Vec::new();
    let mut left = path;
    for (index, stage) in flat.stages.iter().enumerate() {
        let is_last = index + 1 == flat.stages.len() && !flat.is_mounted;
        let (mut found, rest) = matches(stage, left, &|rest| !is_last || rest.is_empty())?;
        values.append(&mut found);
        left = rest;
    }
    if flat.is_mounted {
        values.push(left);
    }
    Some(values)
}

fn text(stage: &[Piece], next: &mut usize) -> String {
    let mut text = String::new();
    for piece in stage {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::Value(converter) => {
                *next += 1;
                write!(text, "<{converter}:p{next}>").expect("writing to a string");
            }
        }
    }
    text
}

fn route(flat: &Flat, name: String) -> Route {
    let mut next = 0;
    let texts: Vec<String> = flat.stages.iter().map(|stage| text(stage, &mut next)).collect();
    let mut texts = texts.into_iter().rev();
    let pattern = texts.next().unwrap_or_default();
    let innermost = match flat.is_mounted {
        true => Route::mounted(pattern, Arc::new(Takes(0))),
        false => path(pattern, Takes(next)),
    };
    texts.fold(innermost.name(name), |inner, prefix| include(prefix, vec![inner]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_resolver_equals_trying_all_patterns_in_order(
        flats in prop::collection::vec(flat(), 1..12),
        paths in prop::collection::vec(likely_path(), 1..12),
    ) {
        let routes = flats.iter().enumerate().map(|(index, flat)| route(flat, index.to_string())).collect();
        let resolver = Resolver::new(routes, converters()).expect("good routes");
        for path in paths {
            let expected = flats
                .iter()
                .enumerate()
                .find_map(|(index, flat)| Some((index.to_string(), try_one(flat, &path)?)));
            let found = resolver.resolve(&path);
            let found = found.as_ref().map(|found| {
                let name = found.name.as_deref().unwrap_or_default().to_owned();
                (name, found.params.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>())
            });
            prop_assert_eq!(found, expected, "{:?} among {:?}", path, resolver);
        }
    }
}
