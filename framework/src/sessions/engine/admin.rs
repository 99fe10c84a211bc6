//! Lists stored sessions and ends them. `manage sessions` calls this, and so does a view that logs a user
//! out everywhere.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::SessionEngine;
use crate::sessions::{
    session::{Session, SessionKey},
    store::{Listed, StoreError},
};

/// Django's key of the logged-in user's primary key, as text.
pub(crate) const USER_KEY: &str = "_auth_user_id";
/// The most passes of `revoke_user` over the sessions.
const MAX_PASSES: usize = 20;
/// The number of records read in one step.
const PAGE: usize = 1_000;

/// One stored session as an administrator sees it.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{SessionEngine, StoreError};
///
/// async fn print_sessions_of(engine: &SessionEngine, user: &str) -> Result<(), StoreError> {
///     for info in engine.sessions_of(user).await? {
///         println!("{} bytes, last saved {:?}", info.bytes, info.saved_at);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The key under which it is stored, hashed under `SESSION_HASH_KEYS`. An unhashed key opens the
    /// session: show only its first characters.
    pub stored_key: String,
    /// The logged-in user's primary key (`_auth_user_id`).
    pub user: Option<String>,
    /// When it was last saved. `None` if the data cannot be decoded.
    pub saved_at: Option<SystemTime>,
    /// When it was created. Known only under `SESSION_ABSOLUTE_AGE`.
    pub created_at: Option<SystemTime>,
    /// When it ends.
    pub expires: SystemTime,
    /// The size of the stored data, in bytes.
    pub bytes: usize,
    /// The data. `None` if they cannot be decoded, for example because another `SECRET_KEY` signed them.
    pub data: Option<Map<String, Value>>,
}

/// The place where the next page of a listing begins.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{SessionEngine, StoreError};
///
/// async fn total_bytes(engine: &SessionEngine) -> Result<usize, StoreError> {
///     let (mut total, mut cursor) = (0, None);
///     loop {
///         let (page, next) = engine.list(cursor.as_ref()).await?;
///         total += page.iter().map(|info| info.bytes).sum::<usize>();
///         match next {
///             Some(next) => cursor = Some(next),
///             None => return Ok(total),
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SessionCursor(String);

