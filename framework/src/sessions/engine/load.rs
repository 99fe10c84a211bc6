//! From a cookie's text to a session.

use super::{
    SessionKey,
    codec::DecodeError,
    engine::Engine,
    session::{Origin, Session, Stored},
    store::{Record, SessionStore, StoreError, Swap},
};

impl Engine {
    pub(super) async fn load_stored(
        &self,
        store: &dyn SessionStore,
        key: SessionKey,
    ) -> Result<Session, StoreError> {
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
    pub(super) async fn hash_record(
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

    pub(super) fn load_cookie(&self, text: &str) -> Session {
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
}

pub(super) fn warn_undecodable(error: &DecodeError) {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    tracing::warn!(target: "security", "session data cannot be used: {error}{source}");
}
