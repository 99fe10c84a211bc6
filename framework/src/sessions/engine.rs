//! Loading and saving: the logic that is the same for every engine.
//!
//! A save compares the stored data with what was loaded. If another request changed it meanwhile, the
//! session's log is replayed on the fresh data and the swap tried again: concurrent changes all survive.
//! If the record is gone, the session was deleted, and stays so.

use std::{
    borrow::Cow,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{
    SessionKey,
    codec::{Codec, DecodeError, Decoded},
    exact::Exact,
    moved::Moved,
    policy::Policy,
    session::{Origin, Session, Stored},
    store::{Promises, Record, SessionStore, StoreError, Swap},
};
use crate::{Clock, Error, Result, crypto::sha256_hex, error::Unavailable};

/// Browsers keep no cookie whose name and value are longer (RFC 6265bis section 5.6).
pub(crate) const MAX_COOKIE_BYTES: usize = 4096;
/// A swap that loses this often meets a broken store, not busy visitors.
const MAX_SWAPS: u32 = 1_000;

/// How a save ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Saved {
    /// The session is stored; the cookie is to be sent.
    Stored,
    /// The session was deleted meanwhile, by a logout perhaps: nothing was written (Django's
    /// `SessionInterrupted`).
    Interrupted,
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
    /// Sessions that `cycle_key` renamed lately: a logout in flight under the old key follows them.
    pub(super) moved: Moved,
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
            Kind::Cookie => {
                Promises { durable: true, shared: true, revocable: false, compare_and_swap: false }
            }
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
            Saved::Interrupted => Err(Error::new("a new session cannot have been deleted")),
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
    fn session(&self, origin: Origin) -> Session {
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
    fn may_be_unhashed(&self, key: &SessionKey) -> bool {
        self.hash_keys && key.as_str().len() < 40
    }

    async fn load_stored(&self, store: &dyn SessionStore, key: SessionKey) -> Result<Session, StoreError> {
        let now = self.policy.clock.now();
        let stored_key = self.stored_key(&key).into_owned();
        let mut record = store.load(&stored_key, now).await?;
        if record.is_none() && self.may_be_unhashed(&key) {
            record = self.hash_record(store, &key, &stored_key).await?;
        }
        let Some(record) = record else { return Ok(self.session(Origin::Unknown)) };
        let decoded = match self.codec.decode(&record.data) {
            Ok(decoded) => decoded,
            Err(error) => {
                warn_undecodable(&error);
                return Ok(self.session(Origin::Unreadable));
            }
        };
        let mut session = self.session(Origin::Stored(Stored {
            key,
            stored_key,
            text: record.data,
            expires: record.expires,
            saved_at: decoded.saved_at,
        }));
        session.fill(decoded);
        // The store's own expiry may be coarser than the session's, or written by Django.
        let ended = self.policy.absolute_end(session.created).is_some_and(|end| end <= now);
        Ok(if ended { self.session(Origin::Unknown) } else { session })
    }

    /// Moves a record from its bare key to the hashed one.
    async fn hash_record(
        &self,
        store: &dyn SessionStore,
        key: &SessionKey,
        stored_key: &str,
    ) -> Result<Option<Record>, StoreError> {
        let now = self.policy.clock.now();
        let Some(record) = store.load(key.as_str(), now).await? else { return Ok(None) };
        match store.rename(key.as_str(), &record.data, stored_key, &record).await? {
            Swap::Done => Ok(Some(record)),
            // Another request has just done it, or deleted the session.
            Swap::Changed | Swap::Gone => store.load(stored_key, now).await,
        }
    }

    async fn insert(&self, store: &dyn SessionStore, session: &mut Session) -> Result<Saved> {
        let now = self.policy.clock.now();
        let record = self.record(session, now);
        // 165 random bits do not collide: a store that says so again and again is broken.
        for _ in 0..8 {
            let key = SessionKey::random();
            let stored_key = self.stored_key(&key).into_owned();
            if store.create(&stored_key, &record).await? {
                session.origin = Origin::Stored(Stored {
                    key,
                    stored_key,
                    text: record.data,
                    expires: record.expires,
                    saved_at: now,
                });
                return Ok(Saved::Stored);
            }
        }
        Err(Error::new("the session store calls every fresh key taken"))
    }

    /// Compare-and-swap with replay.
    async fn swap(&self, store: &dyn SessionStore, session: &mut Session) -> Result<Saved> {
        let mut queue = None;
        let new_key = session.cycle.then(SessionKey::random);
        for _ in 0..MAX_SWAPS {
            let now = self.policy.clock.now();
            let mut record = self.record(session, now);
            let Origin::Stored(stored) = &mut session.origin else {
                return Err(Error::new("only a stored session can be swapped"));
            };
            let swap = match &new_key {
                Some(new_key) => {
                    let new_key = self.stored_key(new_key);
                    store.rename(&stored.stored_key, &stored.text, &new_key, &record).await?
                }
                None => {
                    let keep_expiry = self.expiry_is_near(stored, &record, now);
                    if keep_expiry {
                        record.expires = stored.expires;
                    }
                    store.replace(&stored.stored_key, &stored.text, &record, keep_expiry).await?
                }
            };
            match swap {
                Swap::Done => {
                    if let Some(new_key) = new_key {
                        let new_stored = self.stored_key(&new_key).into_owned();
                        let old = std::mem::replace(&mut stored.stored_key, new_stored);
                        self.moved.note(old, stored.stored_key.clone());
                        stored.key = new_key;
                    }
                    stored.text = record.data;
                    stored.expires = record.expires;
                    stored.saved_at = now;
                    return Ok(Saved::Stored);
                }
                Swap::Gone => {
                    session.origin = Origin::Unknown;
                    return Ok(Saved::Interrupted);
                }
                Swap::Changed => {
                    if queue.is_none() {
                        queue = Some(self.queue(&stored.stored_key).lock().await);
                    }
                    if !self.reload_and_replay(store, session).await? {
                        session.origin = Origin::Unknown;
                        return Ok(Saved::Interrupted);
                    }
                }
            }
        }
        let busy = format!("one session, changed {MAX_SWAPS} times while it was being saved,");
        Err(StoreError::new("save", Unavailable::new(busy, None)).into())
    }

    /// Puts the fresh data under the session and its log on top; false where the session is gone.
    async fn reload_and_replay(&self, store: &dyn SessionStore, session: &mut Session) -> Result<bool> {
        let Origin::Stored(stored) = &mut session.origin else { return Ok(false) };
        let fresh = store.load(&stored.stored_key, self.policy.clock.now()).await?;
        let Some(record) = fresh else { return Ok(false) };
        let decoded: Decoded = match self.codec.decode(&record.data) {
            Ok(decoded) => decoded,
            Err(error) => {
                warn_undecodable(&error);
                return Ok(false);
            }
        };
        stored.text = record.data;
        stored.expires = record.expires;
        stored.saved_at = decoded.saved_at;
        session.fill(decoded);
        session.log.replay(&mut session.data, &mut session.exact)?;
        Ok(true)
    }

    fn record(&self, session: &Session, now: std::time::SystemTime) -> Record {
        let data = self.codec.encode(&session.sealed_data(), &session.exact, now);
        Record { data, expires: session.ends(now) }
    }

    /// Whether the stored expiry may stay: moving the indexed column costs several times the write.
    /// It stays while the new one is within a minute and 1% of the session's age of it.
    fn expiry_is_near(&self, stored: &Stored, record: &Record, now: std::time::SystemTime) -> bool {
        let Ok(step) = record.expires.duration_since(stored.expires) else { return false };
        let age = record.expires.duration_since(now).unwrap_or_default();
        step.as_secs() <= 60 && step <= age / 100
    }

    async fn delete_following(&self, store: &dyn SessionStore, key: &str) -> Result<bool, StoreError> {
        let mut deleted = store.delete(key).await?;
        let mut next = self.moved.successor(key);
        while let Some(key) = next {
            deleted |= store.delete(&key).await?;
            next = self.moved.successor(&key);
        }
        Ok(deleted)
    }

    fn queue(&self, stored_key: &str) -> &Mutex<()> {
        let hash = stored_key.bytes().fold(7usize, |hash, byte| hash.wrapping_mul(31) + usize::from(byte));
        &self.queues[hash % self.queues.len()]
    }

    fn load_cookie(&self, text: &str) -> Session {
        let now = self.policy.clock.now();
        let decoded = match self.codec.decode(text) {
            Ok(decoded) => decoded,
            Err(error) => {
                warn_undecodable(&error);
                return self.session(Origin::Unknown);
            }
        };
        let saved_at = decoded.saved_at;
        let mut session = self.session(Origin::Cookie { text: text.to_owned(), saved_at });
        session.fill(decoded);
        // Django enforces SESSION_COOKIE_AGE only; here a session's own expiry holds too.
        if session.ends(saved_at) <= now { self.session(Origin::Unknown) } else { session }
    }

    fn seal_cookie(&self, session: &mut Session) -> Result<Saved> {
        let saved_at = self.policy.clock.now();
        let text = self.codec.encode(&session.sealed_data(), &session.exact, saved_at);
        let bytes = self.cookie_name.len() + text.len();
        if bytes > MAX_COOKIE_BYTES {
            return Err(CookieTooLarge { bytes }.into());
        }
        session.origin = Origin::Cookie { text, saved_at };
        Ok(Saved::Stored)
    }
}

fn warn_undecodable(error: &DecodeError) {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    tracing::warn!(target: "nuages.security", "session data cannot be used: {error}{source}");
}

impl Session {
    /// Marks the session as not accessed yet; the middleware does so after its own look.
    pub(crate) fn reset_accessed(&mut self) {
        self.accessed.store(false, Relaxed);
    }
}
