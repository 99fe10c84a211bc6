//! The time that one load, save or deletion of a session may take, waiting for other requests included.
//!
//! Databases and caches have limits of their own, which are shorter. This one holds for every store, also for one
//! that hangs, and for the requests that wait behind it.

use std::time::Duration;

use crate::{error::Unavailable, sessions::store::StoreError, settings::Settings};

/// The time beyond the longest `OPTIONS.timeout` of the databases.
const MARGIN: Duration = Duration::from_secs(5);

/// Returns the limit: five seconds more than a database may take by its own settings.
pub(super) fn limit(settings: &Settings) -> Duration {
    let longest = settings.databases.values().map(|database| database.timeout).max();
    longest.unwrap_or_default() + MARGIN
}

/// Runs `work`, and fails with [`Unavailable`] if it takes longer than `limit`. `action` is a verb.
pub(super) async fn within<T, E: From<StoreError>>(
    limit: Duration,
    action: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => {
            let late =
                Unavailable::new(format!("the session store, which gave no answer within {limit:?},"), None);
            Err(StoreError::new(action, late).into())
        }
    }
}
