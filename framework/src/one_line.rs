//! Text from the network on one line, for logs and terminals.
//!
//! The access log, the log of `manage runserver` and the tables of `manage sessions` write with it.

use std::fmt::{self, Write as _};

/// Shows text on one line. Control characters and those that break lines, change the direction of text or
/// show nothing are written as escapes such as `\n` and `\u{202e}`; all others stay.
///
/// # Examples
///
/// ```
/// use nuages::OneLine;
///
/// assert_eq!(OneLine::new("a\r\nb \u{1b}[2J é").to_string(), r"a\r\nb \u{1b}[2J é");
/// assert_eq!(OneLine::quoted("/\" é").to_string(), r#"/\" \u{e9}"#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OneLine<'a> {
    text: &'a str,
    quoted: bool,
}

impl<'a> OneLine<'a> {
    /// Shows text without quotes around it.
    pub const fn new(text: &'a str) -> Self {
        Self { text, quoted: false }
    }

    /// Shows text between double quotes: quotes, backslashes and characters beyond ASCII are escaped too.
    pub const fn quoted(text: &'a str) -> Self {
        Self { text, quoted: true }
    }

    /// Whether a log or a terminal shows this character and does nothing else with it.
    pub fn is_plain(character: char) -> bool {
        let hidden = matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        );
        !(character.is_control() || hidden)
    }
}

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.text.chars() {
            if self.quoted || !Self::is_plain(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}
