//! The session engine: the logic that is the same for every store.
//!
//! `open.rs` makes an engine from settings, `load.rs`, `save.rs` and `delete.rs` serve requests, `clear.rs`
//! and `admin.rs` serve commands, `housekeeping.rs` clears while a site serves. Only this folder calls a [`SessionStore`](super::SessionStore).

mod admin;
mod clear;
mod deadline;
mod delete;
mod expiry_check;
mod follow;
mod housekeeping;
mod keys;
mod load;
mod open;
mod queues;
mod save;

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use self::{keys::StoredKeys, queues::SaveQueues};
use super::{
    codec::{BigIntegers, Codec, DecodeError, Decoded, EncodeError},
    session::{ExpiryPolicy, Session, SessionOrigin},
    store::{BoxedStore, Promises},
};
use crate::{Clock, log_once::LogOnce};

pub(crate) use self::open::{EngineParts, StoreFactory, session_store_factory};
pub use self::{
    admin::{SessionCursor, SessionInfo},
    clear::{Clear, ClearProgress},
    expiry_check::ExpiryMismatch,
    open::ENGINES,
    save::{CookieTooLarge, Saved},
};

/// Loads, saves and deletes sessions with the engine that `SESSION_ENGINE` names.
///
/// Cheap to clone. An `App` makes its own; [`SessionEngine::from_settings`] makes one for other programs.
///
/// # Examples
///
/// ```
/// use nuages::{sessions::SessionEngine, settings::Settings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> nuages::Result<()> {
/// let text = "SECRET_KEY = 'not a secret'\nDEBUG = true\nSESSION_ENGINE = 'cache'\n";
/// let settings = Settings::from_toml(text, &std::env::temp_dir())?;
/// let engine = SessionEngine::from_settings(&settings)?;
///
/// let mut session = engine.create().await?;
/// session.insert("greeting", "Bonjour")?;
/// let _ = engine.save(&mut session).await?;
///
/// let key = session.key().expect("a saved session has a key");
/// let loaded = engine.load(key).await?;
/// assert_eq!(loaded.get::<String>("greeting")?.as_deref(), Some("Bonjour"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionEngine(Arc<Engine>);

struct Engine {
    name: String,
    /// Where the sessions are. `None` with `signed_cookies`: they are in the visitors' cookies.
    store: Option<Arc<dyn BoxedStore>>,
    codec: Codec,
    policy: Arc<ExpiryPolicy>,
    keys: StoredKeys,
    cookie_name: String,
    /// A save that lost a swap waits here for the other saves of its session that lost one.
    queues: SaveQueues,
    /// The time that one load, save or deletion may take.
    limit: Duration,
    /// The damaged data that the log has named.
    damaged: LogOnce,
}

impl SessionEngine {
    /// The engine's name, as `SESSION_ENGINE` gives it in its short form.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The guarantees that the engine gives.
    pub fn promises(&self) -> Promises {
        match &self.0.store {
            Some(store) => store.promises(),
            None => Promises::none().durable().shared().self_clearing(),
        }
    }

    /// The clock by which sessions expire.
    pub fn clock(&self) -> &Clock {
        &self.0.policy.clock
    }

    /// A session that is not stored yet: the session of a visitor without a cookie.
    pub fn new_session(&self) -> Session {
        self.0.session(SessionOrigin::New)
    }

    /// Encodes session data into the text that a store keeps, in Django's format. Server-side engines do not
    /// compress data of less than 512 bytes of JSON; Django reads both forms.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the data are too large, or could not be read again.
    pub fn encode(&self, data: &Map<String, Value>) -> Result<String, EncodeError> {
        self.0.codec.encode(data, &BigIntegers::default(), self.clock().now())
    }

    /// Decodes the text that a store keeps.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the text was not signed with one of the project's secrets, or cannot be
    /// represented.
    pub fn decode(&self, text: &str) -> Result<Map<String, Value>, DecodeError> {
        Ok(self.0.codec.decode(text)?.data)
    }

    fn store(&self) -> Option<&dyn BoxedStore> {
        self.0.store.as_deref()
    }
}

impl Engine {
    fn session(&self, origin: SessionOrigin) -> Session {
        Session::with_policy(self.policy.clone(), origin)
    }

    /// Decodes stored text. Text that cannot be decoded is reported in the log, once.
    fn decode_or_warn(&self, text: &str) -> Option<Decoded> {
        let error = match self.codec.decode(text) {
            Ok(decoded) => return Some(decoded),
            Err(error) => error,
        };
        if !self.damaged.is_first(text) {
            return None;
        }
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        let source = source.unwrap_or_default();
        tracing::warn!(target: "security", "session data cannot be used: {error}{source} (logged once)");
        None
    }
}
