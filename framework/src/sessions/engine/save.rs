//! From a session to its store: compare-and-swap, and replay where another request came first.
//!
//! A save compares the stored data with the data that was loaded. If another request changed it in
//! between, the session's log is replayed on the fresh data and the swap is tried again: concurrent changes
//! all survive. If the record is gone, the session was deleted, and it stays deleted.

use std::time::SystemTime;

use super::{Engine, SessionEngine, deadline::within, queues::SaveDeadline};
use crate::{
    Error, Result,
    error::Unavailable,
    sessions::{
        session::{Session, SessionKey, SessionOrigin, StoredOrigin},
        store::{BoxedStore, Record, StoreError, Swap},
    },
};

/// Browsers keep no cookie whose name and value are longer (RFC 6265bis section 5.6).
const MAX_COOKIE_BYTES: usize = 4096;

/// How a save ended.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{Saved, Session, SessionEngine};
///
/// async fn keep(engine: &SessionEngine, session: &mut Session) -> nuages::Result<()> {
///     match engine.save(session).await? {
///         Saved::Stored => println!("saved"),
///         Saved::Interrupted => println!("the visitor has logged out in between"),
///         _ => println!("another request gave the session a new key"),
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Saved {
    /// The session is stored. Send its cookie.
    Stored,
    /// The session was deleted after it was loaded, for example by a logout in another request. Nothing
    /// was written (Django's `SessionInterrupted`).
    Interrupted,
    /// Another request gave the session a new key, for example at login, while this one still had the old key.
    /// Nothing was written, and that request's response carries the new cookie.
    Superseded,
}

