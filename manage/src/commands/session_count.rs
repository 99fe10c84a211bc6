//! How many sessions are stored, for a question or a progress bar.

use nuages::sessions::SessionEngine;

/// Counts the stored sessions. `None` where the store cannot count them, and where it fails: a command does
/// its work without the number, and reports a store that fails then, too.
pub(super) async fn session_count(engine: &SessionEngine) -> Option<u64> {
    engine.count().await.unwrap_or_else(|error| {
        tracing::debug!(target: "nuages.manage", "the sessions cannot be counted: {error}");
        None
    })
}
