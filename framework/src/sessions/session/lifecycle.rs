//! The methods by which the engine fills a session, saves it and looks into it.
//!
//! Only `sessions/` can call them. They keep the session's fields consistent with one another.

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use serde_json::{Map, Value};

use super::{
    Session,
    expiry::{CREATED_KEY, ExpiryPolicy},
    key::SessionKey,
    origin::{SessionOrigin, StoredOrigin},
};
use crate::{
    Result, clock,
    sessions::{
        codec::{Codec, Decoded, EncodeError},
        store::Record,
    },
};

impl Session {
    pub(in crate::sessions) fn with_policy(policy: Arc<ExpiryPolicy>, origin: SessionOrigin) -> Self {
        Self { policy, origin, ..Self::default() }
    }

    /// Takes over decoded data. The log, the flags and the origin stay.
    pub(in crate::sessions) fn fill(&mut self, decoded: Decoded) {
        self.data = decoded.data;
        self.big_integers = decoded.big_integers;
        if self.policy.is_damaged(&self.data) {
            tracing::warn!(
                target: "nuages.sessions",
                "_session_expiry is neither a number of seconds nor an ISO 8601 moment: the default expiry applies"
            );
        }
        let created = self.data.shift_remove(CREATED_KEY);
        let created = created.and_then(|seconds| seconds.as_i64()).map(clock::from_unix);
        // A session made before SESSION_ABSOLUTE_AGE was set counts from its last change.
        let fallback = self.policy.absolute_age.map(|_| decoded.saved_at);
        self.created = created.or(fallback);
    }

    /// Takes over the data that another request stored, and replays this request's changes on them.
    pub(in crate::sessions) fn rebase(&mut self, record: Record, decoded: Decoded) -> Result<()> {
        if let SessionOrigin::Stored(stored) = &mut self.origin {
            stored.record = record;
            stored.saved_at = decoded.saved_at;
        }
        self.fill(decoded);
        self.log.replay(&mut self.data, &mut self.big_integers)
    }

    /// Completes the log before a save, and notes the moment of creation where it counts.
    pub(in crate::sessions) fn prepare_save(&mut self, now: SystemTime) {
        self.settle();
        if self.created.is_none() && self.policy.absolute_age.is_some() {
            self.created = Some(now);
        }
    }

    /// Forgets the changes: they are saved.
    pub(in crate::sessions) fn finish_save(&mut self) {
        self.log.clear();
        self.cycle = false;
        self.modified = false;
    }

    /// The session's text as a store or a cookie keeps it.
    pub(in crate::sessions) fn encode(&self, codec: &Codec, now: SystemTime) -> Result<String, EncodeError> {
        codec.encode(&self.data_to_store(), &self.big_integers, now)
    }

    /// The session's record if it is saved at `now`.
    pub(in crate::sessions) fn record(&self, codec: &Codec, now: SystemTime) -> Result<Record, EncodeError> {
        Ok(Record::new(self.encode(codec, now)?, self.ends(now)))
    }

    /// The data together with the values that only the engine reads.
    fn data_to_store(&self) -> Cow<'_, Map<String, Value>> {
        match self.created {
            None => Cow::Borrowed(&self.data),
            Some(created) => {
                let mut data = self.data.clone();
                data.insert(CREATED_KEY.to_owned(), clock::unix(created).into());
                Cow::Owned(data)
            }
        }
    }

    /// When the session ends if it is saved at `now`.
    pub(in crate::sessions) fn ends(&self, now: SystemTime) -> SystemTime {
        self.policy.ends(&self.data, self.created, now)
    }

    /// Whether `SESSION_ABSOLUTE_AGE` has ended the session.
    pub(in crate::sessions) fn is_too_old(&self, now: SystemTime) -> bool {
        self.policy.absolute_end(self.created).is_some_and(|end| end <= now)
    }

    /// When the session was created, where that is known.
    pub(in crate::sessions) fn created(&self) -> Option<SystemTime> {
        self.created
    }

    /// The session's record in its store, if it has one.
    pub(in crate::sessions) fn stored(&self) -> Option<&StoredOrigin> {
        self.origin.stored()
    }

    /// The key of the cookie, if the store has no session under it.
    pub(in crate::sessions) fn missed(&self) -> Option<&SessionKey> {
        self.origin.missed()
    }

    pub(in crate::sessions) fn set_origin(&mut self, origin: SessionOrigin) {
        self.origin = origin;
    }

    /// Whether the view asked for a new key.
    pub(in crate::sessions) fn wants_new_key(&self) -> bool {
        self.cycle
    }

    /// A key that `flush` gave up and whose record is not deleted yet.
    pub(in crate::sessions) fn next_discarded(&self) -> Option<&SessionKey> {
        self.discarded.last()
    }

    /// Forgets the key of [`Session::next_discarded`]: its record is deleted.
    pub(in crate::sessions) fn finish_discarded(&mut self) {
        self.discarded.pop();
    }

    /// Has the session saved although nothing was changed.
    pub(in crate::sessions) fn require_save(&mut self) {
        self.mark_modified();
    }

    pub(in crate::sessions) fn into_data(self) -> Map<String, Value> {
        self.data
    }
}
