//! From a cookie's text to a session, and whether there is one.

use super::{Engine, SessionEngine, Storage};
use crate::sessions::{
    session::{Backing, Session, SessionKey, StoredSession},
    store::{BoxedStore, Record, StoreError, Swap},
};

impl SessionEngine {
    /// Returns the session of a key (with `signed_cookies`: of the cookie's value). Where there is none, or
    /// it has ended, returns an empty one, which creates nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be reached: nothing is known about the session then.
    pub async fn load(&self, key: impl AsRef<str>) -> Result<Session, StoreError> {
        let engine = &*self.0;
        match &engine.storage {
            Storage::Cookie => Ok(engine.load_cookie(key.as_ref())),
            Storage::Server(store) => match SessionKey::parse(key.as_ref()) {
                Some(key) => engine.load_stored(&**store, key).await,
                None => Ok(engine.session(Backing::Unknown)),
            },
        }
    }

    /// Returns whether a session is stored under `key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails.
    pub async fn exists(&self, key: impl AsRef<str>) -> Result<bool, StoreError> {
        let Storage::Server(store) = &self.0.storage else { return Ok(false) };
        let Some(key) = SessionKey::parse(key.as_ref()) else { return Ok(false) };
        Ok(store.exists(&self.0.stored_key(&key)).await?
            || (self.0.may_be_unhashed(&key) && store.exists(key.as_str()).await?))
    }
}

impl Engine {
    async fn load_stored(&self, store: &dyn BoxedStore, key: SessionKey) -> Result<Session, StoreError> {
        let now = self.policy.clock.now();
        let stored_key = self.stored_key(&key).into_owned();
        let mut record = store.load(&stored_key, now).await?;
        if record.is_none() && self.may_be_unhashed(&key) {
            record = self.hash_record(store, &key, &stored_key).await?;
        }
        let Some(record) = record else { return Ok(self.session(Backing::Unknown)) };
        let Some(decoded) = self.decoded(&record.data) else { return Ok(self.session(Backing::Unreadable)) };
        let (saved_at, known_end) = (decoded.saved_at, record.expires);
        let mut session = self.session(Backing::Stored(StoredSession { key, stored_key, record, saved_at }));
        session.fill(decoded);
        // The store's own expiry may be coarser than the session's, or written by Django.
        let ended = match known_end {
            Some(_) => session.is_too_old(now),
            None => session.ends(saved_at) <= now,
        };
        Ok(if ended { self.session(Backing::Unknown) } else { session })
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
        let Some(decoded) = self.decoded(text) else { return self.session(Backing::Unknown) };
        let saved_at = decoded.saved_at;
        let mut session = self.session(Backing::Cookie { text: text.to_owned(), saved_at });
        session.fill(decoded);
        // Django enforces SESSION_COOKIE_AGE only; here a session's own expiry holds too.
        if session.ends(saved_at) <= now { self.session(Backing::Unknown) } else { session }
    }
}
