//! Colours on a terminal, by role and in Django's palette (django/utils/termcolors.py, `dark`).
//!
//! Every command paints through here, so that `--no-color`, `NO_COLOR` and a stream that is no terminal
//! are honoured in one place. Nothing here writes.

use std::{
    env,
    fmt::{self, Display},
    io::IsTerminal,
};

use clap::builder::styling::{AnsiColor, Style as Ansi};

/// The palette for one stream: paints where colours are wanted, else leaves text as it is.
///
/// # Examples
///
/// ```
/// use manage::Style;
///
/// assert_eq!(Style::plain().success("OK").to_string(), "OK");
/// assert_eq!(Style::colored().label("sessions").to_string(), "\u{1b}[1msessions\u{1b}[0m");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Style {
    color: bool,
}

impl Style {
    /// Colours if `stream` is a terminal and the environment does not object (`NO_COLOR`, `TERM=dumb`;
    /// `FORCE_COLOR` and `CLICOLOR_FORCE` ask for them where there is none).
    pub fn of(stream: &impl IsTerminal) -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let forced = set("FORCE_COLOR") || set("CLICOLOR_FORCE");
        Self { color: !set("NO_COLOR") && (forced || (stream.is_terminal() && !dumb)) }
    }

    /// No colours.
    pub fn plain() -> Self {
        Self { color: false }
    }

    /// Colours, whatever the stream is.
    pub fn colored() -> Self {
        Self { color: true }
    }

    /// Whether text is painted.
    pub fn is_colored(self) -> bool {
        self.color
    }

    /// What the lines below are about: `Operations to perform:`.
    pub fn heading<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Cyan.on_default().bold(), text)
    }

    /// A name within a line.
    pub fn label<T: Display>(self, text: T) -> Painted<T> {
        self.paint(Ansi::new().bold(), text)
    }

    /// It worked.
    pub fn success<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Green.on_default().bold(), text)
    }

    /// It did not work.
    pub fn error<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    /// It may not work.
    pub fn warning<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Yellow.on_default().bold(), text)
    }

    /// Something to know before going on.
    pub fn notice<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    /// Where something comes from; less important than what stands beside it.
    pub fn dimmed<T: Display>(self, text: T) -> Painted<T> {
        self.paint(Ansi::new().dimmed(), text)
    }

    /// A line of the request log, by the status of the response
    /// (`WSGIRequestHandler` and `ServerFormatter` in django/utils/log.py).
    pub fn http<T: Display>(self, status: u16, text: T) -> Painted<T> {
        let style = match status {
            100..=199 => Ansi::new().bold(),
            304 => AnsiColor::Cyan.on_default(),
            300..=399 => AnsiColor::Green.on_default(),
            404 => AnsiColor::Yellow.on_default(),
            400..=499 => AnsiColor::Red.on_default().bold(),
            500.. => AnsiColor::Magenta.on_default().bold(),
            _ => Ansi::new(),
        };
        self.paint(style, text)
    }

    fn paint<T: Display>(self, style: Ansi, text: T) -> Painted<T> {
        Painted { style: if self.color { style } else { Ansi::new() }, text }
    }
}

/// Text that shows itself in a style.
#[derive(Clone, Copy, Debug)]
pub struct Painted<T> {
    style: Ansi,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.style, self.text, self.style)
    }
}
