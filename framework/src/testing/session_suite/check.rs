//! One check of the suite, the engine that it runs on, and the macros that checks are written with.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    BoxFuture, Clock, Error, Result,
    sessions::{Saved, Session, SessionEngine},
    settings::Settings,
};

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

/// Lists checks: `checks![Needs::Server; a_function, another]`.
macro_rules! checks {
    ($needs:expr; $($check:ident),+ $(,)?) => {
        [$(super::check::SuiteCheck {
            name: stringify!($check),
            needs: $needs,
            run: |subject| Box::pin($check(subject)),
        }),+]
    };
}

pub(super) use {checks, ensure, ensure_eq};

/// One check of the suite.
pub(super) struct SuiteCheck {
    pub(super) name: &'static str,
    pub(super) needs: Needs,
    pub(super) run: for<'a> fn(&'a Subject) -> BoxFuture<'a, Result<()>>,
}

/// The promise of an engine that a check depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// Sessions are on the server: they can be revoked, listed and swapped.
    Server,
    /// Ended sessions stay in the store until they are cleared.
    Clearing,
}

type MakeEngine = Arc<dyn Fn(&Settings, Clock) -> SessionEngine + Send + Sync>;

/// The engine under test, made anew with the settings that a check asks for.
pub(super) struct Subject {
    pub(super) settings: Settings,
    pub(super) make: MakeEngine,
}

impl Subject {
    /// Loads the session as the next request sees it.
    pub(super) async fn reload(engine: &SessionEngine, session: &Session) -> Result<Session> {
        Ok(engine.load(session.cookie_value().unwrap_or_default()).await?)
    }

    /// Stores a new session with these values.
    pub(super) async fn stored(engine: &SessionEngine, values: Value) -> Result<Session> {
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

    /// Makes the engine with the settings as given, on its own clock.
    pub(super) fn engine(&self) -> SessionEngine {
        self.engine_with(|_| {}).0
    }

    /// Makes the engine with changed settings, and returns its clock too.
    pub(super) fn engine_with(&self, change: impl FnOnce(&mut Settings)) -> (SessionEngine, Clock) {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let clock = Clock::system();
        ((self.make)(&settings, clock.clone()), clock)
    }
}
