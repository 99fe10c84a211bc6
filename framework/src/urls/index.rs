//! Narrows a path down to the few patterns that may match it, in the order in which they are listed.
//!
//! A hash map holds the paths of patterns without captures, each with the first pattern that matches it.
//! For the others, the router matchit holds their shapes, in which each segment is literal or open
//! (`x/<int:a>-<int:b>/` is `x/{1}/`). The leaf of a shape lists all patterns whose shape overlaps it, so
//! the result does not depend on which of several shapes matchit picks. Patterns whose captures cross
//! slashes, and those that matchit cannot hold, are listed under the literal prefix they share. The
//! resolver then tries these candidates; the index itself decides nothing.

use std::{
    collections::{HashMap, HashSet},
    iter,
};

use matchit::Router;

use super::{endpoint::Endpoint, error::UrlProblem, matcher::Spans, pattern::Piece};

/// Positions in the list of endpoints, ascending.
type Leaf = Vec<u32>;

/// Finds the endpoints to try for a path.
#[derive(Default)]
pub(super) struct Index {
    exact: HashMap<String, u32>,
    shapes: Router<Leaf>,
    prefixes: Router<Leaf>,
    has_prefixes: bool,
}

/// A segment of a shape.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Segment {
    Literal(String),
    Open,
}

/// How the index stores a pattern.
enum Shape {
    Exact(String),
    Segments(Vec<Segment>),
    Prefix(String),
}

impl Index {
    /// Builds the index.
    ///
    /// # Errors
    ///
    /// Returns the position of an endpoint that matchit cannot hold in any form, and the reason.
    pub(super) fn new(endpoints: &[Endpoint]) -> Result<Self, (usize, UrlProblem)> {
        let mut index = Self::default();
        let mut exact = Vec::new();
        let mut shaped: Vec<(u32, Vec<Segment>)> = Vec::new();
        let mut prefixed: Vec<(u32, String)> = Vec::new();
        for (position, endpoint) in (0..).zip(endpoints) {
            match shape(&endpoint.pieces) {
                Shape::Exact(path) => exact.push(path),
                Shape::Segments(segments) => shaped.push((position, segments)),
                Shape::Prefix(prefix) => prefixed.push((position, prefix)),
            }
            // A mounted service also answers the bare prefix, which matchit's catch-all does not match.
            if matches!(endpoint.pieces[..], [.., Piece::Rest]) && endpoint.params.len() == 1 {
                exact.push(literal(&endpoint.pieces));
            }
        }
        exact.push(String::new());

        let mut done = HashSet::new();
        let mut refused = HashSet::new();
        for (_, segments) in &shaped {
            if done.insert(segments) {
                let leaf = leaf(&shaped, |other| overlap(segments, other));
                if index.shapes.insert(route(segments), leaf).is_err() {
                    refused.insert(segments);
                }
            }
        }
        prefixed.extend(
            shaped
                .iter()
                .filter(|(_, segments)| refused.contains(segments))
                .map(|(position, _)| (*position, literal_prefix(&endpoints[*position as usize].pieces))),
        );
        prefixed.sort_unstable();

        let mut done = HashSet::new();
        for (position, prefix) in &prefixed {
            if done.insert(prefix) {
                let leaf = leaf(&prefixed, |other| other.starts_with(prefix) || prefix.starts_with(other));
                let route = format!("{}{{*rest}}", escaped(prefix));
                index.prefixes.insert(route, leaf).map_err(|error| {
                    (*position as usize, UrlProblem::Unroutable { reason: error.to_string() })
                })?;
            }
        }
        index.has_prefixes = !prefixed.is_empty();

        let mut spans = Spans::default();
        for path in exact {
            let winner =
                (0..).zip(endpoints).find(|(_, endpoint)| endpoint.matcher.matches(&path, &mut spans));
            if let Some((position, _)) = winner {
                index.exact.insert(path, position);
            }
        }
        Ok(index)
    }

    /// Returns the positions of the endpoints that may match `path`, ascending. All others do not match.
    pub(super) fn candidates(&self, path: &str) -> impl Iterator<Item = usize> {
        let (mut shaped, mut prefixed): (&[u32], &[u32]) = (&[], &[]);
        if let Some(winner) = self.exact.get(path) {
            shaped = std::slice::from_ref(winner);
        } else {
            if let Ok(found) = self.shapes.at(path) {
                shaped = found.value;
            }
            if self.has_prefixes
                && let Ok(found) = self.prefixes.at(path)
            {
                prefixed = found.value;
            }
        }
        iter::from_fn(move || {
            let next = match (shaped.first(), prefixed.first()) {
                (Some(a), Some(b)) if b < a => &mut prefixed,
                (None, Some(_)) => &mut prefixed,
                _ => &mut shaped,
            };
            let (&position, rest) = next.split_first()?;
            *next = rest;
            Some(position as usize)
        })
    }
}

/// Returns the positions of all shapes for which `fits` is true.
fn leaf<S>(all: &[(u32, S)], fits: impl Fn(&S) -> bool) -> Leaf {
    all.iter().filter(|(_, shape)| fits(shape)).map(|(position, _)| *position).collect()
}

fn shape(pieces: &[Piece]) -> Shape {
    let mut segments = vec![Segment::Literal(String::new())];
    let mut is_exact = true;
    for piece in pieces {
        match piece {
            Piece::Literal(text) => {
                for (index, part) in text.split('/').enumerate() {
                    if index > 0 {
                        segments.push(Segment::Literal(String::new()));
                    }
                    if let Some(Segment::Literal(segment)) = segments.last_mut() {
                        segment.push_str(part);
                    }
                }
            }
            Piece::Capture(capture) if !capture.converter.crosses_slashes() => {
                is_exact = false;
                if let Some(segment) = segments.last_mut() {
                    *segment = Segment::Open;
                }
            }
            Piece::Capture(_) | Piece::Rest => return Shape::Prefix(literal_prefix(pieces)),
            Piece::Cut => {}
        }
    }
    if is_exact { Shape::Exact(literal(pieces)) } else { Shape::Segments(segments) }
}

/// Returns whether a path can have both shapes. An open segment is never empty, because each capture takes
/// at least one character.
fn overlap(one: &[Segment], other: &[Segment]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|pair| match pair {
            (Segment::Literal(a), Segment::Literal(b)) => a == b,
            (Segment::Literal(text), Segment::Open) | (Segment::Open, Segment::Literal(text)) => {
                !text.is_empty()
            }
            (Segment::Open, Segment::Open) => true,
        })
}

/// Returns the literal text before the first capture.
fn literal(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map_while(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Cut => Some(""),
            Piece::Capture(_) | Piece::Rest => None,
        })
        .collect()
}

/// Returns the whole segments before the first capture.
fn literal_prefix(pieces: &[Piece]) -> String {
    let mut prefix = literal(pieces);
    prefix.truncate(prefix.rfind('/').map_or(0, |slash| slash + 1));
    prefix
}

/// Writes a shape in matchit's syntax.
fn route(segments: &[Segment]) -> String {
    let words: Vec<String> = segments
        .iter()
        .enumerate()
        .map(|(index, segment)| match segment {
            Segment::Literal(text) => escaped(text),
            Segment::Open => format!("{{{index}}}"),
        })
        .collect();
    words.join("/")
}

fn escaped(literal: &str) -> String {
    literal.replace('{', "{{").replace('}', "}}")
}
