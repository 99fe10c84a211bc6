//! Queues for the saves that lost a swap: they take turns instead of racing on, each until its deadline.

use std::time::Duration;

use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use crate::sessions::stripe::stripe;

/// The time that one save may take, waiting for others included.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queues of all sessions. Sessions are spread over them by key.
pub(super) struct SaveQueues([Mutex<()>; 64]);

/// The moment by which a save ends.
#[derive(Clone, Copy)]
pub(super) struct SaveDeadline(Instant);

impl SaveDeadline {
    /// The deadline of a save that begins now.
    pub(super) fn new() -> Self {
        Self(Instant::now() + PATIENCE)
    }

    pub(super) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }
}

impl SaveQueues {
    pub(super) const fn new() -> Self {
        Self([const { Mutex::const_new(()) }; 64])
    }

    /// Waits until the saves before it in the session's queue have ended. `None` if the deadline passes first.
    pub(super) async fn wait(&self, stored_key: &str, deadline: SaveDeadline) -> Option<MutexGuard<'_, ()>> {
        let queue = &self.0[stripe(stored_key, self.0.len())];
        tokio::time::timeout_at(deadline.0, queue.lock()).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn twenty_saves_of_one_session_that_each_take_long_share_one_deadline() {
        let queues = &SaveQueues::new();
        let begun = Instant::now();
        // Their deadlines are near, so that the test is quick.
        let deadline = SaveDeadline(begun + Duration::from_millis(200));
        let save = |_| async move {
            let turn = queues.wait("key", deadline).await;
            tokio::time::sleep(Duration::from_millis(90)).await;
            turn.is_some()
        };
        let mut saves: Vec<_> = (0..20).map(save).map(Box::pin).collect();
        let mut served = 0;
        std::future::poll_fn(|context| {
            saves.retain_mut(|save| match save.as_mut().poll(context) {
                std::task::Poll::Ready(had_a_turn) => {
                    served += u32::from(had_a_turn);
                    false
                }
                std::task::Poll::Pending => true,
            });
            if saves.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        assert!((1..=4).contains(&served), "{served} saves had a turn");
        assert!(begun.elapsed() < Duration::from_millis(1_000), "one after the other would take 1.8 s");
        assert!(deadline.has_passed());
    }
}
