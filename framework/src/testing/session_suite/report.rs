//! How the suite ended, check by check.

use std::fmt;

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not; why.
    Failed(String),
    /// The engine does not promise what the check is about (a cookie cannot be revoked).
    DoesNotApply,
}

/// How the suite ended for one engine. `Display` prints a line a check.
#[derive(Clone, Debug)]
pub struct SuiteReport {
    engine: String,
    checks: Vec<(&'static str, Outcome)>,
}

impl SuiteReport {
    pub(super) fn new(engine: &str) -> Self {
        Self { engine: engine.to_owned(), checks: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &'static str, outcome: Outcome) {
        self.checks.push((name, outcome));
    }

    /// The engine's name.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// Every check and how it ended, in the suite's order.
    pub fn checks(&self) -> impl Iterator<Item = (&'static str, &Outcome)> {
        self.checks.iter().map(|(name, outcome)| (*name, outcome))
    }

    /// Panics with every failure, for use in a test.
    ///
    /// # Panics
    ///
    /// Where a check failed, or none ran.
    pub fn assert_passed(&self) {
        let passed = self.checks.iter().filter(|(_, outcome)| *outcome == Outcome::Passed).count();
        assert!(passed > 0, "no check ran on {}", self.engine);
        let failed = self.checks.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_)));
        assert!(!failed, "{self}");
    }
}

impl fmt::Display for SuiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in &self.checks {
            let word = match outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed(why) => format!("FAILED: {why}"),
                Outcome::DoesNotApply => "-".to_owned(),
            };
            writeln!(f, "{:<14} {name:<66} {word}", self.engine)?;
        }
        Ok(())
    }
}
