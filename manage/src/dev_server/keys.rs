//! The keys of the terminal: a letter and Enter.

use std::io::{self, BufRead as _, IsTerminal as _};

use rustix::{process::getpgrp, termios::tcgetpgrp};
use tokio::sync::mpsc;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rebuild,
    Open,
    Quit,
    Help,
}

/// What the keys do, for the terminal.
pub(super) const HELP: &str = "Keys, each followed by Enter: r builds and starts the program again, o opens the \
     site in the browser, q quits, h shows this help.";

impl Key {
    fn of(line: &str) -> Option<Self> {
        match line.trim() {
            "r" => Some(Self::Rebuild),
            "o" => Some(Self::Open),
            "q" => Some(Self::Quit),
            "h" | "?" => Some(Self::Help),
            _ => None,
        }
    }
}

/// Reads keys from stdin if it is a terminal, and this process may read from it: the system would stop a
/// process in the background that does.
pub(super) fn read() -> mpsc::UnboundedReceiver<Key> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let stdin = io::stdin();
    let may_read = stdin.is_terminal() && tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp());
    if may_read {
        std::thread::spawn(move || {
            for line in stdin.lock().lines() {
                let Ok(line) = line else { return };
                if Key::of(&line).is_some_and(|key| sender.send(key).is_err()) {
                    return;
                }
            }
        });
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_a_key() {
        assert_eq!(Key::of("r\n"), Some(Key::Rebuild));
        assert_eq!(Key::of(" h "), Some(Key::Help));
        assert_eq!(Key::of("rr"), None);
    }
}
