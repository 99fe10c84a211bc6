//! Begins transactions that write, waiting for other processes.

use std::{
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::failure::is_busy;

/// The pause between two attempts to begin while another process holds the lock.
const LOCK_POLL: Duration = Duration::from_millis(1);

/// Begins a transaction, waiting until `deadline` for other processes. SQLite's own busy handler tries
/// every 100 ms in the end, which is too rare beside a process that writes often.
pub(crate) fn begin_until(connection: &Connection, deadline: Instant) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    loop {
        match connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([])) {
            Err(error) if is_busy(&error) && Instant::now() < deadline => thread::sleep(LOCK_POLL),
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    // Without WAL, COMMIT waits for readers.
    connection.busy_timeout(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)))
}
