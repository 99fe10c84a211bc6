//! Deleting sessions by key, and asking whether one exists.

use super::{SessionEngine, deadline::within};
use crate::sessions::{
    session::{Session, SessionKey},
    store::StoreError,
};

impl SessionEngine {
    /// Deletes the records that `flush` gave up. The middleware calls it where nothing else is saved.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails. The next call tries again.
    pub async fn delete_discarded(&self, session: &mut Session) -> Result<(), StoreError> {
        let Some(store) = self.store() else { return Ok(()) };
        while let Some(key) = session.next_discarded() {
            within(self.0.limit, "delete", self.0.delete_following(store, key)).await?;
            session.finish_discarded();
        }
        Ok(())
    }

    /// Deletes the session of `key` and returns whether there was one. With `signed_cookies` there is
    /// nothing to delete.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn delete(&self, key: impl AsRef<str>) -> Result<bool, StoreError> {
        let Some(store) = self.store() else { return Ok(false) };
        let Some(key) = SessionKey::parse(key.as_ref()) else { return Ok(false) };
        within(self.0.limit, "delete", async {
            let mut deleted = self.0.delete_following(store, &key).await?;
            if self.0.keys.may_be_unhashed(&key) {
                deleted |= store.delete(key.as_str()).await?;
            }
            Ok(deleted)
        })
        .await
    }

    /// Whether a session is stored under `key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn exists(&self, key: impl AsRef<str>) -> Result<bool, StoreError> {
        let Some(store) = self.store() else { return Ok(false) };
        let Some(key) = SessionKey::parse(key.as_ref()) else { return Ok(false) };
        Ok(store.exists(&self.0.keys.stored(&key)).await?
            || (self.0.keys.may_be_unhashed(&key) && store.exists(key.as_str()).await?))
    }
}
