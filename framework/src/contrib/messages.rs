//! Messages for the visitor's next page: Django's `django.contrib.messages`, kept in the session.
//!
//! A view adds them, the next template that calls `get_messages()` shows and removes them. They are
//! stored as Django's `SessionStorage` stores them (`django/contrib/messages/storage/session.py`), so
//! that a Django site with that storage shows them too; its cookie storage is not read.

use minijinja::{Environment, State, Value as Shown};
use serde_json::{Value, json};

use crate::{
    Result,
    http::{Request, session_of},
    sessions::Session,
    templates::to_value,
};

const SESSION_KEY: &str = "_messages";
/// Django's `MessageEncoder.message_key`.
const MARK: &str = "__json_message";

/// How much a message matters (`django/contrib/messages/constants.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 10; below Django's default `MESSAGE_LEVEL`, so it is not kept.
    Debug = 10,
    /// 20
    Info = 20,
    /// 25
    Success = 25,
    /// 30
    Warning = 30,
    /// 40
    Error = 40,
}

impl Level {
    /// `success`, as Django's `level_tag`: a class for the style sheet.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    fn of(number: i64) -> Self {
        match number {
            ..20 => Self::Debug,
            20..25 => Self::Info,
            25..30 => Self::Success,
            30..40 => Self::Warning,
            40.. => Self::Error,
        }
    }
}

/// A message, as `get_messages` gives it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Message {
    /// The text; templates escape it.
    pub message: String,
    /// The number of its level.
    pub level: i64,
    /// The name of its level, such as `success`.
    pub level_tag: String,
    /// The extra tags and the level's name: classes for the style sheet.
    pub tags: String,
}

/// Adds a message (Django's `messages.add_message`).
///
/// # Errors
///
/// Where the session holds something else under Django's key.
pub fn add(request: &mut Request, level: Level, text: impl Into<String>) -> Result<()> {
    if level < Level::Info {
        return Ok(());
    }
    let message = json!([MARK, 0, level as i64, text.into()]);
    // Replayed where another request came first: no message is lost.
    request.session.update(SESSION_KEY, move |old: Option<String>| {
        let mut messages: Vec<Value> =
            old.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        messages.push(message.clone());
        Value::from(messages).to_string()
    })
}

/// Adds a message that tells something.
///
/// # Errors
///
/// As [`add`].
pub fn info(request: &mut Request, text: impl Into<String>) -> Result<()> {
    add(request, Level::Info, text)
}

/// Adds a message that something worked.
///
/// # Errors
///
/// As [`add`].
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

/// Adds a message that warns.
///
/// # Errors
///
/// As [`add`].
pub fn warning(request: &mut Request, text: impl Into<String>) -> Result<()> {
    add(request, Level::Warning, text)
}

/// Adds a message that something failed.
///
/// # Errors
///
/// As [`add`].
pub fn error(request: &mut Request, text: impl Into<String>) -> Result<()> {
    add(request, Level::Error, text)
}

/// Takes the messages out of the session (Django's `get_messages`, iterated).
///
/// # Errors
///
/// Where the session holds something else under Django's key.
pub fn take(session: &mut Session) -> Result<Vec<Message>> {
    if !session.contains_key(SESSION_KEY) {
        return Ok(Vec::new());
    }
    let Some(stored) = session.remove::<String>(SESSION_KEY)? else { return Ok(Vec::new()) };
    let stored: Vec<Value> = serde_json::from_str(&stored)?;
    Ok(stored.iter().filter_map(read).collect())
}

/// `["__json_message", is_safe, level, text, extra_tags?]`
fn read(stored: &Value) -> Option<Message> {
    if stored[0] != MARK {
        return None;
    }
    let level = stored[2].as_i64()?;
    let level_tag = Level::of(level).tag().to_owned();
    let extra = stored[4].as_str().unwrap_or_default();
    let tags = format!("{extra} {level_tag}").trim().to_owned();
    Some(Message { message: stored[3].as_str()?.to_owned(), level, level_tag, tags })
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
