//! The checks that every session engine must pass; third-party engines can run them too.
//!
//! They cover Django's session tests (tests/sessions_tests/tests.py) by meaning, and the promises of Nuages
//! beyond them: no update is lost, no deleted session comes back. Each check makes its own sessions, so the
//! store may hold others.

mod check;
mod concurrency;
mod dictionary;
mod expiry;
mod housekeeping;
mod keys;
mod persistence;
mod report;

use std::sync::Arc;

use self::check::{Needs, Subject, SuiteCheck};
use crate::{Clock, sessions::SessionEngine, settings::Settings};

pub use self::report::{CheckOutcome, SuiteReport};

/// Runs every check on the engine that `make` makes, and reports the outcome of each.
///
/// Each check calls `make` with its own settings and clock. Engines made with the same settings must see the
/// same sessions, as two processes of one site do.
///
/// # Examples
///
/// ```
/// use nuages::{sessions::SessionEngine, settings::Settings, testing::session_store_suite};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let folder = std::env::temp_dir().join(format!("nuages-suite-{}", std::process::id()));
/// std::fs::create_dir_all(&folder).unwrap();
/// let text = "SECRET_KEY = 'not a secret'\nDEBUG = true\nSESSION_ENGINE = 'signed_cookies'\n";
/// let settings = Settings::from_toml(text, &folder).unwrap();
/// let report = session_store_suite(&settings, |settings, clock| {
///     SessionEngine::from_settings_with_clock(settings, clock).unwrap()
/// })
/// .await;
/// report.assert_passed();
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # }
/// ```
pub async fn session_store_suite<F>(settings: &Settings, make: F) -> SuiteReport
where
    F: Fn(&Settings, Clock) -> SessionEngine + Send + Sync + 'static,
{
    let subject = Arc::new(Subject { settings: settings.clone(), make: Arc::new(make) });
    let engine = subject.engine();
    let promises = engine.promises();
    let mut report = SuiteReport::new(engine.name());
    let all = [
        dictionary::CHECKS.as_slice(),
        keys::CHECKS.as_slice(),
        persistence::CHECKS.as_slice(),
        persistence::SERVER_CHECKS.as_slice(),
        expiry::CHECKS.as_slice(),
        expiry::SERVER_CHECKS.as_slice(),
        concurrency::CHECKS.as_slice(),
        housekeeping::CHECKS.as_slice(),
        housekeeping::CLEARING_CHECKS.as_slice(),
    ];
    for check in all.into_iter().flatten() {
        let applies = match check.needs {
            Needs::Nothing => true,
            Needs::Server => promises.revocable,
            Needs::Clearing => promises.revocable && !promises.self_clearing,
        };
        let outcome = if applies { run(check, subject.clone()).await } else { CheckOutcome::DoesNotApply };
        report.add(check.name, outcome);
    }
    report
}

/// Runs one check in its own task: a panic fails the check, not the suite.
async fn run(check: &'static SuiteCheck, subject: Arc<Subject>) -> CheckOutcome {
    let task = tokio::spawn(async move { (check.run)(&subject).await });
    match task.await {
        Ok(Ok(())) => CheckOutcome::Passed,
        Ok(Err(error)) => CheckOutcome::Failed(error.chain().join(": ")),
        Err(panic) => CheckOutcome::Failed(panic.to_string()),
    }
}
