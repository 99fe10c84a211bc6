//! What a serving program tells on stderr: a line a request, as Django's runserver, and every warning.
//!
//! A `tracing` layer, installed by `runserver`. Every event is one line: control characters are escaped,
//! whatever room it comes from. Times are UTC, as with Django's default TIME_ZONE.

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
};

use nuages::OneLine;
use time::{OffsetDateTime, macros::format_description};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
};

use crate::Style;

/// The target of the server's events; those with a status are its access log.
const SERVER: &str = "nuages.server";
const OURS: &str = "nuages";

/// Installs the layer for the whole process; where something else listens already, that stays.
pub(crate) fn install(verbosity: u8, style: Style) {
    let layer = Lines { verbosity, style, out: write_stderr };
    // A project that installed its own subscriber meant it.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
}

fn write_stderr(line: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = io::stderr().write_all(line.as_bytes());
}

struct Lines<W> {
    verbosity: u8,
    style: Style,
    out: W,
}

impl<W> Lines<W> {
    /// How much to tell of a target: more of our own rooms than of dependencies.
    fn limit(&self, target: &str) -> LevelFilter {
        let ours = target.starts_with(OURS);
        match self.verbosity {
            0 => LevelFilter::ERROR,
            1 if target == SERVER => LevelFilter::INFO,
            2 if ours => LevelFilter::INFO,
            3.. if ours => LevelFilter::DEBUG,
            _ => LevelFilter::WARN,
        }
    }
}

impl<S: Subscriber, W: Fn(&str) + 'static> Layer<S> for Lines<W> {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        // `tracing::enabled!` asks with metadata that are neither an event's nor a span's.
        !metadata.is_span() && *metadata.level() <= self.limit(metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.verbosity >= 3 { LevelFilter::DEBUG } else { LevelFilter::INFO })
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut found = Found::default();
        event.record(&mut found);
        let metadata = event.metadata();
        let text = match found.status.filter(|_| metadata.target() == SERVER) {
            Some(status) => {
                self.style.http(status, format!("{} {}", now(), OneLine::new(&found.message))).to_string()
            }
            None => {
                let Found { message, fields, .. } = found;
                let level =
                    if *metadata.level() == Level::WARN { "WARNING" } else { metadata.level().as_str() };
                let words = format!("{message}{fields}");
                let text = format!("{} {level} {}: {}", now(), metadata.target(), words.trim_start());
                let text = OneLine::new(&text);
                match *metadata.level() {
                    Level::ERROR => self.style.error(text).to_string(),
                    Level::WARN => self.style.warning(text).to_string(),
                    _ => text.to_string(),
                }
            }
        };
        (self.out)(&(text + "\n"));
    }
}

/// `[23/Nov/2026 10:11:12]`, as `log_date_time_string` in Python's http.server.
fn now() -> String {
    let form = format_description!("[[[day]/[month repr:short]/[year] [hour]:[minute]:[second]]");
    OffsetDateTime::now_utc().format(form).unwrap_or_default()
}

/// What an event carries.
#[derive(Default)]
struct Found {
    message: String,
    status: Option<u16>,
    fields: String,
}

impl Found {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => self.message.write_fmt(value),
            name => write!(self.fields, " {name}={value}"),
        };
    }
}

impl Visit for Found {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = u16::try_from(value).ok();
        }
        self.add(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut next = value.source();
        while let Some(cause) = next {
            text += &format!(": {cause}");
            next = cause.source();
        }
        self.add(field, format_args!("{text}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// The lines that `events` lead to, their dates taken off.
    fn lines(verbosity: u8, style: Style, events: impl FnOnce()) -> Vec<String> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let copy = written.clone();
        let out = move |line: &str| copy.lock().expect("no panic").push(line.to_owned());
        let subscriber = tracing_subscriber::registry().with(Lines { verbosity, style, out });
        tracing::subscriber::with_default(subscriber, events);
        let written = written.lock().expect("no panic");
        written.iter().map(|line| line.replacen(&now()[..12], "", 1)).collect()
    }

    fn request(status: u16) {
        if !tracing::enabled!(target: "nuages.server", Level::ERROR) {
            return;
        }
        tracing::info!(target: "nuages.server", status, bytes = 1234, "\"GET / HTTP/1.1\" {status} 1234");
    }

    #[test]
    fn a_request_is_a_line_as_django_writes_it() {
        let line = lines(1, Style::plain(), || request(200)).remove(0);
        assert!(line.ends_with("] \"GET / HTTP/1.1\" 200 1234\n"), "{line:?}");
        assert!(lines(0, Style::plain(), || request(200)).is_empty());
        let line = lines(1, Style::colored(), || request(404)).remove(0);
        assert!(line.starts_with("\u{1b}[33m") && line.ends_with("\u{1b}[0m\n"), "{line:?}");
    }

    #[test]
    fn a_warning_is_one_line_whatever_it_carries() {
        let evil = "x\r\n[23/Nov/2026] \u{1b}[31mforged\u{202e}";
        let written =
            lines(1, Style::plain(), || tracing::warn!(target: "nuages.sessions", evil, "odd {evil}"));
        let [line] = written.as_slice() else { panic!("one line, not {written:?}") };
        assert_eq!(line.matches(char::is_control).count(), 1, "{line:?}");
        assert!(
            line.contains("WARNING nuages.sessions: odd x\\r\\n") && !line.contains('\u{202e}'),
            "{line:?}"
        );
    }

    #[test]
    fn a_higher_verbosity_tells_more_of_our_own_rooms_only() {
        let events = || {
            tracing::debug!(target: "nuages.db", "checkpoint");
            tracing::info!(target: "nuages.db", "opened");
            tracing::info!(target: "hyper", "chatter");
        };
        let count = |verbosity| lines(verbosity, Style::plain(), events).len();
        assert_eq!([count(0), count(1), count(2), count(3)], [0, 0, 1, 2]);
    }
}
