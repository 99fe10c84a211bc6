//! Matches one pattern against a path, with exactly the result of Django's regular expression.
//!
//! Most patterns are straight: the text after each capture shows where the capture ends, so one pass
//! without allocation decides. For the others (`<slug:a>-<int:b>`, `<path:p>/edit/`) a table records which
//! steps can match from which place. It is filled from the back, in time linear in the path's length for
//! any number of captures, which backtracking is not. Then each capture takes as much as it can, starting
//! with the first.

use super::{
    converters::{ConverterKind, Run, UUID_LENGTH, is_uuid},
    pattern::Piece,
};

/// The most values that one pattern may capture.
pub(super) const MAX_CAPTURES: usize = 16;

/// The positions of the captured values in the path.
#[derive(Default)]
pub(super) struct Spans {
    spans: [(usize, usize); MAX_CAPTURES],
    length: usize,
}

impl Spans {
    pub(super) fn as_slice(&self) -> &[(usize, usize)] {
        &self.spans[..self.length]
    }

    fn push(&mut self, start: usize, end: usize) {
        self.spans[self.length] = (start, end);
        self.length += 1;
    }
}

/// A pattern, prepared for matching.
pub(super) enum Matcher {
    /// The end of each capture is evident.
    Straight(Vec<MatchStep>),
    /// The end of at least one capture is not. Holds a stage for each `include` prefix and one for the
    /// pattern.
    Tabled { first: String, last: String, stages: Vec<Vec<MatchStep>> },
}

/// A part of a prepared pattern.
pub(super) enum MatchStep {
    Literal(String),
    Capture(ConverterKind),
    Rest,
}

impl Matcher {
    /// Prepares a pattern. `pieces` must contain at most [`MAX_CAPTURES`] captures.
    pub(super) fn new(pieces: &[Piece]) -> Self {
        let mut stages = vec![Vec::new()];
        for piece in pieces {
            let step = match piece {
                Piece::Cut => {
                    stages.push(Vec::new());
                    continue;
                }
                Piece::Literal(text) => MatchStep::Literal(text.clone()),
                Piece::Capture(capture) => MatchStep::Capture(capture.converter.kind.clone()),
                Piece::Rest => MatchStep::Rest,
            };
            if let Some(stage) = stages.last_mut() {
                stage.push(step);
            }
        }
        let last = stages.len() - 1;
        let straight = stages.iter().enumerate().all(|(index, stage)| is_straight(stage, index == last));
        if straight {
            return Self::Straight(joined(stages.into_iter().flatten()));
        }
        let literal = |step: Option<&MatchStep>| match step {
            Some(MatchStep::Literal(text)) => text.clone(),
            _ => String::new(),
        };
        Self::Tabled {
            first: literal(stages.first().and_then(|stage| stage.first())),
            last: literal(stages.last().and_then(|stage| stage.last())),
            stages,
        }
    }

    /// Returns whether the pattern matches the whole of `path`; if so, `spans` holds the captured values.
    pub(super) fn matches(&self, path: &str, spans: &mut Spans) -> bool {
        spans.length = 0;
        match self {
            Self::Straight(steps) => straight(steps, path, spans),
            Self::Tabled { first, last, stages } => {
                path.starts_with(&**first) && path.ends_with(&**last) && tabled(stages, path, spans)
            }
        }
    }
}

/// Joins neighbouring literals.
fn joined(steps: impl Iterator<Item = MatchStep>) -> Vec<MatchStep> {
    let mut joined: Vec<MatchStep> = Vec::new();
    for step in steps {
        match (joined.last_mut(), step) {
            (Some(MatchStep::Literal(text)), MatchStep::Literal(more)) => text.push_str(&more),
            (_, step) => joined.push(step),
        }
    }
    joined
}

/// Returns whether each capture of a stage can end in only one place, which [`straight_end`] finds.
fn is_straight(stage: &[MatchStep], is_last: bool) -> bool {
    stage.iter().enumerate().all(|(index, step)| {
        let MatchStep::Capture(kind) = step else { return true };
        match (kind, stage.get(index + 1)) {
            (ConverterKind::Uuid, _) => true,
            (ConverterKind::Run(_), None) => true,
            (ConverterKind::Run(run), Some(MatchStep::Literal(text))) => {
                text.bytes().next().is_some_and(|byte| !run.contains(byte))
            }
            (ConverterKind::Custom { .. }, None) => is_last,
            (ConverterKind::Custom { across_slashes, .. }, Some(MatchStep::Literal(text))) => {
                !across_slashes && text.starts_with('/')
            }
            (_, Some(_)) => false,
        }
    })
}

