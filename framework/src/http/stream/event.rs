//! One server-sent event (WHATWG HTML, section 9.2).

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

use crate::Result;

/// The reason why an event cannot be sent.
///
/// # Examples
///
/// ```
/// use nuages::http::Event;
///
/// let error = Event::text("hello").name("two\nlines").unwrap_err();
/// assert_eq!(error.to_string(), r#"the name "two\nlines" of an event contains a line end or NUL"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {field} {value:?} of an event contains a line end or NUL")]
pub struct EventError {
    field: &'static str,
    value: String,
}

/// A server-sent event. Scripts get it from an `EventSource`.
///
/// # Examples
///
/// ```
/// use nuages::http::Event;
///
/// let event = Event::json(&[1, 2])?.name("stock")?.id("7")?;
/// assert_eq!(event.to_string(), "event: stock\nid: 7\ndata: [1,2]\n\n");
/// assert_eq!(Event::text("two\nlines").to_string(), "data: two\ndata: lines\n\n");
/// # Ok::<(), nuages::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    name: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
    data: String,
}

impl Event {
    /// An event with this text.
    pub fn text(data: impl Into<String>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// An event with this value as JSON.
    ///
    /// # Errors
    ///
    /// If the value cannot be JSON.
    pub fn json(data: &impl Serialize) -> Result<Self> {
        Ok(Self::text(serde_json::to_string(data)?))
    }

    /// Sets the name for which scripts listen. Without it, it is `message`.
    ///
    /// # Errors
    ///
    /// If the name contains a line end.
    pub fn name(self, name: impl Into<String>) -> Result<Self, EventError> {
        Ok(Self { name: Some(one_line("name", name.into())?), ..self })
    }

    /// Sets the id that a browser sends as `Last-Event-ID` when it connects again.
    ///
    /// # Errors
    ///
    /// If the id contains a line end or NUL.
    pub fn id(self, id: impl Into<String>) -> Result<Self, EventError> {
        Ok(Self { id: Some(one_line("id", id.into())?), ..self })
    }

    /// Sets how long a browser waits before it connects again.
    #[must_use]
    pub fn retry(self, wait: Duration) -> Self {
        Self { retry: Some(wait), ..self }
    }
}

impl From<&str> for Event {
    fn from(data: &str) -> Self {
        Self::text(data)
    }
}

impl From<String> for Event {
    fn from(data: String) -> Self {
        Self::text(data)
    }
}

impl std::fmt::Display for Event {
    /// Writes the event as it is sent.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(name) = &self.name {
            writeln!(f, "event: {name}")?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "id: {id}")?;
        }
        if let Some(wait) = self.retry {
            writeln!(f, "retry: {}", wait.as_millis())?;
        }
        // CR, LF and CR LF all end a line.
        for line in self.data.replace("\r\n", "\n").split(['\n', '\r']) {
            writeln!(f, "data: {line}")?;
        }
        f.write_char('\n')
    }
}

fn one_line(field: &'static str, value: String) -> Result<String, EventError> {
    if value.contains(['\n', '\r', '\0']) { Err(EventError { field, value }) } else { Ok(value) }
}
