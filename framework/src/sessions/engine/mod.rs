//! Loading and saving: the logic that is the same for every engine.
//!
//! A save compares the stored data with what was loaded. If another request changed it meanwhile, the
//! session's log is replayed on the fresh data and the swap tried again: concurrent changes all survive.
//! If the record is gone, the session was deleted, and stays so.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{
    SessionKey,
    codec::{Codec, DecodeError},
    exact::Exact,
    policy::Policy,
    session::{Origin, Session},
    store::{Promises, SessionStore, StoreError},
};
use crate::{
    Clock, Error, Result,
    crypto::{SaltedHmac, sha256_hex},
};

/// Browsers keep no cookie whose name and value are longer (RFC 6265bis section 5.6).
pub(crate) const MAX_COOKIE_BYTES: usize = 4096;

/// New keys that one session may have got while a single request was under way.
pub(super) const RENAMINGS: usize = 3;

/// How a save ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Saved {
    /// The session is stored; the cookie is to be sent.
    Stored,
    /// The session was deleted meanwhile, by a logout perhaps: nothing was written (Django's
    /// `SessionInterrupted`).
    Interrupted,
    /// Another request gave the session a new key meanwhile, at login perhaps: nothing was written, and
    /// the browser has been told the new key by that request.
    Superseded,
}

/// Loads, saves and deletes sessions with the engine that `SESSION_ENGINE` names.
///
/// Cheap to clone; made by the application, or from settings alone by
/// [`SessionEngine::from_settings`].
#[derive(Clone)]
pub struct SessionEngine(pub(super) Arc<Engine>);

pub(super) struct Engine {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) codec: Codec,
    pub(super) policy: Arc<Policy>,
    pub(super) hash_keys: bool,
    pub(super) cookie_name: String,
    /// What tells the key that `cycle_key` gives to a session.
    pub(super) succession: SaltedHmac,
    /// Writers of one session that lost a swap queue here instead of racing on.
    pub(super) queues: [Mutex<()>; 64],
}

/// Where sessions are kept.
pub(super) enum Kind {
    /// On the server.
    Store(Arc<dyn SessionStore>),
    /// In the visitor's cookie.
    Cookie,
}

/// The session's signed data do not fit into a cookie.
#[derive(Debug, thiserror::Error)]
#[error(
    "the session cookie would be {bytes} bytes, a browser keeps at most {MAX_COOKIE_BYTES}: store less, or use another SESSION_ENGINE"
)]
pub struct CookieTooLarge {
    /// The size of the cookie's name and value.
    pub bytes: usize,
}

impl SessionEngine {
    /// The engine's name, as `SESSION_ENGINE` gives it in its short form.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What the engine promises.
    pub fn promises(&self) -> Promises {
        match &self.0.kind {
            Kind::Store(store) => store.promises(),
            Kind::Cookie => Promises {
                durable: true,
                shared: true,
                revocable: false,
                compare_and_swap: false,
                self_clearing: true,
            },
        }
    }

    /// The clock that sessions expire by.
    pub fn clock(&self) -> &Clock {
        &self.0.policy.clock
    }

    /// A session that is not stored yet: what a visitor without a cookie has.
    pub fn new_session(&self) -> Session {
        Session::with_policy(self.0.policy.clone(), Origin::New)
    }

    /// The session of a key (with `signed_cookies`: of the cookie's value); an empty one, which creates
    /// nothing, where there is none or it has ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be reached: nothing is known about the session then.
    pub async fn load(&self, key: impl AsRef<str>) -> Result<Session, StoreError> {
        let engine = &*self.0;
        match &engine.kind {
            Kind::Cookie => Ok(engine.load_cookie(key.as_ref())),
            Kind::Store(store) => match SessionKey::parse(key.as_ref()) {
                Some(key) => engine.load_stored(&**store, key).await,
                None => Ok(engine.session(Origin::Unknown)),
            },
        }
    }

    /// Creates and stores an empty session (Django's `create`).
    ///
    /// # Errors
    ///
    /// [`StoreError`] in the chain where the store fails.
    pub async fn create(&self) -> Result<Session> {
        let mut session = self.new_session();
        session.mark_modified();
        match self.save(&mut session).await? {
            Saved::Stored => Ok(session),
            Saved::Interrupted | Saved::Superseded => {
                Err(Error::new("a new session cannot have been deleted"))
            }
        }
    }

