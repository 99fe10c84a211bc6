//! The session engine: loading, saving, clearing and listing, the same for every kind of storage.
//!
//! This file has the engine itself and what the others share; `open.rs` makes it from settings.

mod admin;
mod clear;
mod load;
mod open;
mod save;

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};
use tokio::sync::Mutex;

pub(crate) use self::open::{EngineParts, StoreFactory, session_store_factory};
pub use self::{
    admin::{SessionCursor, SessionInfo},
    clear::{Clear, ClearProgress},
    open::ENGINES,
    save::{CookieTooLarge, Saved},
};
use super::{
    codec::{BigIntegers, Codec, DecodeError, Decoded},
    session::{Backing, ExpiryPolicy, Session, SessionKey},
    store::{BoxedStore, Promises, StoreError},
};
use crate::{
    Clock,
    crypto::{SaltedHmac, sha256_hex},
};

/// New keys that one session may have got during a single request.
const RENAMINGS: usize = 3;

/// Loads, saves and deletes sessions with the engine that `SESSION_ENGINE` names.
///
/// Cheap to clone. The application makes one; [`SessionEngine::from_settings`] makes one from settings alone.
///
/// # Examples
///
/// ```
/// use nuages::{sessions::SessionEngine, settings::Settings};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
/// # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"
/// #     DEBUG = true
/// #     SESSION_ENGINE = \"cache\"";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// let engine = SessionEngine::from_settings(&settings)?;
/// let mut session = engine.create().await?;
/// session.insert("name", "John Doe")?;
/// let _ = engine.save(&mut session).await?;
///
/// let key = session.key().expect("a saved session has a key");
/// assert_eq!(engine.load(key).await?["name"], "John Doe");
/// assert!(engine.delete(key).await?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SessionEngine(Arc<Engine>);

struct Engine {
    name: String,
    storage: Storage,
    codec: Codec,
    policy: Arc<ExpiryPolicy>,
    hash_keys: bool,
    cookie_name: String,
    /// Computes the key that `cycle_key` gives to a session.
    succession: SaltedHmac,
    /// Writers of one session that lost a swap queue here instead of racing on.
    queues: [Mutex<()>; 64],
}

/// Where sessions are kept.
enum Storage {
    /// On the server.
    Server(Arc<dyn BoxedStore>),
    /// In the visitor's cookie.
    Cookie,
}

impl SessionEngine {
    /// Returns the engine's name, as `SESSION_ENGINE` gives it in its short form.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns what the engine promises.
    pub fn promises(&self) -> Promises {
        match &self.0.storage {
            Storage::Server(store) => store.promises(),
            Storage::Cookie => Promises::none().durable().shared().self_clearing(),
        }
    }

    /// Returns the clock that sessions expire by.
    pub fn clock(&self) -> &Clock {
        &self.0.policy.clock
    }

    /// Returns a session that is not stored yet: the session of a visitor without a cookie.
    pub fn new_session(&self) -> Session {
        self.0.session(Backing::New)
    }

    /// Encodes data as the store keeps it: byte for byte what Django writes.
    pub fn encode(&self, data: &Map<String, Value>) -> String {
        self.0.codec.encode(data, &BigIntegers::default(), self.0.policy.clock.now())
    }

    /// Decodes what the store keeps.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where it was not signed with one of our secrets, or cannot be represented.
    pub fn decode(&self, text: &str) -> Result<Map<String, Value>, DecodeError> {
        Ok(self.0.codec.decode(text)?.data)
    }
}

impl Engine {
    fn session(&self, backing: Backing) -> Session {
        Session::with_policy(self.policy.clone(), backing)
    }

    /// Decodes stored data, or logs why it cannot be decoded.
    fn decoded(&self, text: &str) -> Option<Decoded> {
        let error = match self.codec.decode(text) {
            Ok(decoded) => return Some(decoded),
            Err(error) => error,
        };
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        let source = source.unwrap_or_default();
        tracing::warn!(target: "security", "session data cannot be used: {error}{source}");
        None
    }

    /// The key as the store knows it.
    fn stored_key<'a>(&self, key: &'a SessionKey) -> Cow<'a, str> {
        if self.hash_keys {
            // 160 of SHA-256's bits: the column django_session.session_key has room for these.
            let mut hash = sha256_hex(key.as_str());
            hash.truncate(40);
            Cow::Owned(hash)
        } else {
            Cow::Borrowed(key.as_str())
        }
    }

    /// Whether a record may still lie under the bare key, from before `SESSION_HASH_KEYS`. A stored hash,
    /// which is 40 characters long, must never pass for a key: a reader of the table could use it.
    fn may_be_unhashed(&self, key: &SessionKey) -> bool {
        self.hash_keys && key.as_str().len() < 40
    }

    /// The stored key to which `cycle_key` moves the session stored under `stored_key`.
    fn successor(&self, stored_key: &str) -> String {
        self.stored_key(&SessionKey::successor(stored_key, &self.succession)).into_owned()
    }

    /// Deletes a session, also where another request has just given it a new key.
    async fn delete_following(&self, store: &dyn BoxedStore, stored_key: &str) -> Result<bool, StoreError> {
        let mut key = stored_key.to_owned();
        for _ in 0..=RENAMINGS {
            if store.delete(&key).await? {
                return Ok(true);
            }
            key = self.successor(&key);
        }
        Ok(false)
    }
}
