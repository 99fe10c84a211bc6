//! One line for each request, as Django's runserver writes it: `"GET /polls/ HTTP/1.1" 200 1234`.
//!
//! An event of target `nuages.server` with the fields `method`, `path`, `version`, `status`, `bytes` and
//! `elapsed_us`, and the line as its message: an error for 5xx, a warning for 4xx, else information.
//! `manage` prints it. Nothing is gathered where nobody listens.

use std::{fmt, time::Instant};

use http::{Method, Request, StatusCode, Uri, Version};

/// What is known of a request whose line is not written yet.
pub(super) struct Entry {
    method: Method,
    target: Uri,
    version: Version,
    started: Instant,
    status: StatusCode,
    bytes: u64,
}

impl Entry {
    /// The entry of a request that begins now; none where nobody listens.
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
        let path = OneLine(self.target.path_and_query().map_or("", |target| target.as_str()));
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

/// Text from the network on one line: whatever is not printable ASCII, and quotes, are escaped.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_bytes().escape_ascii().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_on_its_line() {
        let path = OneLine("/a\r\nGET /b \"x\" \u{1b}[31m/\u{e9}?q=1").to_string();
        assert_eq!(path, r#"/a\r\nGET /b \"x\" \x1b[31m/\xc3\xa9?q=1"#);
    }
}