/// The session's signed data do not fit into a cookie.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{CookieTooLarge, Session, SessionEngine};
///
/// async fn fits(engine: &SessionEngine, session: &mut Session) -> bool {
///     let Err(error) = engine.save(session).await else { return true };
///     error.downcast_ref::<CookieTooLarge>().is_none()
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(
    "the session cookie has {bytes} bytes, but browsers keep at most {MAX_COOKIE_BYTES}: store less, or use another SESSION_ENGINE"
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
    /// [`StoreError`] in the chain if the store fails.
    pub async fn create(&self) -> Result<Session> {
        let mut session = self.new_session();
        session.require_save();
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
    /// [`StoreError`] in the chain if the store fails. [`EncodeError`](crate::sessions::EncodeError) if the
    /// data are too large, or could not be read again; [`CookieTooLarge`] if they do not fit into the cookie of
    /// `signed_cookies`; nothing is stored then. The error of a closure given to [`Session::update`] that fails
    /// on the fresh value.
    pub async fn save(&self, session: &mut Session) -> Result<Saved> {
        session.prepare_save(self.clock().now());
        let saved = within(self.0.limit, "save", self.write(session)).await?;
        session.finish_save();
        Ok(saved)
    }

    async fn write(&self, session: &mut Session) -> Result<Saved> {
        self.delete_discarded(session).await?;
        match self.store() {
            None => self.0.seal_cookie(session),
            Some(store) if session.stored().is_some() => self.0.swap(store, session).await,
            Some(store) => self.0.insert(store, session).await,
        }
    }
}

impl Engine {
    async fn insert(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<Saved> {
        let now = self.policy.clock.now();
        if let Some(key) = session.missed()
            && self.has_just_moved(store, key, now).await?
        {
            return Ok(Saved::Superseded);
        }
        let record = session.record(&self.codec, now)?;
        // 165 random bits do not collide. A store that reports it again and again is broken.
        for _ in 0..8 {
            let key = SessionKey::random();
            let stored_key = self.keys.stored(&key).into_owned();
            if store.create(&stored_key, &record).await? {
                let stored = StoredOrigin { key, stored_key, record, saved_at: now };
                session.set_origin(SessionOrigin::Stored(stored));
                return Ok(Saved::Stored);
            }
        }
        Err(Error::new("the session store reports every fresh key as taken"))
    }

    /// Compare-and-swap with replay, until the deadline. A save that lost a swap waits for its turn.
    async fn swap(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<Saved> {
        let (deadline, mut queue) = (SaveDeadline::new(), None);
        loop {
            let now = self.policy.clock.now();
            let mut record = session.record(&self.codec, now)?;
            let Some(stored) = session.stored() else {
                return Err(Error::new("only a stored session can be swapped"));
            };
            let expected = &stored.record;
            let new_key = session.wants_new_key().then(|| self.keys.successor(&stored.key));
            let swap = match &new_key {
                Some(new_key) => {
                    let new_key = self.keys.stored(new_key);
                    store.rename(&stored.stored_key, expected, &new_key, &record).await?
                }
                None => {
                    if expiry_is_near(&stored.record, &record, now) {
                        record.expires = stored.record.expires;
                    }
                    store.replace(&stored.stored_key, expected, &record).await?
                }
            };
            match swap {
                Swap::Done => {
                    let (key, stored_key) = match new_key {
                        Some(key) => (key.clone(), self.keys.stored(&key).into_owned()),
                        None => (stored.key.clone(), stored.stored_key.clone()),
                    };
                    let stored = StoredOrigin { key, stored_key, record, saved_at: now };
                    session.set_origin(SessionOrigin::Stored(stored));
                    return Ok(Saved::Stored);
                }
                Swap::Gone => return self.lost(store, session).await,
                Swap::Changed => {
                    if queue.is_none() {
                        queue = self.queues.wait(&stored.stored_key, deadline).await;
                    }
                    if queue.is_none() || deadline.has_passed() {
                        let busy = "one session, which too many requests are changing at once,";
                        return Err(StoreError::new("save", Unavailable::new(busy, None)).into());
                    }
                    if !self.reload_and_replay(store, session).await? {
                        return self.lost(store, session).await;
                    }
                }
            }
        }
    }

    /// Finds out why the record is gone: the session was deleted, or another request gave it a new key.
    async fn lost(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<Saved> {
        let mut saved = Saved::Interrupted;
        if let Some(stored) = session.stored()
            && self.find_moved(store, &stored.key).await?.is_some()
        {
            saved = Saved::Superseded;
        }
        session.set_origin(SessionOrigin::Unknown(None));
        Ok(saved)
    }

    /// Puts the fresh data under the session and replays its log on them. Returns false if the session is
    /// gone.
    async fn reload_and_replay(&self, store: &dyn BoxedStore, session: &mut Session) -> Result<bool> {
        let Some(stored) = session.stored() else { return Ok(false) };
        let fresh = store.load(&stored.stored_key, self.policy.clock.now()).await?;
        let Some(record) = fresh else { return Ok(false) };
        let Some(decoded) = self.decode_or_warn(&record.data) else { return Ok(false) };
        session.rebase(record, decoded)?;
        Ok(true)
    }

    fn seal_cookie(&self, session: &mut Session) -> Result<Saved> {
        let saved_at = self.policy.clock.now();
        let text = session.encode(&self.codec, saved_at)?;
        let bytes = self.cookie_name.len() + text.len();
        if bytes > MAX_COOKIE_BYTES {
            return Err(CookieTooLarge { bytes }.into());
        }
        session.set_origin(SessionOrigin::Cookie { text, saved_at });
        Ok(Saved::Stored)
    }
}

/// Whether the stored expiry may stay: changing the indexed column costs several times the write.
///
/// It stays if the new one is at most a minute, and at most 1% of the session's age, later.
fn expiry_is_near(stored: &Record, new: &Record, now: SystemTime) -> bool {
    let (Some(stored), Some(end)) = (stored.expires, new.expires) else { return false };
    let Ok(step) = end.duration_since(stored) else { return false };
    let age = end.duration_since(now).unwrap_or_default();
    step.as_secs() <= 60 && step <= age / 100
}
