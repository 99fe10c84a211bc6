//! Writes log lines to stderr: one for each request, as Django's runserver, and one for each warning and error.
//!
//! A `tracing` layer, which `runserver` installs, and commands that read all sessions. Every event is one line: control characters are escaped.
//! Times are UTC, as with Django's default TIME_ZONE. `log_writer` writes the lines.

use std::{
    fmt::{self, Write as _},
    io, panic,
    sync::{Arc, Mutex, PoisonError},
};

use nuages::OneLine;
use serde_json::{Map, Value};
use time::{OffsetDateTime, macros::format_description};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    layer::{Context, SubscriberExt as _},
};

use crate::{
    CommandError, Style,
    log_file::{LogFile, LogFileWriter},
    log_json::{self, JsonFields},
    log_writer::LogWriter,
};

/// The target of the server's events. Those with a status are the access log.
pub(crate) const SERVER: &str = "nuages.server";
/// The target of the warnings about URL patterns.
const URLS: &str = "nuages.urls";
/// The beginning of the targets of Nuages.
const NUAGES: &str = "nuages";

/// The form of the lines of warnings and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// `[23/Nov/2026 10:11:12] WARNING nuages.sessions: …`, for a server.
    Dated,
    /// One JSON object a line, for a server.
    Json,
    /// `warning: …`, for a command.
    Plain,
}

/// How the log of a process looks.
pub(crate) struct Logging {
    pub(crate) format: LogFormat,
    /// 0 logs errors only, 1 requests and warnings too, 2 and 3 more.
    pub(crate) verbosity: u8,
    /// Whether requests that succeed have a line.
    pub(crate) successes: bool,
    pub(crate) style: Style,
}

impl Logging {
    /// The log of a command that ends by itself.
    pub(crate) fn plain(verbosity: u8, style: Style) -> Self {
        Self { format: LogFormat::Plain, verbosity, successes: true, style }
    }

    /// The log of a server for developers.
    pub(crate) fn dated(verbosity: u8, style: Style) -> Self {
        Self { format: LogFormat::Dated, verbosity, successes: true, style }
    }

    /// Installs the layer for the whole process, unless the project has installed a subscriber. It writes to
    /// stderr. Returns the writer, which must finish before the process ends.
    ///
    /// # Errors
    ///
    /// Where the system cannot start the writer's thread.
    pub(crate) fn install(self) -> Result<LogWriter, CommandError> {
        self.install_on(io::stderr())
    }

    /// Installs the layer as [`Logging::install`] does. It writes to a file, without colours.
    pub(crate) fn install_to(self, file: Arc<LogFile>) -> Result<LogWriter, CommandError> {
        Self { style: Style::plain(), ..self }.install_on(LogFileWriter(file))
    }

    fn install_on(self, output: impl io::Write + Send + 'static) -> Result<LogWriter, CommandError> {
        let Self { format, verbosity, successes, style } = self;
        let writer = LogWriter::start(output, move |lost| lost_lines(lost, format, style))
            .map_err(|error| CommandError::because("the log cannot be written", error))?;
        let lines = writer.clone();
        let out = move |line: &str| lines.push(line);
        let layer = Lines { format, verbosity, successes, style, out };
        let installed = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
        // Fails if there is a subscriber already; the project's own stays.
        if installed.is_ok() {
            guard_panic_messages(writer.clone());
        }
        Ok(writer)
    }
}

/// Calls `check`. Returns its result and the warnings that it logs, except those about URL patterns, which
/// `App::system_checks` returns. A project that has installed a subscriber gets them instead.
pub(crate) fn collecting_warnings<T>(check: impl FnOnce() -> T) -> (T, Vec<String>) {
    if tracing::dispatcher::has_been_set() {
        return (check(), Vec::new());
    }
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&warnings);
    let out = move |line: &str| {
        let text = line.trim_end().trim_start_matches("warning: ").to_owned();
        collected.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    };
    let (format, style) = (LogFormat::Plain, Style::plain());
    let lines = Lines { format, verbosity: 1, successes: true, style, out };
    let lines = lines.with_filter(filter_fn(|metadata| metadata.target() != URLS));
    let result = tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), check);
    let warnings = std::mem::take(&mut *warnings.lock().unwrap_or_else(PoisonError::into_inner));
    (result, warnings)
}

