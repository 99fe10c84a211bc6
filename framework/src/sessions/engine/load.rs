//! From a cookie's text to a session.

use super::{Engine, SessionEngine, deadline::within};
use crate::sessions::{
    session::{Session, SessionKey, SessionOrigin, StoredOrigin},
    store::{BoxedStore, Record, StoreError, Swap},
};

impl SessionEngine {
    /// Loads the session of a key (with `signed_cookies`: of the cookie's value). Where there is none, or
    /// it has ended, the session is empty and nothing is created.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached. Nothing is known about the session then.
    pub async fn load(&self, key: impl AsRef<str>) -> Result<Session, StoreError> {
        let engine = &*self.0;
        match self.store() {
            None => Ok(engine.load_cookie(key.as_ref())),
            Some(store) => match SessionKey::parse(key.as_ref()) {
                Some(key) => within(engine.limit, "load", engine.load_stored(store, key)).await,
                None => Ok(engine.session(SessionOrigin::Unknown(None))),
            },
        }
    }
}

impl Engine {
    async fn load_stored(&self, store: &dyn BoxedStore, key: SessionKey) -> Result<Session, StoreError> {
        let now = self.policy.clock.now();
        let stored_key = self.keys.stored(&key).into_owned();
        let mut record = store.load(&stored_key, now).await?;
        if record.is_none() && self.keys.may_be_unhashed(&key) {
            record = self.hash_record(store, &key, &stored_key).await?;
        }
        let Some(record) = record else { return Ok(self.session(SessionOrigin::Unknown(Some(key)))) };
        let Some(decoded) = self.decode_or_warn(&record.data) else {
            return Ok(self.session(SessionOrigin::Unreadable));
        };
        let (saved_at, known_end) = (decoded.saved_at, record.expires);
        let stored = StoredOrigin { key, stored_key, record, saved_at };
        let mut session = self.session(SessionOrigin::Stored(stored));
        session.fill(decoded);
        // The store's own expiry may be coarser than the session's, or written by Django.
        let ended = match known_end {
            Some(_) => session.is_too_old(now),
            None => session.ends(saved_at) <= now,
        };
        Ok(if ended { self.session(SessionOrigin::Unknown(None)) } else { session })
    }

    /// Moves a record from its bare key to the hashed one.
    async fn hash_record(
        &self,
        store: &dyn BoxedStore,
        key: &SessionKey,
        stored_key: &str,
    ) -> Result<Option<Record>, StoreError> {
        let now = self.policy.clock.now();
        let Some(record) = store.load(key.as_str(), now).await? else { return Ok(None) };
        match store.rename(key.as_str(), &record, stored_key, &record).await? {
            Swap::Done => Ok(Some(record)),
            // Another request has just done it, or deleted the session.
            Swap::Changed | Swap::Gone => store.load(stored_key, now).await,
        }
    }

    fn load_cookie(&self, text: &str) -> Session {
        let now = self.policy.clock.now();
        let Some(decoded) = self.decode_or_warn(text) else {
            return self.session(SessionOrigin::Unknown(None));
        };
        let saved_at = decoded.saved_at;
        let mut session = self.session(SessionOrigin::Cookie { text: text.to_owned(), saved_at });
        session.fill(decoded);
        // Django enforces SESSION_COOKIE_AGE only; here a session's own expiry holds too.
        if session.ends(saved_at) <= now { self.session(SessionOrigin::Unknown(None)) } else { session }
    }
}
