//! Classifies SQLite's error codes (sqlite.org/rescode.html).
//!
//! The readers, the writer and `DbError` ask here; nothing here opens a file or runs a statement.

use rusqlite::ErrorCode;

/// The kind of access that failed: a read-only file makes writes fail for now, but not reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Whether another connection holds a lock.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether the connection should be replaced by a new one.
pub(super) fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}

/// Whether the file may be readable, but the shared memory of a WAL database cannot be created.
pub(super) fn cannot_share(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Whether the error may pass by itself, so that the visitor gets a 503.
pub(super) fn is_unavailable(error: &rusqlite::Error, access: Access) -> bool {
    match error.sqlite_error() {
        // Without an extended code, a statement that writes was given to `read`: a mistake in the program.
        Some(failure) if failure.code == ErrorCode::ReadOnly => {
            access == Access::Write || failure.extended_code != rusqlite::ffi::SQLITE_READONLY
        }
        Some(failure) => matches!(
            failure.code,
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
        ),
        None => false,
    }
}
