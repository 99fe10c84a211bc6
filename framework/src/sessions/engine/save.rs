//! From a session to its store: compare-and-swap, and replay where another request came first.
//!
//! A save compares the stored data with what was loaded. If another request has changed it, the session's
//! log is replayed on the fresh data and the swap is tried again, so concurrent changes all survive. If the
//! record is gone, the session was deleted, and stays so.

use std::time::SystemTime;

use tokio::sync::Mutex;

use super::{Engine, RENAMINGS, SessionEngine, Storage};
use crate::{
    Error, Result,
    error::Unavailable,
    sessions::{
        session::{Backing, Session, SessionKey, StoredSession},
        store::{BoxedStore, Record, StoreError, Swap},
        stripe::stripe,
    },
};

/// Browsers keep no cookie whose name and value are longer (RFC 6265bis section 5.6).
const MAX_COOKIE_BYTES: usize = 4096;
/// A swap that loses this often meets a broken store, not busy visitors.
const MAX_SWAPS: u32 = 1_000;

/// The outcome of a save.
///
/// # Examples
///
/// ```
/// use nuages::sessions::Saved;
///
/// fn sends_a_cookie(saved: Saved) -> bool {
///     saved == Saved::Stored
/// }
///
/// assert!(!sends_a_cookie(Saved::Interrupted));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Saved {
    /// The session is stored; its cookie should be sent.
    Stored,
    /// The session was deleted during the request, by a logout perhaps: nothing was written (Django's
    /// `SessionInterrupted`).
    Interrupted,
    /// Another request gave the session a new key during this one, at login perhaps. Nothing was written,
    /// and that request has sent the new key to the browser.
    Superseded,
}

/// The session's signed data does not fit into a cookie.
///
/// # Examples
///
/// ```
/// let error = nuages::sessions::CookieTooLarge { bytes: 5000 };
/// assert!(error.to_string().starts_with("the session cookie would be 5000 bytes"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error(
    "the session cookie would be {bytes} bytes, a browser keeps at most {MAX_COOKIE_BYTES}: store less, or use another SESSION_ENGINE"
)]
pub struct CookieTooLarge {
    /// The size of the cookie's name and value.
    pub bytes: usize,
}

impl SessionEngine {
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
    /// [`StoreError`] in the chain where the store fails, [`CookieTooLarge`] with `signed_cookies`, and the
    /// error of a closure given to [`Session::update`], which runs again on the fresh value.
    pub async fn save(&self, session: &mut Session) -> Result<Saved> {
        let engine = &*self.0;
        session.settle();
        self.delete_discarded(session).await?;
        session.note_creation(engine.policy.clock.now());
        let saved = match &engine.storage {
            Storage::Cookie => engine.seal_cookie(session)?,
            Storage::Server(store) if session.stored().is_some() => engine.swap(&**store, session).await?,
            Storage::Server(store) => engine.insert(&**store, session).await?,
        };
        session.mark_saved();
        Ok(saved)
    }

    /// Deletes the records that `flush` gave up. The middleware calls it where nothing else is saved.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails; the next call tries again.
    pub async fn delete_discarded(&self, session: &mut Session) -> Result<(), StoreError> {
        if let Storage::Server(store) = &self.0.storage {
            while let Some(key) = session.next_discarded() {
                self.0.delete_following(&**store, key).await?;
                session.mark_discarded();
            }
        }
        Ok(())
    }

    /// Deletes the session of `key`. Returns whether there was one. With `signed_cookies` there is nothing
    /// to delete.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails.
    pub async fn delete(&self, key: impl AsRef<str>) -> Result<bool, StoreError> {
        let Storage::Server(store) = &self.0.storage else { return Ok(false) };
        let Some(key) = SessionKey::parse(key.as_ref()) else { return Ok(false) };
        let mut deleted = self.0.delete_following(&**store, &self.0.stored_key(&key)).await?;
        if self.0.may_be_unhashed(&key) {
            deleted |= store.delete(key.as_str()).await?;
        }
        Ok(deleted)
    }
}

impl Engine {
    fn record(&self, session: &Session, now: SystemTime) -> Record {
        Record::new(session.encoded(&self.codec, now), session.ends(now))
    }

