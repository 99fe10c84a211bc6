//! Messages for the visitor's next page: Django's `django.contrib.messages`.
//!
//! A view adds messages; the next page that calls `get_messages()` shows them, and they are gone. They are
//! stored as Django stores them, in a signed cookie and in the session (`FallbackStorage`), so that a Django
//! site beside this one shows the messages of both. `MESSAGE_STORAGE` picks one of the two.

mod cookie;
mod level;
mod message;
mod middleware;
mod queue;

pub use level::Level;
pub use message::{Message, MessageText};
pub(crate) use middleware::MessageMiddleware;
use minijinja::{Environment, State, Value as Shown};
pub use queue::Messages;

use crate::{
    Error, Result,
    http::{Request, RequestVar, session_of},
};

/// The name under which templates find the messages of their request.
const HIDDEN: &str = "__messages__";

/// Adds a message, like Django's `messages.add_message`. A message without text, or of a level below
/// `MESSAGE_LEVEL`, is not kept.
///
/// # Errors
///
/// If the application leaves out [`BuiltIn::Messages`](crate::middleware::BuiltIn::Messages).
pub fn add(request: &mut Request, level: impl Into<i64>, text: impl Into<MessageText>) -> Result<()> {
    add_with_tags(request, level, text, "")
}

/// Adds a message with extra tags, such as `"sticky"`: Django's `extra_tags`.
///
/// # Errors
///
/// The same as [`add`].
///
/// # Examples
///
/// ```
/// use nuages::{contrib::messages::{self, Level}, prelude::*};
///
/// fn pay(request: &mut Request) -> Result<Response> {
///     messages::add_with_tags(request, Level::Warning, "The card has expired.", "sticky payment")?;
///     Ok(redirect("/cart/"))
/// }
/// ```
pub fn add_with_tags(
    request: &mut Request,
    level: impl Into<i64>,
    text: impl Into<MessageText>,
    extra_tags: &str,
) -> Result<()> {
    of_request(request)?.add(level, text, extra_tags);
    Ok(())
}

/// Adds a message for developers. It is kept only if `MESSAGE_LEVEL` is `debug`.
///
/// # Errors
///
/// The same as [`add`].
pub fn debug(request: &mut Request, text: impl Into<MessageText>) -> Result<()> {
    add(request, Level::Debug, text)
}

/// Adds an informational message.
///
/// # Errors
///
/// The same as [`add`].
pub fn info(request: &mut Request, text: impl Into<MessageText>) -> Result<()> {
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
pub fn success(request: &mut Request, text: impl Into<MessageText>) -> Result<()> {
    add(request, Level::Success, text)
}

/// Adds a warning.
///
/// # Errors
///
/// The same as [`add`].
pub fn warning(request: &mut Request, text: impl Into<MessageText>) -> Result<()> {
    add(request, Level::Warning, text)
}

/// Adds a message about a failure.
///
/// # Errors
///
/// The same as [`add`].
pub fn error(request: &mut Request, text: impl Into<MessageText>) -> Result<()> {
    add(request, Level::Error, text)
}

/// Takes the messages for the visitor, like iterating over Django's `get_messages`.
///
/// A cookie that was not signed with the site's key, or a value in the session that is not a list of
/// messages, counts as no messages. It is removed.
///
/// # Errors
///
/// The same as [`add`].
pub fn take(request: &mut Request) -> Result<Vec<Message>> {
    let messages = of_request(request)?;
    Ok(messages.take(&mut request.session))
}

fn of_request(request: &Request) -> Result<Messages> {
    let missing = || {
        Error::new(
            "this application has no messages: remove .without(BuiltIn::Messages) from the App in src/main.rs",
        )
    };
    request.extension::<Messages>().cloned().ok_or_else(missing)
}

/// The hidden value of templates that `get_messages()` looks up. Reading the messages, not looking them up,
/// counts as reading the session.
pub(crate) const TEMPLATE_VAR: RequestVar = RequestVar {
    name: HIDDEN,
    make: |extensions| {
        let messages = extensions.get::<Messages>().cloned();
        messages.map_or(Shown::UNDEFINED, |messages| Shown::from_object(TemplateMessages(messages)))
    },
    from_session: false,
};

/// The messages as a value of templates, for the function alone.
#[derive(Debug)]
struct TemplateMessages(Messages);

impl minijinja::value::Object for TemplateMessages {}

/// Adds `get_messages()` to templates.
pub(crate) fn add_function(environment: &mut Environment<'static>) {
    environment.add_function("get_messages", |state: &State| -> Shown {
        let found = state.lookup(HIDDEN);
        let messages = found.as_ref().and_then(|found| found.downcast_object_ref::<TemplateMessages>());
        let shown = match (messages, session_of(state)) {
            (Some(TemplateMessages(messages)), Some(session)) => {
                session.with(|session| messages.show(session))
            }
            _ => Vec::new(),
        };
        shown.iter().map(Message::to_shown).collect()
    });
}
