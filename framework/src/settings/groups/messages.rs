//! `MESSAGE_*`: where messages for visitors are kept, which are kept, and their tags.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::settings::schema::{Choice, Typed, ValueKind, Word};

/// The settings of `contrib::messages`.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
///
/// let text = r#"
///     SECRET_KEY = "x"
///     DEBUG = true
///     MESSAGE_LEVEL = "debug"
///     MESSAGE_TAGS = { error = "danger", 50 = "critical" }
/// "#;
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.messages.level, 10);
/// assert_eq!(settings.messages.tags[&40], "danger");
/// assert_eq!(settings.messages.tags[&25], "success");
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageSettings {
    /// `MESSAGE_STORAGE`. Default [`MessageStorage::Fallback`].
    pub storage: MessageStorage,
    /// `MESSAGE_LEVEL`: the least level that is kept. Default 20, `info`.
    pub level: i64,
    /// `MESSAGE_TAGS`, with Django's default tags for the levels that it does not name.
    pub tags: BTreeMap<i64, String>,
}

/// Where messages are kept until the visitor sees them.
///
/// # Examples
///
/// ```
/// use nuages::settings::{MessageStorage, Settings};
///
/// let text = r#"
///     SECRET_KEY = "x"
///     DEBUG = true
///     MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
/// "#;
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.messages.storage, MessageStorage::Session);
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStorage {
    /// `fallback`: in a signed cookie, and those that do not fit in the session.
    Fallback,
    /// `cookie`: in a signed cookie. If not all fit, the oldest are dropped.
    Cookie,
    /// `session`: in the session.
    Session,
}

impl Choice for MessageStorage {
    const CHOICES: &'static [(Self, Word)] = &[
        (
            MessageStorage::Fallback,
            Word::dotted("fallback", "django.contrib.messages.storage.fallback.FallbackStorage"),
        ),
        (
            MessageStorage::Cookie,
            Word::dotted("cookie", "django.contrib.messages.storage.cookie.CookieStorage"),
        ),
        (
            MessageStorage::Session,
            Word::dotted("session", "django.contrib.messages.storage.session.SessionStorage"),
        ),
    ];
}

/// The levels of `django/contrib/messages/constants.py`.
const LEVELS: &[(&str, u64)] =
    &[("debug", 10), ("info", 20), ("success", 25), ("warning", 30), ("error", 40)];
/// Django's default `MESSAGE_LEVEL`.
const INFO: u64 = 20;

impl MessageSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let reader = reader.area("messages");
        Self {
            storage: reader.choice("MESSAGE_STORAGE", MessageStorage::Fallback, "Where messages are kept until the visitor sees them: `cookie`, `session`, or `fallback`, which is the cookie first and the session for those that do not fit."),
            level: read_level(reader, "MESSAGE_LEVEL", "The least level of messages that are kept: a word, or a number."),
            tags: read_tags(reader, "MESSAGE_TAGS", "The tag of each level, for CSS classes: `{ error = \"danger\", 50 = \"critical\" }`."),
        }
    }
}

fn read_level(reader: &mut Reader<'_>, name: &str, doc: &'static str) -> i64 {
    let level = match reader.value(name, ValueKind::Level(LEVELS), "\"info\"".to_owned(), doc) {
        Some(Typed::Count(Some(level))) => level,
        _ => INFO,
    };
    i64::try_from(level).unwrap_or(i64::MAX)
}

fn read_tags(reader: &mut Reader<'_>, name: &str, doc: &'static str) -> BTreeMap<i64, String> {
    let mut tags: BTreeMap<i64, String> =
        LEVELS.iter().map(|(word, level)| (*level as i64, (*word).to_owned())).collect();
    if let Some(Typed::Tags(named)) = reader.value(name, ValueKind::Tags(LEVELS), "{}".to_owned(), doc) {
        tags.extend(named.into_iter().map(|(level, tag)| (i64::try_from(level).unwrap_or(i64::MAX), tag)));
    }
    tags
}
