//! Colours for text on a terminal, by role, in Django's palette `dark` (django/utils/termcolors.py).
//!
//! Every command colours its text through here, so that `--no-color`, `NO_COLOR` and the kind of the stream
//! are checked in one place. Nothing here writes.

use std::{
    env,
    fmt::{self, Display},
    io::IsTerminal,
};

use clap::builder::styling::{AnsiColor, Style as Ansi};

/// The colours for one stream. Without colours, text is unchanged.
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
    /// Uses colours if `stream` is a terminal. In the environment, `NO_COLOR` and `TERM=dumb` switch them off;
    /// `FORCE_COLOR` and `CLICOLOR_FORCE` switch them on without a terminal.
    pub fn of(stream: &impl IsTerminal) -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let forced = set("FORCE_COLOR") || set("CLICOLOR_FORCE");
        Self { color: !set("NO_COLOR") && (forced || (stream.is_terminal() && !dumb)) }
    }

    /// Uses no colours.
    pub fn plain() -> Self {
        Self { color: false }
    }

    /// Uses colours for any stream.
    pub fn colored() -> Self {
        Self { color: true }
    }

    /// Returns whether colours are used.
    pub fn is_colored(self) -> bool {
        self.color
    }

    /// Styles a heading, such as `Operations to perform:`.
    pub fn heading<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Cyan.on_default().bold(), text)
    }

    /// Styles a name within a line.
    pub fn label<T: Display>(self, text: T) -> Painted<T> {
        self.paint(Ansi::new().bold(), text)
    }

    /// Styles a success.
    pub fn success<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Green.on_default().bold(), text)
    }

    /// Styles an error.
    pub fn error<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    /// Styles a warning.
    pub fn warning<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Yellow.on_default().bold(), text)
    }

    /// Styles a notice, such as Django's of unapplied migrations.
    pub fn notice<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    /// Styles text that matters less than the text beside it.
    pub fn dimmed<T: Display>(self, text: T) -> Painted<T> {
        self.paint(Ansi::new().dimmed(), text)
    }

    /// Styles a line of the access log by the status of the response, as Django's `ServerFormatter`
    /// (django/utils/log.py).
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

/// Text that is displayed in a style. The methods of [`Style`] make it.
///
/// # Examples
///
/// ```
/// use manage::Style;
///
/// let text = Style::colored().error("no");
/// assert_eq!(text.to_string(), "\u{1b}[1m\u{1b}[31mno\u{1b}[0m");
/// ```
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
