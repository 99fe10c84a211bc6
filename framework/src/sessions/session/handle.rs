//! A session that is lent to a template, or to a Tower service that is not a Nuages view.
//!
//! Both may keep values for any time, so they cannot borrow `request.session`. The session moves into a
//! shared handle, and moves back when the loan ends, even after a panic.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};

use super::Session;
use crate::Result;

/// A handle on the current request's session, for services that are not Nuages views.
///
/// `nuages::tower::SessionLayer` and `App::mount` put it into the request's extensions. Clones share one
/// session. No I/O happens through a handle: the session is loaded before the service is called, and saved
/// once the service has returned its response. While the body of that response is being sent, the session
/// has been saved already: the handle then shows an empty session, and changes to it are lost.
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
/// session[["last", "page"]] = json!("/");
/// assert_eq!(session.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct SessionHandle(Arc<Mutex<Session>>);

impl SessionHandle {
    /// Locks the session and gives access to all its methods.
    ///
    /// Other holders of the handle wait while the guard is held, and a thread that locks twice waits for
    /// ever: drop the guard before the next call. Never hold it across an `.await`. The compiler rejects most
    /// handlers that do, because the guard cannot move to another thread.
    pub fn lock(&self) -> MutexGuard<'_, Session> {
        // After a panic under the guard the values are still consistent, and the request ends in a 500.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the session in a closure, without a guard.
    pub fn with<R>(&self, f: impl FnOnce(&mut Session) -> R) -> R {
        f(&mut self.lock())
    }

    /// As [`Session::get`].
    ///
    /// # Errors
    ///
    /// Fails if the stored value is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.lock().get(key)
    }

    /// As [`Session::insert`].
    ///
    /// # Errors
    ///
    /// Fails if the value has no JSON form.
    pub fn insert(&self, key: impl Into<String>, value: impl Serialize) -> Result<()> {
        self.lock().insert(key, value)
    }

    /// As [`Session::remove`].
    ///
    /// # Errors
    ///
    /// Fails if the stored value is of another type. The value then stays.
    pub fn remove<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.lock().remove(key)
    }

    /// As [`Session::update`]: atomic, and run again if another request has changed the session in between.
    ///
    /// # Errors
    ///
    /// Fails if the stored value is not a `T`, or the new one has no JSON form.
    pub fn update<T, U, F>(&self, key: impl Into<String>, f: F) -> Result<()>
    where
        T: DeserializeOwned,
        U: Serialize,
        F: Fn(Option<T>) -> U + Send + Sync + 'static,
    {
        self.lock().update(key, f)
    }

    /// As [`Session::flush`]. Call it to log a visitor out.
    pub fn flush(&self) {
        self.lock().flush();
    }

    /// As [`Session::cycle_key`]. Call it at login.
    pub fn cycle_key(&self) {
        self.lock().cycle_key();
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHandle")
    }
}

/// Lends a session. The session returns when this is dropped.
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
