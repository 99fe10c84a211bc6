//! One suite for every session engine, public so that third-party engines can run it too.
//!
//! It covers Django's own session tests by meaning (tests/sessions_tests/tests.py) and what Nuages
//! promises beyond them: no lost updates, no resurrection. Each check uses sessions of its own, so it may
//! run on a store that holds others.

mod concurrency;
mod dictionary;
mod expiry;
mod housekeeping;
mod keys;
mod persistence;
mod report;

use std::sync::Arc;

use serde_json::Value;

use crate::{
    BoxFuture, Clock, Error, Result,
    sessions::{Saved, Session, SessionEngine},
    settings::Settings,
};

pub use report::{Outcome, SuiteReport};

/// A condition that must hold for a check to pass.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::Error::new(format!($($message)+)));
        }
    };
}

/// Two values that must be equal for a check to pass.
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($message:tt)+) => {
        match (&$left, &$right) {
            (left, right) => {
                if left != right {
                    let message = format!($($message)+);
                    return Err($crate::Error::new(format!("{message}: expected {right:?}, found {left:?}")));
                }
            }
        }
    };
}

pub(super) use {ensure, ensure_eq};

type Run = for<'a> fn(&'a Subject) -> BoxFuture<'a, Result<()>>;

/// One check of the suite.
struct Check {
    name: &'static str,
    needs: Needs,
    run: Run,
}

/// What an engine must promise for a check to make sense.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Sessions live on the server: they can be revoked, listed, swapped.
    Server,
    /// Ended sessions lie about until they are cleared.
    Clearing,
}

/// Lists checks: `checks![Needs::Server; a_function, another]`.
macro_rules! checks {
    ($needs:expr; $($check:ident),+ $(,)?) => {
        [$(super::Check { name: stringify!($check), needs: $needs, run: |subject| Box::pin($check(subject)) }),+]
    };
}

pub(super) use checks;

type Make = Arc<dyn Fn(&Settings, Clock) -> SessionEngine + Send + Sync>;

/// The engine under test, made anew with the settings that a check asks for.
pub(super) struct Subject {
    settings: Settings,
    make: Make,
}

impl Subject {
    /// The session as the next request would see it.
    async fn reload(engine: &SessionEngine, session: &Session) -> Result<Session> {
        Ok(engine.load(session.cookie_value().unwrap_or_default()).await?)
    }

    /// A stored session with these values.
    async fn stored(engine: &SessionEngine, values: Value) -> Result<Session> {
        let mut session = engine.new_session();
        for (key, value) in values.as_object().into_iter().flatten() {
            session.insert(key, value)?;
        }
        session.set_modified(true);
        match engine.save(&mut session).await? {
            Saved::Stored => Ok(session),
            other => Err(Error::new(format!("a new session was not stored but {other:?}"))),
        }
    }

    /// The engine with the settings as given, on a clock of its own.
    fn engine(&self) -> SessionEngine {
        self.engine_with(|_| {}).0
    }

    /// The engine with changed settings, and its clock.
    fn engine_with(&self, change: impl FnOnce(&mut Settings)) -> (SessionEngine, Clock) {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let clock = Clock::system();
        ((self.make)(&settings, clock.clone()), clock)
    }
}

/// Runs every check on the engine that `make` makes, and reports how each ended.
///
/// `make` is called for each check, with settings and a clock that the check may change; engines made
/// with the same settings must see the same sessions, as two processes of one site would.
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
        let outcome = if applies { run(check, subject.clone()).await } else { Outcome::DoesNotApply };
        report.add(check.name, outcome);
    }
    report
}

/// Runs one check in a task of its own: a panic fails the check, not the suite.
async fn run(check: &'static Check, subject: Arc<Subject>) -> Outcome {
    let task = tokio::spawn(async move { (check.run)(&subject).await });
    match task.await {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(error)) => Outcome::Failed(error.chain().join(": ")),
        Err(panic) => Outcome::Failed(panic.to_string()),
    }
}