impl std::fmt::Debug for SessionInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionInfo").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl SessionEngine {
    /// Returns a page of about 1,000 stored sessions, ended ones included, and the cursor of the next page.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn list(
        &self,
        from: Option<&SessionCursor>,
    ) -> Result<(Vec<SessionInfo>, Option<SessionCursor>), StoreError> {
        let Some(store) = self.store() else { return Ok((Vec::new(), None)) };
        let (page, next) = store.list(from.map(|cursor| cursor.0.as_str()), PAGE).await?;
        let sessions = page.into_iter().filter(|listed| listed.key != self.0.keys.clearing);
        Ok((sessions.map(|listed| self.describe(listed)).collect(), next.map(SessionCursor)))
    }

    /// Counts the stored sessions, ended ones included. `None` if the store cannot count them cheaply.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn count(&self) -> Result<Option<u64>, StoreError> {
        match self.store() {
            Some(store) => {
                let Some(count) = store.count(None).await? else { return Ok(None) };
                let others = u64::from(store.exists(&self.0.keys.clearing).await?);
                Ok(Some(count.saturating_sub(others)))
            }
            None => Ok(None),
        }
    }

    /// Counts the ended sessions that `clear_expired` would remove. `None` if the store cannot count them
    /// cheaply.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn count_expired(&self) -> Result<Option<u64>, StoreError> {
        match self.store() {
            Some(store) => store.count(Some(self.clock().now())).await,
            None => Ok(None),
        }
    }

    /// Finds the sessions that `text` names, ended ones included, at most `limit` of them.
    ///
    /// If `text` is a whole key, that is its one session; under `SESSION_HASH_KEYS` it may be the cookie's
    /// key or the stored one. Otherwise these are all sessions whose stored key begins with `text`: every
    /// stored session is read, and `progress` receives the number read so far.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn find(
        &self,
        text: &str,
        limit: usize,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        let Some(store) = self.store() else { return Ok(Vec::new()) };
        if let Some(key) = SessionKey::parse(text) {
            let hashed = self.0.keys.stored(&key);
            let keys = [&*hashed, key.as_str()];
            for key in &keys[usize::from(!self.0.keys.hashed)..] {
                // Ended sessions are wanted too: every session ended after 1970.
                if let Some(record) = store.load(key, SystemTime::UNIX_EPOCH).await? {
                    return Ok(vec![self.describe(Listed::new(*key, record))]);
                }
            }
        }
        let (mut found, mut passed, mut cursor) = (Vec::new(), 0, None);
        loop {
            let (page, next) = store.list(cursor.as_deref(), PAGE).await?;
            passed += page.len() as u64;
            progress(passed);
            let named = page
                .into_iter()
                .filter(|listed| listed.key.starts_with(text) && listed.key != self.0.keys.clearing);
            found.extend(named.take(limit - found.len()).map(|listed| self.describe(listed)));
            cursor = next;
            if cursor.is_none() || found.len() == limit {
                return Ok(found);
            }
        }
    }

    /// Returns the active sessions of the user with this primary key. Reads every stored session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn sessions_of(&self, user: &str) -> Result<Vec<SessionInfo>, StoreError> {
        let now = self.clock().now();
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let (page, next) = self.list(cursor.as_ref()).await?;
            found.extend(
                page.into_iter().filter(|info| info.expires > now && info.user.as_deref() == Some(user)),
            );
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// Ends the sessions of a user and returns their number. The session `except` is kept: pass the current
    /// one to log the user out everywhere else.
    ///
    /// Finds sessions that get a new key in between, too. Reads every stored session, at least twice.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails. The sessions that were ended before stay ended.
    pub async fn revoke_user(&self, user: &str, except: Option<&Session>) -> Result<u64, StoreError> {
        let kept = except.and_then(Session::stored).map(|stored| stored.stored_key.as_str());
        let mut revoked = 0;
        // A session that gets a new key while it is searched can move to the part that has been read. So the
        // search is repeated until it finds nothing, and at least once.
        for pass in 0..MAX_PASSES {
            let mut found = 0;
            for info in self.sessions_of(user).await? {
                if Some(info.stored_key.as_str()) != kept {
                    found += 1;
                    // One that is no longer there may have got a new key: the next pass finds it.
                    revoked += u64::from(self.revoke(&info).await?);
                }
            }
            if found == 0 && pass > 0 {
                break;
            }
        }
        Ok(revoked)
    }

    /// Ends a listed session. Returns whether it was still there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn revoke(&self, info: &SessionInfo) -> Result<bool, StoreError> {
        let Some(store) = self.store() else { return Ok(false) };
        match SessionKey::parse(&info.stored_key) {
            Some(key) if !self.0.keys.hashed => self.0.delete_following(store, &key).await,
            // The key behind a hash is unknown, and with it the keys that may follow.
            _ => store.delete(&info.stored_key).await,
        }
    }

    fn describe(&self, listed: Listed) -> SessionInfo {
        let mut info = SessionInfo {
            stored_key: listed.key,
            user: None,
            saved_at: None,
            created_at: None,
            expires: listed.record.ends(),
            bytes: listed.record.data.len(),
            data: None,
        };
        if let Ok(decoded) = self.0.codec.decode(&listed.record.data) {
            let saved_at = decoded.saved_at;
            info.saved_at = Some(saved_at);
            let mut session = self.new_session();
            session.fill(decoded);
            info.created_at = session.created();
            if listed.record.expires.is_none() {
                info.expires = session.ends(saved_at);
            }
            // Django stores the primary key as text; other programs may have stored a number.
            info.user = session.peek(USER_KEY).map(|user| match user {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            info.data = Some(session.into_data());
        }
        info
    }
}
