//! Keeps SQL of projects from ending the transaction in which it runs.
//!
//! The writer's transaction belongs to several writes, a migration's also to its record. Every connection of
//! `open_writer` has this guard; `group_commit` and the migrations switch it on around a project's SQL.

use std::cell::Cell;

use rusqlite::{
    Connection,
    hooks::{AuthAction, AuthContext, Authorization},
};

thread_local! {
    /// Whether this thread runs SQL that may not contain transaction statements.
    static FORBIDDEN: Cell<bool> = const { Cell::new(false) };
}

/// Makes the connection ask before it prepares a statement. Statements that are prepared already are not
/// asked about: `BEGIN` and `COMMIT` must not come out of the connection's cache.
pub(super) fn install(connection: &Connection) -> rusqlite::Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Transaction { .. } if FORBIDDEN.get() => Authorization::Deny,
        _ => Authorization::Allow,
    }))
}

/// Runs `f` and refuses `BEGIN`, `COMMIT` and `ROLLBACK` in its SQL. Savepoints are allowed.
pub(crate) fn without_transaction_statements<T>(f: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            FORBIDDEN.set(false);
        }
    }
    FORBIDDEN.set(true);
    let _reset = Reset;
    f()
}
