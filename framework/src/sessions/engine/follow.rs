//! Follows a session to the key that another request has given it, with the old key that a request carries.
//!
//! Two requests of one visitor may cross: one logs in and gets a new key, the other still has the old one.

use std::time::{Duration, SystemTime};

use super::{Engine, SessionEngine};
use crate::sessions::{
    session::{Session, SessionKey},
    store::{BoxedStore, Record, StoreError},
};

/// For this long after its last change, a session with a new key also owns the writes that still carry the
/// old one. Later the old key is an unknown one: the browser may never have received the new one.
const CROSSING: Duration = Duration::from_secs(60);

impl SessionEngine {
    /// Whether the cookie's session lives under a new key, which another request's response carries. A deleted
    /// cookie could erase that one in the browser.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub(crate) async fn has_moved(&self, session: &Session) -> Result<bool, StoreError> {
        match (self.store(), session.missed()) {
            (Some(store), Some(key)) => Ok(self.0.find_moved(store, key).await?.is_some()),
            _ => Ok(false),
        }
    }
}

impl Engine {
    /// Whether another request has given the session of `key` a new key a moment ago.
    pub(super) async fn has_just_moved(
        &self,
        store: &dyn BoxedStore,
        key: &SessionKey,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let Some(record) = self.find_moved(store, key).await? else { return Ok(false) };
        let saved_at = self.codec.decode(&record.data).ok().map(|decoded| decoded.saved_at);
        Ok(saved_at.is_some_and(|saved_at| now.duration_since(saved_at).unwrap_or_default() <= CROSSING))
    }

    /// The record of the session that had `key` before.
    pub(super) async fn find_moved(
        &self,
        store: &dyn BoxedStore,
        key: &SessionKey,
    ) -> Result<Option<Record>, StoreError> {
        let now = self.policy.clock.now();
        for key in self.keys.successors(key) {
            if let Some(record) = store.load(&self.keys.stored(&key), now).await? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Deletes a session, even if another request has just given it a new key.
    pub(super) async fn delete_following(
        &self,
        store: &dyn BoxedStore,
        key: &SessionKey,
    ) -> Result<bool, StoreError> {
        if store.delete(&self.keys.stored(key)).await? {
            return Ok(true);
        }
        for key in self.keys.successors(key) {
            if store.delete(&self.keys.stored(&key)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[tokio::test]
    async fn an_old_table_and_the_secret_do_not_tell_the_next_key() {
        let text = "SECRET_KEY = 's'\nDEBUG = true\nSESSION_ENGINE = 'cache'\nSESSION_HASH_KEYS = true\n";
        let settings = Settings::from_toml(text, &std::env::temp_dir()).expect("settings");
        let engine = SessionEngine::from_settings(&settings).expect("an engine");
        let mut session = engine.create().await.expect("created");
        let stored = session.stored().expect("stored").stored_key.clone();
        session.cycle_key();
        let _ = engine.save(&mut session).await.expect("saved");
        let hash = SessionKey::parse(&stored).expect("a hash looks like a key");
        let live = session.key().expect("a key");
        assert!(engine.0.keys.successors(&hash).all(|key| key != *live));
    }
}
