//! Messages in the session, stored as Django's `SessionStorage` stores them
//! (`django/contrib/messages/storage/session.py`).

use serde_json::{Value, json};

use super::Level;
use crate::{Result, sessions::Session};

const SESSION_KEY: &str = "_messages";
/// Django's `MessageEncoder.message_key`.
const MARK: &str = "__json_message";

/// A message, as [`take`] and the template function `get_messages()` return it.
///
/// # Examples
///
/// ```html
/// {% for message in get_messages() %}
///   <p class="{{ message.tags }}">{{ message.message }}</p>
/// {% endfor %}
/// ```
///
/// Without a template:
///
/// ```
/// use nuages::{contrib::messages, prelude::*};
///
/// fn notices(request: &mut Request) -> Result<Json<Vec<String>>> {
///     let messages = messages::take(&mut request.session)?;
///     Ok(Json(messages.into_iter().map(|message| message.message).collect()))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Message {
    /// The text. Templates escape it.
    pub message: String,
    /// The number of its level.
    pub level: i64,
    /// The name of its level, such as `success`.
    pub level_tag: String,
    /// The extra tags and the name of the level, for CSS classes.
    pub tags: String,
}

/// Appends a message to those in the session.
pub(super) fn push(session: &mut Session, level: Level, text: String) -> Result<()> {
    let message = json!([MARK, 0, level as i64, text]);
    // Replayed if another request changed the session first, so that no message is lost.
    session.update(SESSION_KEY, move |old: Option<String>| {
        let mut messages: Vec<Value> =
            old.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        messages.push(message.clone());
        Value::from(messages).to_string()
    })
}

/// Takes the messages out of the session, like iterating over Django's `get_messages`.
///
/// # Errors
///
/// If the session holds a value that is not a list of messages under Django's key `_messages`.
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
