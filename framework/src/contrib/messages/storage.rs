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
    report_damage(session.peek(SESSION_KEY).map(list));
    session.update(SESSION_KEY, move |old: Option<Value>| {
        let mut messages = old.as_ref().and_then(list).unwrap_or_default();
        messages.push(message.clone());
        Value::from(messages).to_string()
    })
}

/// Takes the messages out of the session, like iterating over Django's `get_messages`.
///
/// A value that is not a list of messages counts as no messages. It is removed, and the log says so.
///
/// # Errors
///
/// None for any stored value.
pub fn take(session: &mut Session) -> Result<Vec<Message>> {
    if !session.contains_key(SESSION_KEY) {
        return Ok(Vec::new());
    }
    let stored = session.remove::<Value>(SESSION_KEY)?.as_ref().map(list);
    let messages = report_damage(stored).unwrap_or_default();
    Ok(messages.iter().filter_map(read).collect())
}

/// The stored messages: JSON text with a list, as Django writes it, or the list itself. `None` for any
/// other value.
fn list(stored: &Value) -> Option<Vec<Value>> {
    match stored {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Array(messages) => Some(messages.clone()),
        _ => None,
    }
}

/// Logs that a stored value is not a list of messages. The caller removes or replaces the value, so that a
/// damaged session is reported once.
fn report_damage(stored: Option<Option<Vec<Value>>>) -> Option<Vec<Value>> {
    if stored == Some(None) {
        tracing::warn!(
            target: "nuages.messages",
            "the session's value {SESSION_KEY:?} is not a list of messages: it is dropped"
        );
    }
    stored.flatten()
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

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use tracing::{Event, Metadata, Subscriber, span};

    use super::*;

    /// Counts the warnings about messages.
    #[derive(Clone, Default)]
    struct Warnings(Arc<AtomicUsize>);

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "nuages.messages"
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Relaxed);
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    /// A session with this value under Django's key.
    fn session(stored: &Value) -> Session {
        let mut session = Session::default();
        session.insert(SESSION_KEY, stored).expect("JSON");
        session
    }

    #[test]
    fn a_value_that_is_no_message_list_counts_as_none_and_is_logged_once() {
        for damaged in [json!(5), json!(null), json!("not JSON"), json!("{\"a\": 1}"), json!({ "a": 1 })] {
            let warnings = Warnings::default();
            let count = || warnings.0.load(Relaxed);
            tracing::subscriber::with_default(warnings.clone(), || {
                let mut taken = session(&damaged);
                assert_eq!(take(&mut taken).expect("no error"), [], "{damaged}");
                assert!(!taken.contains_key(SESSION_KEY), "{damaged}: it is gone");
                assert_eq!(take(&mut taken).expect("no error"), []);
                assert_eq!(count(), 1, "{damaged}");

                let mut pushed = session(&damaged);
                push(&mut pushed, Level::Info, "one".to_owned()).expect("no error");
                push(&mut pushed, Level::Info, "two".to_owned()).expect("no error");
                let texts: Vec<String> =
                    take(&mut pushed).expect("no error").into_iter().map(|message| message.message).collect();
                assert_eq!(texts, ["one", "two"], "{damaged}");
                assert_eq!(count(), 2, "{damaged}");
            });
        }
        let mut odd = session(&json!([[MARK, 0, 20, "read"], 7, ["other"], null]).to_string().into());
        assert_eq!(take(&mut odd).expect("no error").len(), 1, "elements that are no messages are skipped");
    }
}
