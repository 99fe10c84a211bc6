//! The text of the settings file and the variables that override it, and the place of each value in them.
//!
//! A value's span is a range of the file's bytes. A value from the environment has an empty span past the
//! file's end, one position for each variable.

use std::{collections::HashSet, ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, Error},
};

use super::origin::ValueOrigin;
use crate::settings::error::ConfigError;

/// An environment variable that overrides a setting.
pub(in crate::settings) struct Variable {
    /// Its whole name, such as `NUAGES_DEBUG`.
    pub(super) name: String,
    pub(super) value: String,
}

/// The text of a settings file and the variables that override it. It contains secrets and therefore has no
/// `Debug`.
pub(in crate::settings) struct Sources {
    file: Arc<str>,
    text: String,
    variables: Vec<Variable>,
}

impl Sources {
    pub(in crate::settings) fn new(file: &str, text: &str, variables: Vec<Variable>) -> Self {
        Self { file: file.into(), text: text.into(), variables }
    }

    /// Each variable and the span of its values.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&Variable, Range<usize>)> {
        let first = self.text.len() + 1;
        self.variables
            .iter()
            .enumerate()
            .map(move |(index, variable)| (variable, first + index..first + index))
    }

    /// The file's values and every syntax error.
    pub(super) fn parse(&self) -> (DeTable<'_>, Vec<ConfigError>) {
        let (tree, faults) = DeTable::parse_recoverable(&self.text);
        let mut lines = HashSet::new();
        let errors = faults.iter().map(|fault| self.syntax_error(fault));
        // The first error of a line is the cause; those after it on that line are its effects.
        let errors = errors.filter(|error| match &error.location {
            Some(ValueOrigin::File { line, .. }) => lines.insert(*line),
            _ => true,
        });
        (tree.into_inner(), errors.collect())
    }

    /// The place where `span` begins.
    pub(in crate::settings) fn origin(&self, span: Range<usize>) -> ValueOrigin {
        let past = span.start.checked_sub(self.text.len() + 1);
        if let Some(variable) = past.and_then(|index| self.variables.get(index)) {
            return ValueOrigin::Environment(variable.name.clone());
        }
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ValueOrigin::File {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The place of a key or a value.
    pub(in crate::settings) fn origin_of<T>(&self, spanned: &Spanned<T>) -> ValueOrigin {
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
            _ if python.is_some() => ConfigError::new("", "this is Python, not TOML"),
            message => ConfigError::new("", format!("not TOML: {message}")),
        };
        let error = error.at(self.origin(span));
        match python {
            Some("None") => error.with_hint("TOML has no None: leave the setting out, or write \"none\""),
            Some(word) => error.with_hint(format!("write {} in lower case", word.to_lowercase())),
            None if on_line.contains("= (") => error.with_hint("write a list in brackets: [\"a\", \"b\"]"),
            None => error,
        }
    }
}
