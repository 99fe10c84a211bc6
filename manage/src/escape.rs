//! Makes text from outside safe to print: no line break, and nothing that a terminal would obey.
//!
//! Used for log lines and for stored sessions, whose text comes from the network.

/// Returns whether a terminal shows this character and does nothing else with it. Control characters and
/// those that break lines or change the direction of text are not shown.
pub(crate) fn is_printable(character: char) -> bool {
    let direction = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    let isolates = matches!(character, '\u{2066}'..='\u{2069}' | '\u{feff}');
    !(character.is_control() || direction || isolates)
}

/// Returns the text on one line: `\n`, `\r`, `\t` and `\u{1b}` stand for the characters that are not printable.
pub(crate) fn one_line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_printable(character) {
            safe.push(character);
        } else {
            safe.extend(character.escape_default());
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_that_is_shown() {
        assert_eq!(one_line("a\u{1b}[2Jb\u{9b}c\u{202e}d é"), "a\\u{1b}[2Jb\\u{9b}c\\u{202e}d é");
        assert_eq!(one_line("a\r\nb"), "a\\r\\nb");
    }
}