fn straight(steps: &[MatchStep], path: &str, spans: &mut Spans) -> bool {
    let mut at = 0;
    for step in steps {
        match step {
            MatchStep::Literal(text) => {
                if !path.as_bytes()[at..].starts_with(text.as_bytes()) {
                    return false;
                }
                at += text.len();
            }
            MatchStep::Capture(kind) => match straight_end(kind, path, at) {
                Some(end) => {
                    spans.push(at, end);
                    at = end;
                }
                None => return false,
            },
            MatchStep::Rest => {
                spans.push(at, path.len());
                at = path.len();
            }
        }
    }
    at == path.len()
}

/// Returns the only place where a capture that starts at `start` can end.
fn straight_end(kind: &ConverterKind, path: &str, start: usize) -> Option<usize> {
    let rest = &path.as_bytes()[start..];
    let length = match kind {
        ConverterKind::Run(run) => run.length(rest),
        ConverterKind::Uuid => UUID_LENGTH,
        ConverterKind::Custom { across_slashes: true, .. } => rest.len(),
        ConverterKind::Custom { .. } => Run::Segment.length(rest),
    };
    (length > 0 && accepts(kind, path, start, start + length)).then_some(start + length)
}

/// Returns whether the converter accepts `path[start..end]`. The caller has checked the bytes of a `Run`.
fn accepts(kind: &ConverterKind, path: &str, start: usize, end: usize) -> bool {
    match kind {
        ConverterKind::Run(_) => true,
        ConverterKind::Uuid => path.as_bytes().get(start..end).is_some_and(is_uuid),
        ConverterKind::Custom { accepts, .. } => path.get(start..end).is_some_and(|text| accepts(text)),
    }
}

fn tabled(stages: &[Vec<MatchStep>], path: &str, spans: &mut Spans) -> bool {
    let mut at = 0;
    for (index, stage) in stages.iter().enumerate() {
        let table = Table::fill(stage, path, at, index + 1 == stages.len());
        match table.read(stage, path, spans) {
            Some(end) => at = end,
            None => return false,
        }
    }
    at == path.len()
}

/// Records for each step of a stage, and for the end after the last, from which places of the path the
/// remaining steps match.
struct Table {
    start: usize,
    width: usize,
    cells: Vec<bool>,
}

impl Table {
    fn fill(stage: &[MatchStep], path: &str, start: usize, is_last: bool) -> Self {
        let width = path.len() - start + 1;
        let mut table = Self { start, width, cells: vec![false; width * (stage.len() + 1)] };
        for at in start..=path.len() {
            table.set(stage.len(), at, !is_last || at == path.len());
        }
        for (index, step) in stage.iter().enumerate().rev() {
            for at in (start..=path.len()).rev() {
                let can = match step {
                    MatchStep::Literal(text) => {
                        path.as_bytes()[at..].starts_with(text.as_bytes())
                            && table.get(index + 1, at + text.len())
                    }
                    MatchStep::Capture(ConverterKind::Run(run)) => {
                        path.as_bytes().get(at).is_some_and(|&byte| run.contains(byte))
                            && (table.get(index, at + 1)
                                || path.is_char_boundary(at + 1) && table.get(index + 1, at + 1))
                    }
                    MatchStep::Capture(kind) => table.longest(index, kind, path, at).is_some(),
                    MatchStep::Rest => true,
                };
                table.set(index, at, can);
            }
        }
        table
    }

    fn get(&self, step: usize, at: usize) -> bool {
        self.cells[step * self.width + at - self.start]
    }

    fn set(&mut self, step: usize, at: usize, can: bool) {
        self.cells[step * self.width + at - self.start] = can;
    }

    /// Returns the last place where the capture `index`, which starts at `at`, can end so that the remaining
    /// steps match from there.
    fn longest(&self, index: usize, kind: &ConverterKind, path: &str, at: usize) -> Option<usize> {
        let rest = &path.as_bytes()[at..];
        let (shortest, length) = match kind {
            ConverterKind::Run(run) => (1, run.length(rest)),
            ConverterKind::Uuid => (UUID_LENGTH, UUID_LENGTH.min(rest.len())),
            ConverterKind::Custom { across_slashes: true, .. } => (1, rest.len()),
            ConverterKind::Custom { .. } => (1, Run::Segment.length(rest)),
        };
        (at + shortest..=at + length).rev().find(|&end| {
            self.get(index + 1, end) && path.is_char_boundary(end) && accepts(kind, path, at, end)
        })
    }

    /// Captures the values and returns the stage's end. Each capture is as long as possible, starting with
    /// the first.
    fn read(&self, stage: &[MatchStep], path: &str, spans: &mut Spans) -> Option<usize> {
        if !self.get(0, self.start) {
            return None;
        }
        let mut at = self.start;
        for (index, step) in stage.iter().enumerate() {
            match step {
                MatchStep::Literal(text) => at += text.len(),
                MatchStep::Capture(kind) => {
                    let end = self.longest(index, kind, path, at)?;
                    spans.push(at, end);
                    at = end;
                }
                MatchStep::Rest => {
                    spans.push(at, path.len());
                    at = path.len();
                }
            }
        }
        Some(at)
    }
}
