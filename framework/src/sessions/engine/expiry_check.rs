//! Finds stored sessions whose expiry does not fit `USE_TZ` and `TIME_ZONE`, for `manage check`.
//!
//! A session's data contain the moment of its last save, in UTC, so the expiry that it should have is known.
//! A difference of whole quarters of an hour, as between two time zones, shows that another site writes
//! `expire_date` in another zone. Nothing is changed here.

use std::time::{Duration, SystemTime};

use super::{SessionEngine, SessionInfo};
use crate::sessions::{
    session::{EXPIRY_KEY, ExpiryPolicy},
    store::StoreError,
};

const QUARTER: u64 = 900;
/// The greatest offset of a zone, in seconds.
const GREATEST: u64 = 14 * 3600;
/// A save takes at most this many seconds.
const TOLERANCE: u64 = 5;

/// Stored sessions that end too early or too late.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{ExpiryMismatch, SessionEngine};
///
/// async fn report(engine: &SessionEngine) -> nuages::Result<()> {
///     if let Some(ExpiryMismatch { sessions, seconds, .. }) = engine.expiry_mismatch().await? {
///         println!("{sessions} sessions expire {seconds} seconds later than they should");
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpiryMismatch {
    /// The number of sessions with the same difference.
    pub sessions: usize,
    /// The number of sessions that were examined.
    pub examined: usize,
    /// How much later they expire than they should, in seconds; negative if they expire earlier.
    pub seconds: i64,
}

impl SessionEngine {
    /// Examines up to 1,000 stored sessions, and returns the most frequent difference between the expiry that
    /// is stored and the one that follows from the last save, if it looks like that of two time zones.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn expiry_mismatch(&self) -> Result<Option<ExpiryMismatch>, StoreError> {
        let (page, _) = self.list(None).await?;
        let differences: Vec<i64> = page.iter().filter_map(|info| difference(&self.0.policy, info)).collect();
        let mut odd: Vec<i64> = differences.iter().copied().filter(|seconds| *seconds != 0).collect();
        odd.sort_unstable();
        let most = odd.chunk_by(|a, b| a == b).max_by_key(|same| same.len());
        Ok(most.map(|same| ExpiryMismatch {
            sessions: same.len(),
            examined: differences.len(),
            seconds: same[0],
        }))
    }
}

/// The seconds between the expiry that the session should have and the one that it has, if both are known:
/// whole quarters of an hour, or 0 if it is no difference of zones.
fn difference(policy: &ExpiryPolicy, info: &SessionInfo) -> Option<i64> {
    let (data, saved_at) = (info.data.as_ref()?, info.saved_at?);
    if data.get(EXPIRY_KEY).is_some_and(|expiry| expiry.is_string()) {
        return None;
    }
    let expected = policy.ends(data, info.created_at, saved_at);
    let (later, apart) = apart(expected, info.expires);
    let seconds = apart.as_secs() + TOLERANCE;
    let (quarters, rest) = (seconds / QUARTER, seconds % QUARTER);
    if rest > 2 * TOLERANCE || quarters * QUARTER > GREATEST {
        return Some(0);
    }
    let seconds = i64::try_from(quarters * QUARTER).unwrap_or_default();
    Some(if later { seconds } else { -seconds })
}

/// Whether `found` is later than `expected`, and by how much it differs.
fn apart(expected: SystemTime, found: SystemTime) -> (bool, Duration) {
    match found.duration_since(expected) {
        Ok(later) => (true, later),
        Err(earlier) => (false, earlier.duration()),
    }
}
