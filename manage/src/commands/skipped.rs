//! Sessions that a command could not read or end. It goes on with the others, and fails at its end.
//!
//! Used by `clearsessions` and `sessions`, whose work on a million sessions must not end at a damaged one.

use nuages::BoxError;

use crate::CommandError;

/// Counts the skipped sessions, and keeps the error of the first.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    count: u64,
    first: Option<BoxError>,
}

impl Skipped {
    /// Counts a session that was skipped because of this error.
    pub(super) fn add(&mut self, error: impl Into<BoxError>) {
        self.count += 1;
        self.first.get_or_insert_with(|| error.into());
    }

    /// Counts sessions whose errors the store has logged.
    pub(super) fn add_logged(&mut self, count: u64) {
        self.count += count;
    }

    /// Returns whether no session was skipped.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Ends the command. `done` is what it does to a session: `read`, `ended`.
    ///
    /// # Errors
    ///
    /// Where a session was skipped: the error says how many were, and why the first one was if that is known.
    pub(super) fn finish(self, done: &str) -> Result<(), CommandError> {
        let message = match self.count {
            0 => return Ok(()),
            1 => format!("1 session could not be {done} and was skipped"),
            count => format!("{count} sessions could not be {done} and were skipped"),
        };
        Err(match self.first {
            None => CommandError::new(message),
            Some(first) if self.count == 1 => CommandError::because(message, first),
            Some(first) => CommandError::because(message + "; the first one", first),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_counts_and_gives_the_first_reason() {
        let mut skipped = Skipped::default();
        skipped.add("it is a folder");
        let text = |skipped: Skipped| skipped.finish("read").expect_err("skipped").with_causes();
        let once = Skipped { count: 1, first: Some("it is a folder".into()) };
        assert_eq!(text(once), "1 session could not be read and was skipped: it is a folder");
        skipped.add("it is a pipe");
        let twice = "2 sessions could not be read and were skipped; the first one: it is a folder";
        assert_eq!(text(skipped), twice);
        let mut logged = Skipped::default();
        logged.add_logged(3);
        assert_eq!(text(logged), "3 sessions could not be read and were skipped");
        assert!(Skipped::default().finish("read").is_ok());
    }
}
