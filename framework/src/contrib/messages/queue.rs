//! The messages of one request: those that it came with, and those that it adds.
//!
//! The middleware makes a [`Messages`] for each request and stores it when the view has returned. Nothing is
//! decoded before a message is read or added.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::{
    cookie::{self, CookieFormat, Leave},
    message::{Message, MessageText, Stored},
};
use crate::{
    Clock, Result,
    http::{Response, SetCookie},
    sessions::Session,
    settings::{MessageStorage, Settings},
};

/// The session's value with messages: `SessionStorage.session_key`.
const SESSION_KEY: &str = "_messages";

/// Where and how messages are stored; the same for all requests.
pub(super) struct MessageFormat {
    pub(super) settings: Arc<Settings>,
    pub(super) storage: MessageStorage,
    pub(super) cookie: CookieFormat,
}

/// The messages of a request. It is among the request's extensions, for mounted services. Clones share its
/// state.
///
/// # Examples
///
/// A service that is mounted with [`App::mount`](crate::App::mount) adds a message:
///
/// ```
/// use nuages::{contrib::messages::{Level, Messages}, http::Body};
///
/// fn note(request: &http::Request<Body>) {
///     if let Some(messages) = request.extensions().get::<Messages>() {
///         messages.add(Level::Success, "Saved.", "");
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Messages(Arc<Mutex<State>>);

struct State {
    format: Arc<MessageFormat>,
    /// The cookie of the request.
    cookie: Option<String>,
    /// The messages that the request came with; none before they are read.
    loaded: Option<Vec<Stored>>,
    /// The messages that this request added.
    queued: Vec<Stored>,
    /// Whether the messages were read, so that those of the request are shown and gone.
    used: bool,
}

impl Messages {
    pub(super) fn new(format: Arc<MessageFormat>, cookie: Option<String>) -> Self {
        let state = State { format, cookie, loaded: None, queued: Vec::new(), used: false };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Adds a message with extra tags, which may be empty. A message without text, or of a level below
    /// `MESSAGE_LEVEL`, is not kept.
    pub fn add(&self, level: impl Into<i64>, text: impl Into<MessageText>, extra_tags: &str) {
        let message = Stored::new(level.into(), text.into(), extra_tags);
        let mut state = self.lock();
        if !message.is_empty() && message.level() >= state.format.settings.messages.level {
            state.queued.push(message);
        }
    }

    /// Takes all messages: those that the request came with, in its cookie or this session, and those that
    /// it added. The session must be the request's.
    pub fn take(&self, session: &mut Session) -> Vec<Message> {
        let messages = self.show(session);
        self.lock().loaded = Some(Vec::new());
        messages
    }

    /// Like [`Messages::take`], but a second call in the same request returns the messages again.
    pub(super) fn show(&self, session: &mut Session) -> Vec<Message> {
        let mut state = self.lock();
        state.load(session);
        state.used = true;
        let queued = std::mem::take(&mut state.queued);
        let loaded = state.loaded.get_or_insert_default();
        loaded.extend(queued);
        let loaded = std::mem::take(loaded);
        let tags = &state.format.settings.messages.tags;
        let messages = loaded.iter().map(|message| message.to_message(tags)).collect();
        state.loaded = Some(loaded);
        messages
    }

    /// Whether messages were added or read, so that they must be stored.
    pub(super) fn are_changed(&self) -> bool {
        let state = self.lock();
        state.used || !state.queued.is_empty()
    }

    /// Stores the messages that the visitor has not seen: Django's `BaseStorage.update`.
    pub(super) fn store(&self, session: &mut Session, response: &mut Response, clock: &Clock) -> Result<()> {
        let mut state = self.lock();
        let queued = std::mem::take(&mut state.queued);
        if state.format.storage == MessageStorage::Session && !state.used {
            return append(session, queued);
        }
        let mut messages = queued;
        if !state.used {
            state.load(session);
            messages = [state.loaded.take().unwrap_or_default(), messages].concat();
        }
        let rest = match state.format.storage {
            MessageStorage::Session => messages,
            MessageStorage::Cookie => {
                let lost = state.store_in_cookie(messages, Leave::Oldest, response, clock).len();
                if lost > 0 {
                    tracing::warn!(
                        target: "nuages.messages",
                        lost,
                        "the messages do not fit into the cookie: the oldest are dropped"
                    );
                }
                return Ok(());
            }
            MessageStorage::Fallback => state.store_in_cookie(messages, Leave::Newest, response, clock),
        };
        if rest.is_empty() {
            if session.peek(SESSION_KEY).is_some() {
                session.remove::<Value>(SESSION_KEY)?;
            }
            return Ok(());
        }
        session.insert(SESSION_KEY, list_text(rest.iter().map(Stored::to_json).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Reads the cookie, then the session.
    ///
    /// Django reads the session only if the cookie says that there is more. Messages that a site wrote with
    /// `SessionStorage` before it changed `MESSAGE_STORAGE` are shown here too.
    fn load(&mut self, session: &mut Session) {
        // The page depends on the visitor, also if there are no messages.
        session.touch();
        if self.loaded.is_some() {
            return;
        }
        let mut messages = Vec::new();
        if self.format.storage != MessageStorage::Session {
            messages.extend(self.cookie.iter().flat_map(|cookie| self.format.cookie.read(cookie)));
        }
        if self.format.storage != MessageStorage::Cookie {
            let stored = report_damage(session.peek(SESSION_KEY).map(list));
            messages.extend(stored.unwrap_or_default().iter().filter_map(Stored::read));
        }
        self.loaded = Some(messages);
    }

    /// Sets or deletes the cookie, and returns the messages that it does not hold.
    fn store_in_cookie(
        &self,
        messages: Vec<Stored>,
        leave: Leave,
        response: &mut Response,
        clock: &Clock,
    ) -> Vec<Stored> {
        let session = &self.format.settings.session;
        let mut rest = Vec::new();
        let cookie = if !messages.is_empty() {
            let value;
            (value, rest) = self.format.cookie.write(messages, leave, clock.now());
            SetCookie {
                domain: session.cookie_domain.clone(),
                secure: session.cookie_secure,
                httponly: session.cookie_httponly,
                samesite: session.cookie_samesite,
                partitioned: session.cookie_partitioned,
                ..SetCookie::new(cookie::NAME, value)
            }
        } else if self.cookie.is_some() {
            let domain = session.cookie_domain.clone();
            SetCookie::deletion(cookie::NAME, "/", domain, session.cookie_samesite)
                .partitioned(session.cookie_partitioned)
        } else {
            return rest;
        };
        // A shared cache must not give one visitor's messages to another.
        response.set_cookie(cookie).vary_on("Cookie").cache_control("private");
        rest
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Messages(…)")
    }
}

/// Appends messages to those in the session.
fn append(session: &mut Session, messages: Vec<Stored>) -> Result<()> {
    let added: Vec<Value> = messages.iter().map(Stored::to_json).collect();
    report_damage(session.peek(SESSION_KEY).map(list));
    // Replayed if another request changed the session first, so that no message is lost.
    session.update(SESSION_KEY, move |old: Option<Value>| {
        let mut messages = old.as_ref().and_then(list).unwrap_or_default();
        messages.extend(added.iter().cloned());
        list_text(messages)
    })
}

/// A list as Django stores it: JSON text.
fn list_text(messages: Vec<Value>) -> String {
    Value::from(messages).to_string()
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

/// Logs that a stored value is not a list of messages. The request removes or replaces the value, so that a
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
