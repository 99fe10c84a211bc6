//! The text that settings are read from: one file and the environment, as one tree of values that know
//! where they stand.
//!
//! A value's span is a range of the file's bytes; a value from the environment has an empty span past the
//! file's end, one place for each variable. Read by the loader and by `Settings::project`.

use std::{collections::HashSet, ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, Error},
};

use super::{
    environment::{self, Variable},
    error::{ConfigError, Origin},
};

/// A settings file's text and the variables that override it. Holds secrets: it has no `Debug`.
pub(super) struct Source {
    file: Arc<str>,
    text: String,
    variables: Vec<Variable>,
}

impl Source {
    /// `variables` are all of the environment; those that are not settings are dropped.
    pub(super) fn new(file: &str, text: &str, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { file: file.into(), text: text.into(), variables: environment::settings_among(variables) }
    }

    /// The file's values with the environment's laid over them, and every fault of the file's syntax.
    pub(super) fn tree(&self) -> (DeTable<'_>, Vec<ConfigError>) {
        let (tree, faults) = DeTable::parse_recoverable(&self.text);
        let mut tree = tree.into_inner();
        for (index, variable) in self.variables.iter().enumerate() {
            let place = self.text.len() + 1 + index;
            environment::lay_over(&mut tree, variable, place..place);
        }
        let mut lines = HashSet::new();
        let errors = faults.iter().map(|fault| self.syntax_error(fault));
        // One fault makes the parser stumble over the rest of its line: the first says it best.
        let errors = errors.filter(|error| match &error.location {
            Some(Origin::File { line, .. }) => lines.insert(*line),
            _ => true,
        });
        (tree, errors.collect())
    }

    /// Where `span` begins.
    pub(super) fn origin(&self, span: Range<usize>) -> Origin {
        let past = span.start.checked_sub(self.text.len() + 1);
        if let Some(variable) = past.and_then(|index| self.variables.get(index)) {
            return Origin::Environment(variable.name.clone());
        }
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The place of a key or a value.
    pub(super) fn origin_of<T>(&self, spanned: &Spanned<T>) -> Origin {
        self.origin(spanned.span())
    }

    fn syntax_error(&self, fault: &Error) -> ConfigError {
        let span = fault.span().unwrap_or(self.text.len()..self.text.len());
        let written = self.text.get(span.clone()).unwrap_or_default();
        let (before, rest) = self.text.split_at_checked(span.start).unwrap_or((&self.text, ""));
        let on_line = before.rsplit('\n').next().unwrap_or_default();
        let python = ["True", "False", "None"].into_iter().find(|word| rest.starts_with(word));
        let error = match fault.message() {
            "duplicate key" => ConfigError::new(written, "set twice"),
            _ if python.is_some() => ConfigError::new("", "not TOML, but Python"),
            message => ConfigError::new("", format!("not TOML: {message}")),
        };
        let error = error.at(self.origin(span));
        match python {
            Some("None") => error.with_hint("TOML has no None: leave the setting out, or write \"none\""),
            Some(word) => error.with_hint(format!("write {}, in small letters", word.to_lowercase())),
            None if on_line.contains("= (") => {
                error.with_hint("TOML's lists stand in brackets: [\"a\", \"b\"]")
            }
            None => error,
        }
    }
}