/// Prints no panic message while the reader of stderr has stopped reading: the panicking thread would wait for
/// it. The framework logs every panic of a view.
fn guard_panic_messages(writer: LogWriter) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !writer.is_stalled() {
            print(info);
        }
    }));
}

/// The line that stands where lines were dropped.
fn lost_lines(count: u64, format: LogFormat, style: Style) -> String {
    let lines = if count == 1 { "line was" } else { "lines were" };
    let reason = "the log was not read fast enough";
    if format == LogFormat::Json {
        let message = format!("{count} log {lines} lost: {reason}");
        return log_json::line(
            &Level::WARN,
            "nuages.manage",
            Map::from_iter([("message".to_owned(), message.into())]),
        );
    }
    let text = format!("{} WARNING nuages.manage: {count} log {lines} lost: {reason}", now());
    format!("{}\n", style.warning(text))
}

/// The layer: formats events and gives each line to `out`.
struct Lines<W> {
    format: LogFormat,
    verbosity: u8,
    successes: bool,
    style: Style,
    out: W,
}

impl<W> Lines<W> {
    /// Returns the least important level that is logged for a target: more for Nuages than for its dependencies.
    fn limit(&self, target: &str) -> LevelFilter {
        let is_nuages = target.starts_with(NUAGES);
        match self.verbosity {
            0 => LevelFilter::ERROR,
            1 if target == SERVER => LevelFilter::INFO,
            2 if is_nuages => LevelFilter::INFO,
            3.. if is_nuages => LevelFilter::DEBUG,
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
        if self.format == LogFormat::Json {
            let mut fields = JsonFields::default();
            event.record(&mut fields);
            let succeeded = fields.0.get("status").and_then(Value::as_u64).is_some_and(|status| status < 400);
            if self.successes || !succeeded {
                (self.out)(&log_json::line(event.metadata().level(), event.metadata().target(), fields.0));
            }
            return;
        }
        let mut fields = EventFields::default();
        event.record(&mut fields);
        if !self.successes && fields.status.is_some_and(|status| status < 400) {
            return;
        }
        let metadata = event.metadata();
        let text = match fields.status.filter(|_| metadata.target() == SERVER) {
            Some(status) => {
                self.style.http(status, format!("{} {}", now(), OneLine::new(&fields.message))).to_string()
            }
            None => {
                let EventFields { message, others, .. } = fields;
                let level =
                    if *metadata.level() == Level::WARN { "WARNING" } else { metadata.level().as_str() };
                let words = format!("{message}{others}");
                let words = words.trim_start();
                let text = match self.format {
                    LogFormat::Dated | LogFormat::Json => {
                        format!("{} {level} {}: {words}", now(), metadata.target())
                    }
                    LogFormat::Plain => format!("{}: {words}", level.to_lowercase()),
                };
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

/// The message and the fields of an event.
#[derive(Default)]
struct EventFields {
    message: String,
    status: Option<u16>,
    others: String,
}

impl EventFields {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => self.message.write_fmt(value),
            name => write!(self.others, " {name}={value}"),
        };
    }
}

impl Visit for EventFields {
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
        let subscriber = tracing_subscriber::registry().with(Lines {
            format: LogFormat::Dated,
            verbosity,
            successes: true,
            style,
            out,
        });
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
    fn a_warning_is_one_line_with_any_field() {
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
    fn a_commands_warning_has_no_date() {
        let written = Arc::new(Mutex::new(String::new()));
        let copy = written.clone();
        let out = move |line: &str| copy.lock().expect("no panic").push_str(line);
        let layer =
            Lines { format: LogFormat::Plain, verbosity: 1, successes: true, style: Style::plain(), out };
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "nuages.sessions", error = %"it is a pipe", "cannot read a\nb");
        });
        assert_eq!(*written.lock().expect("no panic"), "warning: cannot read a\\nb error=it is a pipe\n");
    }

    #[test]
    fn a_higher_verbosity_logs_more_of_nuages_only() {
        let events = || {
            tracing::debug!(target: "nuages.db", "checkpoint");
            tracing::info!(target: "nuages.db", "opened");
            tracing::info!(target: "hyper", "chatter");
        };
        let count = |verbosity| lines(verbosity, Style::plain(), events).len();
        assert_eq!([count(0), count(1), count(2), count(3)], [0, 0, 1, 2]);
    }
}
