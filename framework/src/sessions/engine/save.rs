//! From a session to its store: compare-and-swap, and replay where another request came first.

use std::time::SystemTime;

use tokio::sync::Mutex;

use super::{
    SessionKey,
    engine::{CookieTooLarge, Engine, MAX_COOKIE_BYTES, RENAMINGS, Saved},
    loading::warn_undecodable,
    session::{Origin, Session, Stored},
    store::{Record, SessionStore, StoreError, Swap},
};
use crate::{Error, Result, error::Unavailable};

/// A swap that loses this often meets a broken store, not busy visitors.
const MAX_SWAPS: u32 = 1_000;

impl Engine {
    pub(super) async fn insert(&self, store: &dyn SessionStore, session: &mut Session) -> Result<Saved> {
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
    pub(super) async fn swap(&self, store: &dyn SessionStore, session: &mut Session) -> Result<Saved> {
        let mut queue = None;
        for _ in 0..MAX_SWAPS {
            let now = self.policy.clock.now();
            let mut record = self.record(session, now);
            let Origin::Stored(stored) = &mut session.origin else {
                return Err(Error::new("only a stored session can be swapped"));
            };
            let new_key = session.cycle.then(|| SessionKey::successor(&stored.stored_key, &self.succession));
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
                        stored.stored_key = self.stored_key(&new_key).into_owned();
                        stored.key = new_key;
                    }
                    stored.text = record.data;
                    stored.expires = record.expires;
                    stored.saved_at = now;
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

    /// The record is gone: deleted, or moved to a new key by another request?
    async fn lost(&self, store: &dyn SessionStore, session: &mut Session) -> Result<Saved> {
        if let Origin::Stored(stored) = std::mem::replace(&mut session.origin, Origin::Unknown) {
            let mut key = stored.stored_key;
            for _ in 0..RENAMINGS {
                key = self.successor(&key);
                if store.exists(&key).await? {
                    return Ok(Saved::Superseded);
                }
            }
        }
        Ok(Saved::Interrupted)
    }

    /// Puts the fresh data under the session and its log on top; false where the session is gone.
    pub(super) async fn reload_and_replay(
        &self,
        store: &dyn SessionStore,
        session: &mut Session,
    ) -> Result<bool> {
        let Origin::Stored(stored) = &mut session.origin else { return Ok(false) };
        let fresh = store.load(&stored.stored_key, self.policy.clock.now()).await?;
        let Some(record) = fresh else { return Ok(false) };
        let decoded = match self.codec.decode(&record.data) {
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

    pub(super) fn record(&self, session: &Session, now: SystemTime) -> Record {
        let data = self.codec.encode(&session.sealed_data(), &session.exact, now);
        Record { data, expires: session.ends(now) }
    }

    /// Whether the stored expiry may stay: moving the indexed column costs several times the write.
    /// It stays while the new one is within a minute and 1% of the session's age of it.
    pub(super) fn expiry_is_near(&self, stored: &Stored, record: &Record, now: SystemTime) -> bool {
        let Ok(step) = record.expires.duration_since(stored.expires) else { return false };
        let age = record.expires.duration_since(now).unwrap_or_default();
        step.as_secs() <= 60 && step <= age / 100
    }

    pub(super) fn queue(&self, stored_key: &str) -> &Mutex<()> {
        let hash = stored_key.bytes().fold(7usize, |hash, byte| hash.wrapping_mul(31) + usize::from(byte));
        &self.queues[hash % self.queues.len()]
    }

    pub(super) fn seal_cookie(&self, session: &mut Session) -> Result<Saved> {
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
