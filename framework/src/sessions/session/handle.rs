//! A session lent out while its request is answered elsewhere: in a template, in a service that is no view.
//!
//! Those hold values for as long as they like, so they cannot borrow `request.session`. The session
//! moves into a shared place and moves back when the loan ends, also where the work panicked.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};

use super::Session;
use crate::Result;

/// A handle on the session of the request being answered, for services that are no Nuages views: it is
/// among the request's extensions below `nuages::tower::SessionLayer` and below `App::mount`.
///
/// Clones share one session. No I/O happens through a handle: the session was loaded before the service
/// was called, and is saved once it has returned its response. While the body of that response is being
/// sent, the session has been saved already and the handle finds an empty one, which goes nowhere.
///
/// # Examples
///
/// ```
/// use nuages::sessions::SessionHandle;
/// use serde_json::json;
///
/// # fn main() -> nuages::Result<()> {
/// # let handle = SessionHandle::default();
/// handle.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
/// assert_eq!(handle.get::<u64>("visits")?, Some(1));
///
/// let mut session = handle.lock(); // all methods of `Session`
/// session["last"]["page"] = json!("/");
/// assert_eq!(session.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct SessionHandle(Arc<Mutex<Session>>);

impl SessionHandle {
    /// The session itself, with all its methods.
    ///
    /// Other holders of the handle wait meanwhile, and a thread that asks twice waits for ever: let go
    /// of the guard before the next call. Never hold it across an `.await`; since the guard cannot move
    /// to another thread, a handler that does is mostly refused by the compiler.
    pub fn lock(&self) -> MutexGuard<'_, Session> {
        // A panic under the guard leaves a session whose values are whole; its request ends in a 500.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the session, without a guard to let go of.
    pub fn with<R>(&self, f: impl FnOnce(&mut Session) -> R) -> R {
        f(&mut self.lock())
    }

    /// As [`Session::get`].
    ///
    /// # Errors
    ///
    /// Where the stored value is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.lock().get(key)
    }

    /// As [`Session::insert`].
    ///
    /// # Errors
    ///
    /// Where the value has no JSON form.
    pub fn insert(&self, key: impl Into<String>, value: impl Serialize) -> Result<()> {
        self.lock().insert(key, value)
    }

    /// As [`Session::remove`].
    ///
    /// # Errors
    ///
    /// Where the stored value is of another type; it is then left in place.
    pub fn remove<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.lock().remove(key)
    }

    /// As [`Session::update`]: atomic, and run again if another request changed the session meanwhile.
    ///
    /// # Errors
    ///
    /// Where the stored value is not a `T` or the new one has no JSON form.
    pub fn update<T, U, F>(&self, key: impl Into<String>, f: F) -> Result<()>
    where
        T: DeserializeOwned,
        U: Serialize,
        F: Fn(Option<T>) -> U + Send + Sync + 'static,
    {
        self.lock().update(key, f)
    }

    /// As [`Session::flush`]: what logging out is.
    pub fn flush(&self) {
        self.lock().flush();
    }

    /// As [`Session::cycle_key`]: to be called at login.
    pub fn cycle_key(&self) {
        self.lock().cycle_key();
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHandle")
    }
}

/// The time for which a session is lent; it goes home when this is dropped.
pub(crate) struct Loan<'a> {
    home: &'a mut Session,
    shared: SessionHandle,
}

impl<'a> Loan<'a> {
    pub(crate) fn new(home: &'a mut Session) -> Self {
        let shared = SessionHandle(Arc::new(Mutex::new(std::mem::take(home))));
        Self { home, shared }
    }

    pub(crate) fn handle(&self) -> SessionHandle {
        self.shared.clone()
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        *self.home = self.shared.with(std::mem::take);
    }
}
