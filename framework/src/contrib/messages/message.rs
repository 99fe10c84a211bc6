//! Messages: as views add them, as they are stored, and as views and templates get them.

use std::{borrow::Cow, collections::BTreeMap};

use minijinja::Value as Shown;
use serde_json::{Value, json};

use crate::http::Html;

/// Django's `MessageEncoder.message_key`.
const MARK: &str = "__json_message";

/// The text of a message: plain text, which templates escape, or [`Html`], which they do not.
///
/// # Examples
///
/// ```
/// use nuages::{contrib::messages, prelude::*, templates::escape};
///
/// fn rename(request: &mut Request, name: String) -> Result<Response> {
///     messages::success(request, format!("Renamed to {name}."))?;
///     messages::info(request, Html(format!("<a href=\"/undo/\">Undo {}</a>", escape(&name))))?;
///     Ok(redirect("/"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct MessageText {
    text: String,
    safe: bool,
}

impl From<String> for MessageText {
    fn from(text: String) -> Self {
        Self { text, safe: false }
    }
}

impl From<&str> for MessageText {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for MessageText {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<Cow<'_, str>> for MessageText {
    fn from(text: Cow<'_, str>) -> Self {
        text.into_owned().into()
    }
}

impl<T: Into<String>> From<Html<T>> for MessageText {
    fn from(Html(text): Html<T>) -> Self {
        Self { text: text.into(), safe: true }
    }
}

/// A message, as [`take`](super::take) and the template function `get_messages()` return it.
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
///     let messages = messages::take(request)?;
///     Ok(Json(messages.into_iter().map(|message| message.message).collect()))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Message {
    /// The text. Templates escape it unless `is_html` is set.
    pub message: String,
    /// Whether the text is HTML: it was added as [`Html`], or by Django's `mark_safe`.
    pub is_html: bool,
    /// The number of its level.
    pub level: i64,
    /// The tag of its level, such as `success`; empty for a level that `MESSAGE_TAGS` does not name.
    pub level_tag: String,
    /// The tags that the view gave it.
    pub extra_tags: String,
    /// The extra tags and the tag of the level, for CSS classes.
    pub tags: String,
}

impl Message {
    /// The message as templates see it.
    pub(super) fn to_shown(&self) -> Shown {
        let text = match self.is_html {
            true => Shown::from_safe_string(self.message.clone()),
            false => Shown::from(self.message.as_str()),
        };
        Shown::from_pairs([
            ("message", text),
            ("level", self.level.into()),
            ("level_tag", self.level_tag.as_str().into()),
            ("extra_tags", self.extra_tags.as_str().into()),
            ("tags", self.tags.as_str().into()),
        ])
    }
}

/// A message as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    level: i64,
    text: String,
    safe: bool,
    /// Django stores `None`, and text that may be empty.
    extra_tags: Option<String>,
}

impl Stored {
    pub(super) fn new(level: i64, text: MessageText, extra_tags: &str) -> Self {
        Self { level, text: text.text, safe: text.safe, extra_tags: Some(extra_tags.to_owned()) }
    }

    pub(super) fn level(&self) -> i64 {
        self.level
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Reads `["__json_message", is_safe, level, text, extra_tags?]`; `None` for anything else.
    pub(super) fn read(stored: &Value) -> Option<Self> {
        if stored[0] != MARK {
            return None;
        }
        let safe = stored[1].as_i64() == Some(1) || stored[1] == true;
        let (level, text) = (stored[2].as_i64()?, stored[3].as_str()?.to_owned());
        Some(Self { level, text, safe, extra_tags: stored[4].as_str().map(str::to_owned) })
    }

    /// The inverse of [`Stored::read`], as Django's `MessageEncoder` writes it.
    pub(super) fn to_json(&self) -> Value {
        match &self.extra_tags {
            Some(tags) => json!([MARK, u8::from(self.safe), self.level, self.text, tags]),
            None => json!([MARK, u8::from(self.safe), self.level, self.text]),
        }
    }

    /// The message with its tags.
    pub(super) fn to_message(&self, level_tags: &BTreeMap<i64, String>) -> Message {
        let level_tag = level_tags.get(&self.level).cloned().unwrap_or_default();
        let extra_tags = self.extra_tags.clone().unwrap_or_default();
        let tags = [extra_tags.as_str(), &level_tag].join(" ").trim().to_owned();
        Message {
            message: self.text.clone(),
            is_html: self.safe,
            level: self.level,
            level_tag,
            extra_tags,
            tags,
        }
    }
}
