//! What went wrong in a template, and where.

use std::path::PathBuf;

/// One line of a template's source, as the debug page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1 on.
    pub number: usize,
    /// Its text.
    pub text: String,
}

/// A template that is missing, does not parse or cannot be rendered.
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

/// How many lines before and after the broken one are shown.
const AROUND: usize = 4;

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

    /// The number of the line where it went wrong, in the template that the message names.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The lines around it; under `DEBUG` only.
    pub fn excerpt(&self) -> &[Line] {
        &self.excerpt
    }
}

/// The error in the included or imported template where it happened.
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
    let first = line.saturating_sub(AROUND).max(1);
    text.lines()
        .enumerate()
        .map(|(index, text)| Line { number: index + 1, text: text.to_owned() })
        .filter(|shown| (first..=line + AROUND).contains(&shown.number))
        .collect()
}
