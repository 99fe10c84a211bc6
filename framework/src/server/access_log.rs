//! One line for each request, as Django's runserver writes it: `"GET /polls/ HTTP/1.1" 200 1234`.
//!
//! An event of target `nuages.server` with the fields `method`, `path`, `version`, `status`, `bytes` and
//! `elapsed_us`, and the line as its message: an error for 5xx, a warning for 4xx, else information.
//! `manage` prints it. Without a subscriber for these events nothing is collected.

use std::time::Instant;

use http::{Method, Request, StatusCode, Uri, Version};

use crate::OneLine;

/// The facts about one request, collected until its line is written.
pub(super) struct AccessLogLine {
    method: Method,
    target: Uri,
    version: Version,
    started: Instant,
    status: StatusCode,
    bytes: u64,
}

impl AccessLogLine {
    /// Starts the line of a request that begins now; `None` if no subscriber wants it.
    pub(super) fn begin<B>(request: &Request<B>) -> Option<Box<Self>> {
        if !tracing::enabled!(target: "nuages.server", tracing::Level::ERROR) {
            return None;
        }
        Some(Box::new(Self {
            method: request.method().clone(),
            target: request.uri().clone(),
            version: request.version(),
            started: Instant::now(),
            status: StatusCode::INTERNAL_SERVER_ERROR,
            bytes: 0,
        }))
    }

    pub(super) fn set_status(&mut self, status: StatusCode) {
        self.status = status;
    }

    pub(super) fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Writes the line.
    pub(super) fn write(&self) {
        let path = OneLine::quoted(self.target.path_and_query().map_or("", |target| target.as_str()));
        let Self { method, version, bytes, .. } = self;
        let status = self.status.as_u16();
        let elapsed_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(
                    target: "nuages.server",
                    tracing::Level::$level,
                    %method, %path, ?version, status, bytes, elapsed_us,
                    "\"{method} {path} {version:?}\" {status} {bytes}"
                )
            };
        }
        match status {
            500.. => event!(ERROR),
            400.. => event!(WARN),
            _ => event!(INFO),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fmt,
        sync::{Arc, Mutex},
    };

    use tracing::{
        Event, Level, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    use super::*;

    /// Keeps the level and the message of each event.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut message = Message(String::new());
            event.record(&mut message);
            self.0.lock().expect("a lock").push((*event.metadata().level(), message.0));
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_line_looks_as_runserver_writes_it() {
        let lines = Lines::default();
        let write = |target: &str, status: u16, bytes| {
            let request = Request::builder().uri(target).body(()).expect("a request");
            let mut line = AccessLogLine::begin(&request).expect("a subscriber");
            line.set_status(StatusCode::from_u16(status).expect("a status"));
            line.add_bytes(bytes);
            line.write();
        };
        tracing::subscriber::with_default(lines.clone(), || {
            write("/polls/?page=2", 200, 1234);
            write("/nothing", 404, 10);
            write("/broken", 500, 0);
        });
        let lines = lines.0.lock().expect("a lock");
        assert_eq!(
            *lines,
            [
                (Level::INFO, r#""GET /polls/?page=2 HTTP/1.1" 200 1234"#.to_owned()),
                (Level::WARN, r#""GET /nothing HTTP/1.1" 404 10"#.to_owned()),
                (Level::ERROR, r#""GET /broken HTTP/1.1" 500 0"#.to_owned()),
            ]
        );
    }

    #[test]
    fn nothing_is_collected_without_a_subscriber() {
        let request = Request::builder().uri("/").body(()).expect("a request");
        assert!(tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
            AccessLogLine::begin(&request).is_none()
        }));
    }

    #[test]
    fn a_path_stays_on_its_line() {
        let path = OneLine::quoted("/a\r\nGET /b \"x\" \u{1b}[31m/\u{e9}?q=1").to_string();
        assert_eq!(path, r#"/a\r\nGET /b \"x\" \u{1b}[31m/\u{e9}?q=1"#);
    }
}
