//! Things that happen to the development server.

use super::{build::Outcome, protocol::FromProgram, watch::Change};

/// Something that has happened. The numbers tell builds and programs apart.
pub(super) enum DevEvent {
    /// Files have changed.
    Changed(Change),
    /// A build has finished.
    Built(u64, Box<Outcome>),
    /// A program says something.
    Program(u64, FromProgram),
    /// A program has ended, with this exit status.
    Ended(u64, String),
    /// The command of a page has finished; the error is its output.
    Migrated(Result<(), String>),
}
