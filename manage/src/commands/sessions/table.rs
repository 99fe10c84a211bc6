//! A table of text for the terminal: columns as wide as what is in them, rows printed as they come.

use crate::{Project, Style};

/// Rows that are looked at to find how wide the columns are; more are printed with these widths.
pub(super) const SAMPLE: usize = 1_000;
const GAP: &str = "  ";

/// A column's title, and on which side its values stand.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Left(&'static str),
    Right(&'static str),
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Left(title) | Self::Right(title) => title,
        }
    }
}

/// A table on its way to stdout.
pub(super) struct Table<'a, const N: usize> {
    project: &'a Project,
    columns: [Column; N],
    widths: Option<[usize; N]>,
    waiting: Vec<Row<N>>,
}

struct Row<const N: usize> {
    cells: [String; N],
    dimmed: bool,
}

impl<'a, const N: usize> Table<'a, N> {
    pub(super) fn new(project: &'a Project, columns: [Column; N]) -> Self {
        Self { project, columns, widths: None, waiting: Vec::new() }
    }

    /// Adds a row; a dimmed one matters less.
    pub(super) fn push(&mut self, cells: [String; N], dimmed: bool) {
        self.waiting.push(Row { cells, dimmed });
        if self.waiting.len() >= SAMPLE {
            self.flush();
        }
    }

    /// Prints what waits.
    pub(super) fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let (style, mut text) = (self.project.style(), String::new());
        let widths = match self.widths {
            Some(widths) => widths,
            None => {
                let widths = self.measure();
                let titles = self.columns.map(|column| column.title().to_owned());
                text.push_str(&style.heading(self.line(&titles, &widths)).to_string());
                text.push('\n');
                widths
            }
        };
        self.widths = Some(widths);
        for row in &self.waiting {
            let line = self.line(&row.cells, &widths);
            text.push_str(&paint(style, &line, row.dimmed));
            text.push('\n');
        }
        self.waiting.clear();
        self.project.write(text);
    }

    fn measure(&self) -> [usize; N] {
        std::array::from_fn(|place| {
            let cells = self.waiting.iter().map(|row| row.cells[place].chars().count());
            cells.max().unwrap_or_default().max(self.columns[place].title().chars().count())
        })
    }

    fn line(&self, cells: &[String; N], widths: &[usize; N]) -> String {
        let mut line = String::new();
        for ((cell, &width), column) in cells.iter().zip(widths).zip(self.columns) {
            if !line.is_empty() {
                line.push_str(GAP);
            }
            line += &match column {
                Column::Left(_) => format!("{cell:<width$}"),
                Column::Right(_) => format!("{cell:>width$}"),
            };
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn paint(style: Style, line: &str, dimmed: bool) -> String {
    if dimmed { style.dimmed(line).to_string() } else { line.to_owned() }
}
