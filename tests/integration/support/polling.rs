//! Waiting for another process, another task or a real socket: as long as it takes, within a limit.
//!
//! Time itself is never waited for: tests move the application's clock.

use std::time::{Duration, Instant};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs `attempt` until it returns something, and returns that and how long it took.
///
/// # Panics
///
/// After `within`.
pub async fn eventually<T>(within: Duration, mut attempt: impl AsyncFnMut() -> Option<T>) -> (T, Duration) {
    let begin = Instant::now();
    loop {
        if let Some(value) = attempt().await {
            return (value, begin.elapsed());
        }
        assert!(begin.elapsed() < within, "not within {within:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until `condition` holds.
///
/// # Panics
///
/// After `within`.
pub async fn until(within: Duration, mut condition: impl AsyncFnMut() -> bool) {
    eventually(within, async || condition().await.then_some(())).await;
}
