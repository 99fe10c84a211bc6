//! A table of text on stdout. Columns are as wide as their first rows need; later rows are printed as they come.

use crate::{Project, Style};

/// How many rows are measured to find the widths of the columns.
pub(crate) const MEASURED_ROWS: usize = 1_000;
const GAP: &str = "  ";

/// A column: its title, and the side that its values are aligned to.
#[derive(Clone, Copy)]
pub(crate) enum Column {
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

/// The table, and the rows that are not printed yet.
pub(crate) struct TextTable<'a, const N: usize> {
    project: &'a Project,
    columns: [Column; N],
    widths: Option<[usize; N]>,
    waiting: Vec<Row<N>>,
}

struct Row<const N: usize> {
    cells: [String; N],
    dimmed: bool,
}

impl<'a, const N: usize> TextTable<'a, N> {
    pub(crate) fn new(project: &'a Project, columns: [Column; N]) -> Self {
        Self { project, columns, widths: None, waiting: Vec::new() }
    }

    /// Adds a row. A dimmed row is printed in a fainter colour.
    pub(crate) fn push(&mut self, cells: [String; N], dimmed: bool) {
        self.waiting.push(Row { cells, dimmed });
        if self.waiting.len() >= MEASURED_ROWS {
            self.flush();
        }
    }

    /// Prints the rows that were added since the last `flush`.
    pub(crate) fn flush(&mut self) {
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
