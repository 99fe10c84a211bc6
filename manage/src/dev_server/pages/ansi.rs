//! Turns text with ANSI colours, as rustc and cargo write it, into runs of text with a style.

use anstyle_parse::{DefaultCharAccumulator, Params, Parser, Perform};

/// The colours and weights that a terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) bold: bool,
    pub(super) dim: bool,
    pub(super) italic: bool,
    pub(super) underline: bool,
    /// One of the 16 colours of a terminal.
    pub(super) color: Option<u8>,
}

/// Text in one look. A line break ends a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextRun {
    pub(super) look: Look,
    pub(super) text: String,
}

/// Returns the lines of a text, each as its runs.
pub(super) fn lines(text: &str) -> Vec<Vec<TextRun>> {
    let mut reader = Reader { lines: vec![Vec::new()], look: Look::default() };
    let mut parser = Parser::<DefaultCharAccumulator>::new();
    for byte in text.bytes() {
        parser.advance(&mut reader, byte);
    }
    reader.lines
}

/// Returns the text without colours.
pub(crate) fn plain(text: &str) -> String {
    let line = |runs: &Vec<TextRun>| runs.iter().map(|run| run.text.as_str()).collect::<String>();
    lines(text).iter().map(line).collect::<Vec<_>>().join("\n")
}

struct Reader {
    lines: Vec<Vec<TextRun>>,
    look: Look,
}

impl Perform for Reader {
    fn print(&mut self, character: char) {
        let look = self.look;
        let Some(line) = self.lines.last_mut() else { return };
        match line.last_mut().filter(|run| run.look == look) {
            Some(run) => run.text.push(character),
            None => line.push(TextRun { look, text: character.to_string() }),
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.lines.push(Vec::new()),
            b'\t' => self.print('\t'),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, action: u8) {
        if action != b'm' {
            return;
        }
        // `38;5;9` and `38:5:9` are the same.
        let mut codes = params.iter().flatten().copied();
        if params.is_empty() {
            self.look = Look::default();
        }
        while let Some(code) = codes.next() {
            match code {
                0 => self.look = Look::default(),
                1 => self.look.bold = true,
                2 => self.look.dim = true,
                3 => self.look.italic = true,
                4 => self.look.underline = true,
                22 => (self.look.bold, self.look.dim) = (false, false),
                23 => self.look.italic = false,
                24 => self.look.underline = false,
                30..=37 => self.look.color = u8::try_from(code - 30).ok(),
                90..=97 => self.look.color = u8::try_from(code - 82).ok(),
                39 => self.look.color = None,
                38 | 48 => {
                    let color = match codes.next() {
                        Some(5) => codes.next().and_then(|color| u8::try_from(color).ok()),
                        Some(2) => codes.by_ref().take(3).last().and(None),
                        _ => None,
                    };
                    if code == 38 {
                        self.look.color = color.filter(|color| *color < 16);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rustcs_colours_are_read() {
        let lines =
            lines("\u{1b}[0m\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m\u{1b}[0m: no\n  é\u{1b}[31mred\u{1b}[39m");
        let red = Look { bold: true, color: Some(9), ..Look::default() };
        assert_eq!(lines[0][0], TextRun { look: red, text: "error".into() });
        assert_eq!(lines[0][1], TextRun { look: Look::default(), text: ": no".into() });
        assert_eq!(lines[1][0].text, "  é");
        assert_eq!(lines[1][1].look.color, Some(1));
    }

    #[test]
    fn plain_text_has_no_escapes() {
        assert_eq!(plain("\u{1b}[1;31ma\u{1b}[0m\nb\u{1b}]8;;x\u{7}c"), "a\nbc");
    }
}
