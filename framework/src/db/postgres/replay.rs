//! Runs statements and transactions again after conflicts that PostgreSQL reports.
//!
//! Conflicts are serialization failures and deadlocks (PostgreSQL manual, section 13.5), and statements that
//! were prepared before a table changed. In all of them nothing was done.

use std::{error::Error as _, time::Duration};

use tokio::time;
use tokio_postgres::{Error, error::SqlState, types::WrongType};

/// The number of attempts after conflicts.
const MAX_ATTEMPTS: u32 = 10;

/// Whether work may run again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    /// Another transaction was in the way.
    Conflict,
    /// A prepared statement cannot be used any more.
    Stale,
}

impl Replay {
    /// The reason to run work again after this error, if there is one.
    pub(super) fn after(error: &Error, behind_pooler: bool) -> Option<Self> {
        // Parameters of other types than those that were learned: a table may have changed since.
        if error.source().is_some_and(|source| source.is::<WrongType>()) {
            return Some(Self::Stale);
        }
        let code = error.code()?;
        if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
            return Some(Self::Conflict);
        }
        // "cached plan must not change result type"
        let stale = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME].contains(code);
        // An operator that does not exist for those types.
        let mistyped = [SqlState::DATATYPE_MISMATCH, SqlState::UNDEFINED_FUNCTION].contains(code);
        (stale || behind_pooler && mistyped).then_some(Self::Stale)
    }
}

/// Counts attempts and pauses between them.
#[derive(Default)]
pub(super) struct Attempts {
    conflicts: u32,
    was_stale: bool,
    /// The error of the last attempt.
    pub(super) last: Option<Error>,
}

impl Attempts {
    /// Waits before the next attempt. Returns false where there should be none.
    pub(super) async fn again(&mut self, reason: Replay) -> bool {
        match reason {
            Replay::Stale => !std::mem::replace(&mut self.was_stale, true),
            Replay::Conflict => {
                self.conflicts += 1;
                if self.conflicts >= MAX_ATTEMPTS {
                    return false;
                }
                // A random pause, so that two transactions do not meet again and again.
                let most = 1_u32 << self.conflicts.min(6);
                let random = getrandom::u32().unwrap_or_default();
                time::sleep(Duration::from_millis(u64::from(random % most + 1))).await;
                true
            }
        }
    }
}