    async fn insert(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<Saved> {
        let now = self.policy.clock.now();
        let record = self.record(session, now);
        // 165 random bits do not collide: a store that says so again and again is broken.
        for _ in 0..8 {
            let key = SessionKey::random();
            let stored_key = self.stored_key(&key).into_owned();
            if store.create(&stored_key, &record).await? {
                session.set_backing(Backing::Stored(StoredSession {
                    key,
                    stored_key,
                    record,
                    saved_at: now,
                }));
                return Ok(Saved::Stored);
            }
        }
        Err(Error::new("the session store says of every fresh key that it is taken"))
    }

    /// Compare-and-swap with replay.
    async fn swap(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<Saved> {
        let mut queue = None;
        for _ in 0..MAX_SWAPS {
            let now = self.policy.clock.now();
            let mut record = self.record(session, now);
            let Some(stored) = session.stored() else {
                return Err(Error::new("only a stored session can be swapped"));
            };
            let (key, swap) = if session.wants_new_key() {
                let key = SessionKey::successor(&stored.stored_key, &self.succession);
                let new_key = self.stored_key(&key);
                let swap = store.rename(&stored.stored_key, &stored.record, &new_key, &record).await?;
                (key, swap)
            } else {
                if expiry_is_near(&stored.record, &record, now) {
                    record.expires = stored.record.expires;
                }
                let swap = store.replace(&stored.stored_key, &stored.record, &record).await?;
                (stored.key.clone(), swap)
            };
            match swap {
                Swap::Done => {
                    let stored_key = self.stored_key(&key).into_owned();
                    let stored = StoredSession { key, stored_key, record, saved_at: now };
                    session.set_backing(Backing::Stored(stored));
                    return Ok(Saved::Stored);
                }
                Swap::Gone => return self.lost(store, session).await,
                Swap::Changed => {
                    if queue.is_none() {
                        queue = Some(self.queue(&stored.stored_key).lock().await);
                    }
                    if !self.reload_and_replay(store, session).await? {
                        return self.lost(store, session).await;
                    }
                }
            }
        }
        let busy = format!("one session, changed {MAX_SWAPS} times while it was being saved,");
        Err(StoreError::new("save", Unavailable::new(busy, None)).into())
    }

    /// Finds out why the record is gone: it was deleted, or another request moved it to a new key.
    async fn lost(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<Saved> {
        if let Some(mut key) = session.lose() {
            for _ in 0..RENAMINGS {
                key = self.successor(&key);
                if store.exists(&key).await? {
                    return Ok(Saved::Superseded);
                }
            }
        }
        Ok(Saved::Interrupted)
    }

    /// Puts the fresh data under the session and replays its log. Returns false where the session is gone.
    async fn reload_and_replay(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<bool> {
        let Some(stored) = session.stored() else { return Ok(false) };
        let fresh = store.load(&stored.stored_key, self.policy.clock.now()).await?;
        let Some(record) = fresh else { return Ok(false) };
        let Some(decoded) = self.decoded(&record.data) else { return Ok(false) };
        session.rebase(record, decoded)?;
        Ok(true)
    }

    fn queue(&self, stored_key: &str) -> &Mutex<()> {
        &self.queues[stripe(stored_key, self.queues.len())]
    }

    fn seal_cookie(&self, session: &mut Session) -> Result<Saved> {
        let saved_at = self.policy.clock.now();
        let text = session.encoded(&self.codec, saved_at);
        let bytes = self.cookie_name.len() + text.len();
        if bytes > MAX_COOKIE_BYTES {
            return Err(CookieTooLarge { bytes }.into());
        }
        session.set_backing(Backing::Cookie { text, saved_at });
        Ok(Saved::Stored)
    }
}

/// Whether the stored expiry may stay: moving the indexed column costs several times the write. It stays
/// while the new one is within a minute and 1% of the session's age of it.
fn expiry_is_near(stored: &Record, record: &Record, now: SystemTime) -> bool {
    let (Some(stored), Some(end)) = (stored.expires, record.expires) else { return false };
    let Ok(step) = end.duration_since(stored) else { return false };
    let age = end.duration_since(now).unwrap_or_default();
    step.as_secs() <= 60 && step <= age / 100
}
