//! Messages for the visitor's next page, kept in the session: Django's `django.contrib.messages`.
//!
//! A view adds messages; the next template that calls `get_messages()` shows and removes them. They are
//! stored like Django's `SessionStorage` does (`django/contrib/messages/storage/session.py`), so that a
//! Django site with this storage shows them too. Django's cookie storage is not read.

mod level;
mod storage;

pub use level::Level;
use minijinja::{Environment, State, Value as Shown};
pub use storage::{Message, take};

use crate::{
    Result,
    http::{Request, session_of},
    templates::to_value,
};

/// Adds a message, like Django's `messages.add_message`. A debug message is not kept.
///
/// # Errors
///
/// None for any stored value: one that is not a list of messages is replaced, and the log says so.
pub fn add(request: &mut Request, level: Level, text: impl Into<String>) -> Result<()> {
    if level < Level::Info {
        return Ok(());
    }
    storage::push(&mut request.session, level, text.into())
}

/// Adds an informational message.
///
/// # Errors
///
/// The same as [`add`].
pub fn info(request: &mut Request, text: impl Into<String>) -> Result<()> {
    add(request, Level::Info, text)
}

/// Adds a message about a success.
///
/// # Errors
///
/// The same as [`add`].
///
/// # Examples
///
/// ```
/// use nuages::{contrib::messages, prelude::*};
///
/// fn save(request: &mut Request) -> Result<Response> {
///     messages::success(request, "Saved.")?;
///     Ok(redirect("/"))
/// }
/// ```
pub fn success(request: &mut Request, text: impl Into<String>) -> Result<()> {
    add(request, Level::Success, text)
}

/// Adds a warning.
///
/// # Errors
///
/// The same as [`add`].
pub fn warning(request: &mut Request, text: impl Into<String>) -> Result<()> {
    add(request, Level::Warning, text)
}

/// Adds a message about a failure.
///
/// # Errors
///
/// The same as [`add`].
pub fn error(request: &mut Request, text: impl Into<String>) -> Result<()> {
    add(request, Level::Error, text)
}

/// Adds `get_messages()` to templates.
pub(crate) fn add_function(environment: &mut Environment<'static>) {
    environment.add_function("get_messages", |state: &State| -> Result<Shown, minijinja::Error> {
        let Some(session) = session_of(state) else { return Ok(to_value(Vec::<Message>::new())) };
        let messages = session.with(take).map_err(|error| {
            let kind = minijinja::ErrorKind::InvalidOperation;
            minijinja::Error::new(kind, format!("get_messages: {error}"))
        })?;
        Ok(to_value(messages))
    });
}
