//! The report of the suite, check by check.

use std::fmt;

/// The outcome of one check.
///
/// # Examples
///
/// ```
/// use nuages::testing::{CheckOutcome, SuiteReport};
///
/// /// The checks that failed, with the reason of each.
/// fn failures(report: &SuiteReport) -> Vec<String> {
///     let failed = report.checks().filter_map(|(name, outcome)| match outcome {
///         CheckOutcome::Failed(reason) => Some(format!("{name}: {reason}")),
///         _ => None,
///     });
///     failed.collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// The engine passed the check.
    Passed,
    /// The engine failed the check, for this reason.
    Failed(String),
    /// The check does not apply to the engine: the server cannot revoke a cookie, for example.
    DoesNotApply,
}

/// The report of the suite for one engine. `Display` prints one line for each check.
///
/// # Examples
///
/// ```no_run
/// # async fn run(settings: &nuages::settings::Settings) {
/// use nuages::{sessions::SessionEngine, testing::session_store_suite};
///
/// let report = session_store_suite(settings, |settings, clock| {
///     SessionEngine::from_settings_with_clock(settings, clock).expect("the settings are right")
/// })
/// .await;
/// print!("{report}");
/// report.assert_passed();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SuiteReport {
    engine: String,
    checks: Vec<(&'static str, CheckOutcome)>,
}

impl SuiteReport {
    pub(super) fn new(engine: &str) -> Self {
        Self { engine: engine.to_owned(), checks: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &'static str, outcome: CheckOutcome) {
        self.checks.push((name, outcome));
    }

    /// Returns the engine's name.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// Returns every check with its outcome, in the suite's order.
    pub fn checks(&self) -> impl Iterator<Item = (&'static str, &CheckOutcome)> {
        self.checks.iter().map(|(name, outcome)| (*name, outcome))
    }

    /// Panics where a check failed, with the whole report. For use in a test.
    ///
    /// # Panics
    ///
    /// Where a check failed, or none ran.
    pub fn assert_passed(&self) {
        let passed = self.checks.iter().filter(|(_, outcome)| *outcome == CheckOutcome::Passed).count();
        assert!(passed > 0, "no check ran on {}", self.engine);
        let failed = self.checks.iter().any(|(_, outcome)| matches!(outcome, CheckOutcome::Failed(_)));
        assert!(!failed, "{self}");
    }
}

impl fmt::Display for SuiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in &self.checks {
            let word = match outcome {
                CheckOutcome::Passed => "ok".to_owned(),
                CheckOutcome::Failed(reason) => format!("FAILED: {reason}"),
                CheckOutcome::DoesNotApply => "-".to_owned(),
            };
            writeln!(f, "{:<14} {name:<66} {word}", self.engine)?;
        }
        Ok(())
    }
}
