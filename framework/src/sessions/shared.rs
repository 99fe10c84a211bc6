//! A session lent out while its request is answered elsewhere: in a template, in a mounted service.
//!
//! Those hold values for as long as they like, so they cannot borrow `request.session`. The session
//! moves into a shared place and moves back when the loan ends, also where the work panicked.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::Session;

/// A handle on the session of the request being answered; among the request extensions of a service
/// that is mounted with `App::mount`.
///
/// What is done through it counts until the service has returned its response; while the body of that
/// response is being sent, the session has been saved already and the handle finds an empty one.
#[derive(Clone, Default)]
pub struct SharedSession(Arc<Mutex<Session>>);

impl SharedSession {
    /// Reads or changes the session. No I/O happens, as with `request.session`.
    pub fn with<R>(&self, f: impl FnOnce(&mut Session) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for SharedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSession")
    }
}

/// The time for which a session is lent; it goes home when this is dropped.
pub(crate) struct Loan<'a> {
    home: &'a mut Session,
    shared: SharedSession,
}

impl<'a> Loan<'a> {
    pub(crate) fn new(home: &'a mut Session) -> Self {
        let shared = SharedSession(Arc::new(Mutex::new(std::mem::take(home))));
        Self { home, shared }
    }

    pub(crate) fn handle(&self) -> SharedSession {
        self.shared.clone()
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        *self.home = self.shared.with(std::mem::take);
    }
}