    /// Stores the session: a new one under a fresh key, a loaded one by compare-and-swap with replay.
    /// Carries out `flush` and `cycle_key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] in the chain where the store fails, [`CookieTooLarge`] with `signed_cookies`, and
    /// what a closure given to [`Session::update`] answers on the fresh value.
    pub async fn save(&self, session: &mut Session) -> Result<Saved> {
        let engine = &*self.0;
        session.settle();
        self.delete_discarded(session).await?;
        if session.created.is_none() && engine.policy.absolute_age.is_some() {
            session.created = Some(engine.policy.clock.now());
        }
        let saved = match &engine.kind {
            Kind::Cookie => engine.seal_cookie(session)?,
            Kind::Store(store) => match session.origin {
                Origin::Stored(_) => engine.swap(&**store, session).await?,
                Origin::New | Origin::Unknown | Origin::Unreadable | Origin::Cookie { .. } => {
                    engine.insert(&**store, session).await?
                }
            },
        };
        session.log.clear();
        session.cycle = false;
        session.modified = false;
        Ok(saved)
    }

    /// Deletes the records that `flush` gave up. The middleware calls it where nothing else is saved.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails; the next call tries again.
    pub async fn delete_discarded(&self, session: &mut Session) -> Result<(), StoreError> {
        if let Kind::Store(store) = &self.0.kind {
            while let Some(key) = session.discarded.last() {
                self.0.delete_following(&**store, key).await?;
                session.discarded.pop();
            }
        }
        Ok(())
    }

    /// Deletes the session of `key`; whether there was one. With `signed_cookies` there is nothing to
    /// delete.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails.
    pub async fn delete(&self, key: impl AsRef<str>) -> Result<bool, StoreError> {
        let Kind::Store(store) = &self.0.kind else { return Ok(false) };
        let Some(key) = SessionKey::parse(key.as_ref()) else { return Ok(false) };
        let mut deleted = self.0.delete_following(&**store, &self.0.stored_key(&key)).await?;
        if self.0.may_be_unhashed(&key) {
            deleted |= store.delete(key.as_str()).await?;
        }
        Ok(deleted)
    }

    /// Whether a session is stored under `key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails.
    pub async fn exists(&self, key: impl AsRef<str>) -> Result<bool, StoreError> {
        let Kind::Store(store) = &self.0.kind else { return Ok(false) };
        let Some(key) = SessionKey::parse(key.as_ref()) else { return Ok(false) };
        Ok(store.exists(&self.0.stored_key(&key)).await?
            || (self.0.may_be_unhashed(&key) && store.exists(key.as_str()).await?))
    }

    /// The data as the store keeps them: byte for byte what Django writes.
    pub fn encode(&self, data: &Map<String, Value>) -> String {
        self.0.codec.encode(data, &Exact::default(), self.0.policy.clock.now())
    }

    /// What the store keeps, decoded.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where it was not signed with one of our secrets, or cannot be represented.
    pub fn decode(&self, text: &str) -> Result<Map<String, Value>, DecodeError> {
        Ok(self.0.codec.decode(text)?.data)
    }
}

impl Engine {
    pub(super) fn session(&self, origin: Origin) -> Session {
        Session::with_policy(self.policy.clone(), origin)
    }

    /// The key as the store knows it.
    pub(super) fn stored_key<'a>(&self, key: &'a SessionKey) -> Cow<'a, str> {
        if self.hash_keys {
            // 160 of SHA-256's bits: what the column django_session.session_key has room for.
            let mut hash = sha256_hex(key.as_str());
            hash.truncate(40);
            Cow::Owned(hash)
        } else {
            Cow::Borrowed(key.as_str())
        }
    }

    /// Whether a record may still lie under the bare key, from before `SESSION_HASH_KEYS`. A stored
    /// hash, which is 40 characters long, must never pass for a key: whoever reads the table could use it.
    pub(super) fn may_be_unhashed(&self, key: &SessionKey) -> bool {
        self.hash_keys && key.as_str().len() < 40
    }

    /// The stored key to which `cycle_key` moves the session stored under `stored_key`.
    pub(super) fn successor(&self, stored_key: &str) -> String {
        self.stored_key(&SessionKey::successor(stored_key, &self.succession)).into_owned()
    }

    /// Deletes a session, also where another request has just given it a new key.
    pub(super) async fn delete_following(
        &self,
        store: &dyn SessionStore,
        stored_key: &str,
    ) -> Result<bool, StoreError> {
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
