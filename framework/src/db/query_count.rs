//! Counts the queries that a future makes, and how long they take. The development server shows both for each
//! request.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

tokio::task_local! {
    static TALLY: Arc<Tally>;
}

#[derive(Debug, Default)]
struct Tally {
    queries: AtomicU64,
    nanoseconds: AtomicU64,
}

/// How many queries were made, and how long they took together. Made by [`count_queries`].
///
/// # Examples
///
/// ```
/// let none = nuages::db::QueryCount::default();
/// assert_eq!((none.queries, none.time.as_nanos()), (0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryCount {
    /// For SQLite, each call of [`Sqlite::read`](super::Sqlite::read) or [`Sqlite::write`](super::Sqlite::write)
    /// counts as one. For PostgreSQL, each statement does, `BEGIN` and `COMMIT` too.
    pub queries: u64,
    /// The time that the future waited for them.
    pub time: Duration,
}

/// Runs a future and counts its queries. Those of tasks that it spawns are not counted.
///
/// # Examples
///
/// ```
/// # async fn example(sqlite: nuages::db::Sqlite) -> Result<(), nuages::db::DbError> {
/// let work = sqlite.read(|db| db.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)));
/// let (result, count) = nuages::db::count_queries(work).await;
/// assert_eq!((result?, count.queries), (1, 1));
/// # Ok(())
/// # }
/// ```
pub async fn count_queries<F: Future>(future: F) -> (F::Output, QueryCount) {
    let tally = Arc::new(Tally::default());
    let output = TALLY.scope(Arc::clone(&tally), future).await;
    let time = Duration::from_nanos(tally.nanoseconds.load(Ordering::Relaxed));
    (output, QueryCount { queries: tally.queries.load(Ordering::Relaxed), time })
}

/// Measures one query until it is dropped.
#[must_use = "it measures until it is dropped"]
pub(super) struct QueryTimer {
    tally: Arc<Tally>,
    begun: Instant,
}

impl QueryTimer {
    /// Returns a timer if [`count_queries`] runs this future.
    pub(super) fn start() -> Option<Self> {
        let tally = TALLY.try_with(Arc::clone).ok()?;
        Some(Self { tally, begun: Instant::now() })
    }
}

impl Drop for QueryTimer {
    fn drop(&mut self) {
        let nanoseconds = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.tally.queries.fetch_add(1, Ordering::Relaxed);
        self.tally.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}
