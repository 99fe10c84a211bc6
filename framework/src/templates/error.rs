//! The error of a template, with its place.

use std::path::PathBuf;

/// A line of a template's source.
///
/// # Examples
///
/// ```
/// use nuages::templates::{Line, TemplateError};
///
/// fn report(error: &TemplateError) -> String {
///     let line = |line: &Line| format!("{:>4} {}\n", line.number, line.text);
///     error.excerpt().iter().map(line).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of the line; the first is 1.
    pub number: usize,
    /// The text of the line.
    pub text: String,
}

/// A template is missing, does not compile, or fails while it is rendered.
///
/// # Examples
///
/// A middleware finds it in the error of the response:
///
/// ```
/// use nuages::{prelude::*, templates::TemplateError};
///
/// fn broken_line(response: &Response) -> Option<usize> {
///     response.error()?.downcast_ref::<TemplateError>()?.line()
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{place}{message}")]
pub struct TemplateError {
    place: String,
    message: String,
    line: Option<usize>,
    excerpt: Vec<Line>,
    #[source]
    source: minijinja::Error,
}

/// The number of lines shown before the line of the error, and after it.
const CONTEXT_LINES: usize = 4;

impl TemplateError {
    pub(super) fn new(name: &str, source: minijinja::Error, folders: &[PathBuf]) -> Self {
        let deepest = deepest(&source);
        let line = deepest.line();
        let file = deepest.name().unwrap_or(name);
        let place = match line {
            Some(line) => format!("{file}, line {line}: "),
            None => String::new(),
        };
        let mut message = deepest.kind().to_string();
        if let Some(detail) = deepest.detail() {
            message = format!("{message}: {detail}");
        }
        if source.kind() == minijinja::ErrorKind::TemplateNotFound {
            let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
            message = format!("{message} (looked in {})", folders.join(", "));
        }
        let excerpt = match (deepest.template_source(), line) {
            (Some(text), Some(line)) => excerpt(text, line),
            _ => Vec::new(),
        };
        Self { place, message, line, excerpt, source }
    }

    /// The number of the line with the error, in the template that the message names.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The lines around the error; empty without `DEBUG`.
    pub fn excerpt(&self) -> &[Line] {
        &self.excerpt
    }
}

/// The error in the included or imported template that caused it.
fn deepest(error: &minijinja::Error) -> &minijinja::Error {
    let mut found = error;
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        if let Some(inner) = error.downcast_ref::<minijinja::Error>() {
            found = inner;
        }
        next = error.source();
    }
    found
}

fn excerpt(text: &str, line: usize) -> Vec<Line> {
    let first = line.saturating_sub(CONTEXT_LINES).max(1);
    text.lines()
        .enumerate()
        .map(|(index, text)| Line { number: index + 1, text: text.to_owned() })
        .filter(|shown| (first..=line + CONTEXT_LINES).contains(&shown.number))
        .collect()
}
